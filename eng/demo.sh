#!/usr/bin/env bash
# The sandbox's demo; needs root for network namespaces. --keep leaves it running, --down removes it.
set -euo pipefail
cd "$(dirname "$0")/.."
control=artifacts/bin/Ambient.Cli/release/ambientctl
[ "${1:-}" = --down ] && [ -x "$control" ] && exec "$control" sandbox down
eng/demo-tools.sh
for program in ztunnel cni-plugin/agent cni-plugin/plugin control-plane/ambientd waypoint samples/bookshop cli; do
  dotnet build "$program" -c Release -v q -nologo -clp:NoSummary -p:RunAnalyzers=false
done
[ "${1:-}" = --down ] && exec "$control" sandbox down
exec "$control" sandbox demo "$@"
