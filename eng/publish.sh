#!/usr/bin/env bash
# Publishes programs as they are shipped, to artifacts/publish/<program>: precompiled, trimmed, with their runtime. The CNI plugin, which is started
# for every pod, is compiled ahead of time where the compiler is (net9.0), else it is one trimmed file; PLUGIN_FORM=trimmed chooses the latter.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ztunnel cni-plugin/agent cni-plugin/plugin

ahead_of_time() {
  dotnet publish "$1" -c Release -r linux-x64 -p:NetVersion=net9.0 -p:AmbientAot=true --artifacts-path artifacts/aot -o "$2" -v q -nologo -p:RunAnalyzers=false
}

trimmed() {
  dotnet publish "$1" -c Release -p:AmbientPublish=true --artifacts-path artifacts/shipped -o "$2" -v q -nologo -p:RunAnalyzers=false
}

for program in "$@"; do
  output="artifacts/publish/$(basename "$program")"
  if [ "$(basename "$program")" = plugin ] && [ "${PLUGIN_FORM:-aot}" = aot ]; then
    ahead_of_time "$program" "$output" || { echo "no ahead-of-time compiler here: $program becomes one trimmed file" >&2; rm -rf "$output"; trimmed "$program" "$output"; }
  else
    trimmed "$program" "$output"
  fi
done
