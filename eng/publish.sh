#!/usr/bin/env bash
# Publishes programs as they are shipped, to artifacts/publish/<program>: precompiled, trimmed, with their runtime.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ztunnel
for program in "$@"; do
  dotnet publish "$program" -c Release -p:AmbientPublish=true -o "artifacts/publish/$(basename "$program")" -v q -nologo -p:RunAnalyzers=false
done
