#!/usr/bin/env bash
# Writes docs/conformance.md anew from the tests' behaviour traits.
set -euo pipefail
cd "$(dirname "$0")/.."
AMBIENT_GOLDEN=update dotnet test tests/unit/Ambient.House.Tests -v q --nologo --filter FullyQualifiedName~ConformanceTests
echo "docs/conformance.md written"
