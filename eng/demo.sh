#!/usr/bin/env bash
# The sandbox's demo; needs root for network namespaces. --keep leaves it running, --down removes it.
set -euo pipefail
cd "$(dirname "$0")/.."
control=artifacts/bin/Ambient.Cli/release/ambientctl
[ "${1:-}" = --down ] && [ -x "$control" ] && exec "$control" sandbox down
eng/install.sh ip=iproute2 ss=iproute2 nft=nftables tcpdump=tcpdump curl=curl nginx=nginx redis-server=redis-server redis-cli=redis-tools \
  psql=postgresql-client /usr/lib/postgresql=postgresql dig=dnsutils /usr/lib/cni/bridge=containernetworking-plugins
for program in ztunnel cni-plugin/agent cni-plugin/plugin control-plane/ambientd waypoint samples/bookshop cli; do
  dotnet build "$program" -c Release -v q -nologo -clp:NoSummary -p:RunAnalyzers=false
done
[ "${1:-}" = --down ] && exec "$control" sandbox down
exec "$control" sandbox demo "$@"
