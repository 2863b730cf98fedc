#!/usr/bin/env bash
# The sandbox's demo; needs root for network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
eng/install.sh ip=iproute2 nft=nftables tcpdump=tcpdump curl=curl nginx=nginx redis-server=redis-server redis-cli=redis-tools \
  psql=postgresql-client /usr/lib/postgresql=postgresql dig=dnsutils
eng/build.sh >/dev/null
exec artifacts/bin/Ambient.Cli/release/ambientctl sandbox demo "$@"
