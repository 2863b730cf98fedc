#!/usr/bin/env bash
# Paired benchmarks of the program as it is shipped; needs root for network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
eng/install.sh ip=iproute2 nft=nftables nginx=nginx /usr/lib/nginx/modules/ngx_stream_module.so=libnginx-mod-stream haproxy=haproxy openssl=openssl >&2
dotnet build tests/benchmarks/Ambient.Benchmarks -c Release -v q -nologo -p:RunAnalyzers=false >&2
eng/publish.sh ztunnel >&2
exec artifacts/bin/Ambient.Benchmarks/release/ambient-bench "$@" --ztunnel artifacts/publish/ztunnel/ztunnel
