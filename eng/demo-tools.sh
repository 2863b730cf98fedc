#!/usr/bin/env bash
# Installs what the demo runs, for the demo itself and for the tests that start it.
set -euo pipefail
cd "$(dirname "$0")/.."
exec eng/install.sh ip=iproute2 ss=iproute2 nft=nftables tcpdump=tcpdump curl=curl nginx=nginx redis-server=redis-server redis-cli=redis-tools \
  psql=postgresql-client /usr/lib/postgresql=postgresql dig=dnsutils /usr/lib/cni/bridge=containernetworking-plugins
