#!/usr/bin/env bash
# Publishes programs as they are shipped, to artifacts/publish/<program>: precompiled, trimmed, with their runtime. The CNI plugin, which is started
# for every pod, and the node agent, which is on every node, are compiled ahead of time where the compiler is (AOT_NET, net9.0 by default), else they are as the others (the
# plugin one file); PLUGIN_FORM=trimmed and AGENT_FORM=trimmed choose the latter. A compiler that is there and fails is an error, never another form.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ztunnel cni-plugin/agent cni-plugin/plugin

aot=(-r linux-x64 "-p:NetVersion=${AOT_NET:-net9.0}" -p:AmbientAot=true --artifacts-path artifacts/aot -v q -nologo)

ahead_of_time() {
  dotnet publish "$1" -c Release "${aot[@]}" -o "$2" -p:RunAnalyzers=false
}

# Whether its packages can be had, and the linker that it calls; says what is missing.
has_compiler() {
  command -v gcc >/dev/null || { echo "gcc is not installed" >&2; return 1; }
  local said
  said="$(dotnet restore "$1" "${aot[@]}" 2>&1)" && return
  # Packages that cannot be had; a project that cannot be read is a mistake.
  grep -oE 'error NU1[13]0[0-9].*' <<<"$said" >&2 || { echo "$said" >&2; exit 1; }
  return 1
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
    if has_compiler "$program"; then
      ahead_of_time "$program" "$output" || { echo "$program could not be compiled ahead of time (above); PLUGIN_FORM=trimmed and AGENT_FORM=trimmed publish without" >&2; exit 1; }
    else
      echo "no ahead-of-time compiler here: $program is published trimmed" >&2
      rm -rf "$output"
      trimmed "$program" "$output"
    fi
  else
    trimmed "$program" "$output"
  fi
done
