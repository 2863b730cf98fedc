#!/usr/bin/env bash
# Builds the program that renders charts as Helm does (tests/charts/renderer), once per version, into a cache outside the repository, and prints its
# path. Go and the libraries are Debian's; no network but apt's is needed. AMBIENT_CACHE names another cache.
set -euo pipefail
cd "$(dirname "$0")/../tests/charts/renderer"

version="$(cat chart.go main.go render.go values.go | sha256sum | cut -c1-12)"
program="${AMBIENT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ambient}/chart-renderer-$version/chart-renderer"
if [ ! -x "$program" ]; then
  library=/usr/share/gocode/src/github.com
  ../../../eng/install.sh go=golang-go $library/Masterminds/sprig=golang-github-masterminds-sprig-dev $library/ghodss/yaml=golang-github-ghodss-yaml-dev \
    $library/xeipuuv/gojsonschema=golang-github-xeipuuv-gojsonschema-dev >&2
  mkdir -p "$(dirname "$program")"
  GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$(dirname "$program")/gocache" CGO_ENABLED=0 nice go build -o "$program.$$" .
  rm -rf "$(dirname "$program")/gocache"
  mv "$program.$$" "$program"
fi
echo "$program"
