#!/usr/bin/env bash
# The build that CI trusts: analyzers on, warnings are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build Ambient.sln -v q -nologo
