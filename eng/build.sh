#!/usr/bin/env bash
# Release binaries, precompiled so that they start fast.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build Ambient.sln -c Release -v q -nologo -p:RunAnalyzers=false
echo "built: artifacts/bin/Ambient.Ztunnel/release/ztunnel"
