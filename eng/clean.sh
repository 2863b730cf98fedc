#!/usr/bin/env bash
# Removes what builds, tests and benchmarks left behind.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf artifacts
for name in $(ip netns list 2>/dev/null | awk '{print $1}' | grep -E '^amb' || true); do
  ip netns delete "$name"
done
