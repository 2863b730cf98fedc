#!/usr/bin/env bash
# Publishes programs as they are shipped, to artifacts/publish/<program>: precompiled, trimmed, with their runtime. The CNI plugin, which is started
# for every pod, and the node agent, which is on every node, are compiled ahead of time where the compiler is (AOT_NET, net9.0 by default), else they are as the others (the
# plugin one file); PLUGIN_FORM=trimmed and AGENT_FORM=trimmed choose the latter.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ztunnel cni-plugin/agent cni-plugin/plugin

ahead_of_time() {
  dotnet publish "$1" -c Release -r linux-x64 -p:NetVersion="${AOT_NET:-net9.0}" -p:AmbientAot=true --artifacts-path artifacts/aot -o "$2" -v q -nologo -p:RunAnalyzers=false
}

trimmed() {
  dotnet publish "$1" -c Release -p:AmbientPublish=true --artifacts-path artifacts/shipped -o "$2" -v q -nologo -p:RunAnalyzers=false
}

for program in "$@"; do
  output="artifacts/publish/$(basename "$program")"
  case "$program" in
    */plugin) form="${PLUGIN_FORM:-aot}" ;;
    */agent) form="${AGENT_FORM:-aot}" ;;
    *) form=trimmed ;;
  esac
  # Nothing of another form may stay beside it.
  [ "$form" = trimmed ] || [ ! -e "$output/System.Private.CoreLib.dll" ] || rm -rf "$output"
  if [ "$form" = aot ]; then
    ahead_of_time "$program" "$output" || { echo "no ahead-of-time compiler here: $program is published trimmed" >&2; rm -rf "$output"; trimmed "$program" "$output"; }
  else
    trimmed "$program" "$output"
  fi
done
