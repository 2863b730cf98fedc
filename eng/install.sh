#!/usr/bin/env bash
# Installs missing Debian packages: eng/install.sh <command>=<package> ...   Says what it does; does nothing when all are there.
set -euo pipefail

missing=()
for pair in "$@"; do
  command="${pair%%=*}"
  package="${pair##*=}"
  if [ "${command#/}" != "$command" ]; then
    [ -e "$command" ] || missing+=("$package")
  else
    command -v "$command" >/dev/null 2>&1 || missing+=("$package")
  fi
done

[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "missing: ${missing[*]} (run as root on Debian to have them installed)" >&2
  exit 0
fi

echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
