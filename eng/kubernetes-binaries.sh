#!/usr/bin/env bash
# Builds Kubernetes 1.20.2 from Debian's source package, once, into a cache outside the repository: eng/kubernetes-binaries.sh [part ...]
# Parts: kube-apiserver (the default) kube-controller-manager kube-scheduler kubelet kube-proxy kubectl, or "cluster" for all of them; "containerd" is
# the container runtime alone, from Debian's packages, nothing to build. etcd comes along as Debian ships it. Ends by printing the folder of the
# programs. Cut off, it goes on where it was. AMBIENT_CACHE names another cache; a folder with other binaries (a newer version) is named by
# AMBIENT_KUBERNETES_BIN and then nothing is built. AMBIENT_BUILD_JOBS (2) is how many compilers run at once. --cached as the first word builds
# nothing: it fails when something is missing.
set -euo pipefail

if [ -n "${AMBIENT_KUBERNETES_BIN:-}" ]; then
  echo "$AMBIENT_KUBERNETES_BIN"
  exit 0
fi

cd "$(dirname "$0")/.."
cached=
[ "${1:-}" != --cached ] || { cached=1 && shift; }
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(kube-apiserver)
root="${AMBIENT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ambient}/kubernetes-1.20.2-2"
bin="$root/bin"
mkdir -p "$bin"

[ "${parts[*]}" != cluster ] || parts=(containerd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)

missing=()
for part in etcd "${parts[@]}"; do
  [ -x "$bin/$part" ] || missing+=("$part")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "$bin"
  exit 0
fi
[ -z "$cached" ] || exit 1

exec 9>"$root/.lock"
flock 9
log="$root/build.log"
say() { echo "kubernetes: $*" >&2; }

# Debian's index in a folder of our own: the system's apt stays as it is.
private_apt() {
  mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
  cat >"$root/apt/sources.list" <<LIST
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
LIST
  apt=(-o "Dir::Etc::SourceList=$root/apt/sources.list" -o "Dir::Etc::SourceParts=-" -o "Dir::State::lists=$root/apt/lists"
    -o "Dir::Cache=$root/apt/cache" -o "APT::Sandbox::User=root")
  [ -e "$root/apt/updated" ] || { apt-get "${apt[@]}" update -qq && touch "$root/apt/updated"; }
}

fetch_package() {
  (cd "$root/apt" && apt-get "${apt[@]}" download "$1" >>"$log" && dpkg -x "$1"_*.deb "$root/$2")
}

install_etcd() {
  [ -x "$bin/etcd" ] && return
  say "etcd, as Debian ships it"
  fetch_package etcd-server etcd
  cp "$root/etcd/usr/bin/etcd" "$bin/"
}

# Packages unpacked, not installed: no service starts, nothing of the system changes.
install_containerd() {
  [ -x "$bin/containerd" ] && [ -x "$bin/busybox" ] && return
  say "containerd, runc and busybox, as Debian ships them"
  for package in containerd runc busybox-static; do
    fetch_package "$package" runtime
  done
  cp "$root/runtime/bin/busybox" "$bin/"
  cp "$root/runtime/usr/sbin/runc" "$root/runtime/usr/bin/containerd-shim-runc-v2" "$root/runtime/usr/bin/ctr" "$bin/"
  cp "$root/runtime/usr/bin/containerd" "$bin/"
}

unpack_source() {
  [ -e "$root/src/.fixed" ] && return
  say "source package, 34 MB"
  rm -rf "$root/src"
  (cd "$root/apt" && apt-get "${apt[@]}" source --download-only kubernetes >>"$log" && dpkg-source --no-check -x kubernetes_*.dsc "$root/src" >>"$log")

  # Go 1.18 and later break two vendored packages; Debian builds kubectl alone, so nobody there notices. Without the first the API server dies at the
  # first custom resource with labels, without the second it takes empty strings of custom resources for null.
  fetch_package golang-github-modern-go-reflect2-dev reflect2
  local vendored="$root/src/vendor/github.com/modern-go/reflect2"
  rm -f "$vendored"/*.go "$vendored"/*.s
  cp "$root/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2"/*.go "$root/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2"/*.s "$vendored/"
  rm -f "$vendored"/*_test.go
  sed -i 's/if data == nil || reflect\.DeepEqual(reflect\.Zero(reflect\.TypeOf(data)), reflect\.ValueOf(data)) {/if data == nil {/' \
    "$root/src/vendor/k8s.io/kube-openapi/pkg/validation/validate/type.go"
  mkdir -p "$root/src/.go/src/k8s.io"
  ln -sfn ../../.. "$root/src/.go/src/k8s.io/kubernetes"
  touch "$root/src/.fixed"
}

generate() {
  [ -e "$root/src/.generated" ] && return
  say "generated files, about a minute"
  (cd "$root/src/.go/src/k8s.io/kubernetes" && nice -n 19 make generated_files >>"$log" 2>&1)
  touch "$root/src/.generated"
}

build() {
  [ -x "$bin/$1" ] && return
  say "building $1, one to five minutes"
  local p=k8s.io/kubernetes/vendor/k8s.io/component-base/version c=k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version flags="-s -w"
  for package in "$p" "$c"; do
    flags+=" -X $package.gitVersion=v1.20.2 -X $package.gitMajor=1 -X $package.gitMinor=20 -X $package.gitTreeState=clean"
  done
  (cd "$root/src/.go/src/k8s.io/kubernetes" && GO111MODULE=off GOFLAGS="-p=${AMBIENT_BUILD_JOBS:-2}" nice -n 15 go build -ldflags "$flags" -o "$bin/.$1" "./cmd/$1" >>"$log" 2>&1)
  mv "$bin/.$1" "$bin/$1"
}

trap 'code=$?; [ $code -eq 0 ] || say "failed; the last lines of $log:" && [ $code -eq 0 ] || tail -5 "$log" >&2' EXIT
export GOPATH="$root/src/.go" GOCACHE="$root/gocache" CGO_ENABLED=0
private_apt
install_etcd
for part in "${parts[@]}"; do
  if [ "$part" = containerd ]; then
    install_containerd
    continue
  fi

  [ -x "$bin/$part" ] && continue
  eng/install.sh go=golang-go rsync=rsync jq=jq make=make dpkg-source=dpkg-dev >&2
  unpack_source
  generate
  build "$part"
done
echo "$bin"
