#!/usr/bin/env bash
# Paired benchmarks; needs root for network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
eng/install.sh ip=iproute2 nft=nftables nginx=nginx /usr/lib/nginx/modules/ngx_stream_module.so=libnginx-mod-stream haproxy=haproxy openssl=openssl >&2
eng/build.sh >&2
exec artifacts/bin/Ambient.Benchmarks/release/ambient-bench "$@" --ztunnel artifacts/bin/Ambient.Ztunnel/release/ztunnel
