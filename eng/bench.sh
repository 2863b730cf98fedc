#!/usr/bin/env bash
# Paired benchmarks of the program as it is shipped; needs root for network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
eng/install.sh ip=iproute2 nft=nftables nginx=nginx /usr/lib/nginx/modules/ngx_stream_module.so=libnginx-mod-stream haproxy=haproxy openssl=openssl >&2
dotnet build tests/benchmarks/Ambient.Benchmarks -c Release -v q -nologo -p:RunAnalyzers=false >&2
if [ "${1:-}" = control-plane ]; then
  exec artifacts/bin/Ambient.Benchmarks/release/ambient-bench "$@"
fi
eng/publish.sh ztunnel >&2
if [ "${1:-}" = l7 ]; then
  eng/install.sh h2load=nghttp2-client >&2
  eng/publish.sh waypoint >&2
  set -- "$@" --waypoint artifacts/publish/waypoint/waypoint
fi
if [ "${1:-}" = cni ]; then
  eng/install.sh /usr/lib/cni/bridge=containernetworking-plugins >&2
  PLUGIN_FORM=trimmed eng/publish.sh cni-plugin/plugin >&2
  rm -rf artifacts/publish/plugin-trimmed && mv artifacts/publish/plugin artifacts/publish/plugin-trimmed
  eng/publish.sh cni-plugin/agent cni-plugin/plugin >&2
  shift
  exec artifacts/bin/Ambient.Benchmarks/release/ambient-bench cni --plugin artifacts/publish/plugin/ambient-cni --trimmed artifacts/publish/plugin-trimmed/ambient-cni \
    --agent artifacts/publish/agent/ambient-cni-agent --ztunnel artifacts/publish/ztunnel/ztunnel "$@"
fi
exec artifacts/bin/Ambient.Benchmarks/release/ambient-bench "$@" --ztunnel artifacts/publish/ztunnel/ztunnel
