#!/usr/bin/env bash
# Builds container images without a registry and without a container engine, to artifacts/images/<name>.tar: eng/images.sh [name ...]
# Names: rig (what the pods of tests run, and the pause image), ztunnel, cni, ambientd, waypoint, bookshop, bookshop-database. Each is what its Dockerfile says:
# Debian's packages that the Dockerfile's last stage installs, unpacked, the program as it is published, and the user. `ctr -n k8s.io images import` and `docker load` take the files.
# IMAGE_HUB (docker.io/ambient) and IMAGE_TAG (0.1.0) name them. Packages are kept in the cache outside the repository (AMBIENT_CACHE).
# IMAGES_FROM=build takes the programs of the last debug build instead, with the SDK's runtime as a layer of its own: nothing is compiled, for tests.
set -euo pipefail
cd "$(dirname "$0")/.."
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(rig ztunnel cni ambientd waypoint bookshop bookshop-database)
hub="${IMAGE_HUB:-docker.io/ambient}" tag="${IMAGE_TAG:-0.1.0}" out=artifacts/images
cache="${AMBIENT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ambient}/image-packages"
mkdir -p "$out" "$cache"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
exec 9>"$out/.lock"
flock 9

# What every program of .NET needs, and nothing else of a distribution.
runtime="libc6 libgcc-s1 libstdc++6 libssl3 zlib1g"

dockerfile() {
  case "$1" in
    ztunnel) echo ztunnel/Dockerfile ;;
    cni) echo cni-plugin/Dockerfile ;;
    ambientd) echo control-plane/Dockerfile ;;
    waypoint) echo waypoint/Dockerfile ;;
    bookshop) echo samples/bookshop/Dockerfile ;;
    bookshop-database) echo samples/bookshop/database.Dockerfile ;;
  esac
}

# Packages without their dependencies: "# offline:" lines of the Dockerfile name all of them.
packages() { sed -n 's/^# offline: //p' "$(dockerfile "$1")" | tr '\n' ' '; }

# One layer of packages, the same bytes for the same packages, kept.
package_layer() {
  local key layer
  key="$(echo "2 $*" | sha256sum | cut -c1-16)"
  layer="$cache/layer-$key.tar"
  if [ ! -e "$layer" ]; then
    rm -rf "$work/packages" && mkdir -p "$work/packages"
    for package in "$@"; do
      compgen -G "$cache/${package}_*.deb" >/dev/null || (cd "$cache" && apt-get -o APT::Sandbox::User=root download -qq "$package" >/dev/null)
      dpkg -x "$cache/${package}"_*.deb "$work/packages"
    done
    # Documentation and what only compilers need; PostgreSQL keeps its templates where others keep documentation.
    find "$work/packages/usr/share" -mindepth 1 -maxdepth 1 ! -name postgresql -exec rm -rf {} +
    rm -rf "$work/packages/usr/lib/x86_64-linux-gnu/gconv" "$work/packages/usr/lib/x86_64-linux-gnu/perl-base" "$work/packages"/usr/lib/postgresql/*/lib/bitcode
    mkdir -p "$work/packages/tmp" "$work/packages/etc" "$work/packages/proc" "$work/packages/sys" "$work/packages/dev"
    chmod 1777 "$work/packages/tmp"
    printf 'root:x:0:0:root:/root:/bin/sh\nambient:x:1337:1337::/nonexistent:/bin/false\npostgres:x:999:999::/tmp:/bin/sh\n' >"$work/packages/etc/passwd"
    printf 'root:x:0:\nambient:x:1337:\npostgres:x:999:\n' >"$work/packages/etc/group"
    pack "$work/packages" "$layer.new" && mv "$layer.new" "$layer"
  fi
  echo "$layer"
}

pack() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf "$2" .; }

# image <name> <entrypoint as JSON> <layer ...>: a docker-archive by hand.
image() {
  local name="$1" entry="$2" digests="" layers="" i=0 folder="$work/image" user=""
  shift 2
  [ "$name" = rig ] || user="$(sed -n 's/^USER //p' "$(dockerfile "$name")" | tail -1)"
  rm -rf "$folder" && mkdir -p "$folder"
  for layer in "$@"; do
    ln -s "$(realpath "$layer")" "$folder/layer$i.tar"
    digests+="${digests:+,}\"sha256:$(sha256sum "$layer" | cut -d' ' -f1)\""
    layers+="${layers:+,}\"layer$i.tar\""
    i=$((i + 1))
  done
  printf '{"architecture":"amd64","os":"linux","config":{"Entrypoint":%s,"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"WorkingDir":"/","User":"%s"},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
    "$entry" "$user" "$digests" >"$folder/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s/%s:%s"],"Layers":[%s]}]' "$hub" "$name" "$tag" "$layers" >"$folder/manifest.json"
  tar -C "$folder" -chf "$out/.$name.tar" manifest.json config.json $(cd "$folder" && echo layer*.tar)
  mv "$out/.$name.tar" "$out/$name.tar"
  echo "$out/$name.tar: $hub/$name:$tag, $(($(stat -c %s "$out/$name.tar") >> 20)) MB"
}

# The runtime that this machine's SDK runs with, where programs look for it.
runtime_layer() {
  local root layer
  # Asked, not taken from the program's own folder, which may hold but a wrapper.
  root="$(dotnet --list-runtimes | sed -n 's,^Microsoft.NETCore.App .*\[\(.*\)/shared/Microsoft.NETCore.App\]$,\1,p' | tail -1)"
  layer="$cache/runtime-$(ls "$root/shared/Microsoft.NETCore.App" "$root/shared/Microsoft.AspNetCore.App" | sha256sum | cut -c1-16).tar"
  if [ ! -e "$layer" ]; then
    rm -rf "$work/runtime" && mkdir -p "$work/runtime/usr/share/dotnet/shared"
    cp -a "$root/host" "$work/runtime/usr/share/dotnet/"
    cp -a "$root/shared/Microsoft.NETCore.App" "$root/shared/Microsoft.AspNetCore.App" "$work/runtime/usr/share/dotnet/shared/"
    pack "$work/runtime" "$layer.new" && mv "$layer.new" "$layer"
  fi
  echo "$layer"
}

# Where a program's files are, made when they have to be: the published folder, or the last debug build's.
files() {
  local project
  if [ "${IMAGES_FROM:-publish}" = build ] && [ "$1" != cni-plugin/plugin ]; then
    project="$(basename "$1"/*.csproj .csproj)"
    echo "artifacts/bin/$project/debug"
  else
    # The plugin runs on the node, where no runtime is: it is published in any case, unless nothing of it has changed.
    [ "${IMAGES_FROM:-publish}" = build ] && [ -x artifacts/publish/plugin/ambient-cni ] \
      && [ -z "$(find "$1" cni-plugin/enrolment cni-plugin/guard shared/linux -name '*.cs' -newer artifacts/publish/plugin/ambient-cni)" ] || eng/publish.sh "$1" >&2
    echo "artifacts/publish/$(basename "$1")"
  fi
}

# program <image> <entrypoint> <project=folder in the image ...>
program() {
  local name="$1" entry="$2" root="$work/program" layers=() from
  shift 2
  rm -rf "$root" && mkdir -p "$root"
  for pair in "$@"; do
    from="$(files "${pair%%=*}")"
    mkdir -p "$root${pair##*=}"
    cp -a "$from/." "$root${pair##*=}/"
  done
  find "$root" \( -name '*.pdb' -o -name '*.dbg' -o -name '*.xml' \) -delete
  pack "$root" "$work/program.tar"
  # shellcheck disable=SC2046
  layers=("$(package_layer $runtime $(packages "$name"))")
  [ "${IMAGES_FROM:-publish}" != build ] || layers+=("$(runtime_layer)")
  image "$name" "$entry" "${layers[@]}" "$work/program.tar"
}

for name in "${names[@]}"; do
  case "$name" in
    rig)
      eng/install.sh gcc=gcc >&2
      rm -rf "$work/rig" && mkdir -p "$work/rig/bin" "$work/rig/tmp" "$work/rig/etc"
      gcc -Os -static -o "$work/rig/rig" tests/rig/Programs/rig.c 2>/dev/null
      cp "$work/rig/rig" "$out/rig"
      busybox="$(eng/kubernetes-binaries.sh containerd)/busybox"
      cp "$busybox" "$work/rig/bin/busybox"
      for applet in sh ls cat nc wget nslookup ip sleep kill ps grep netstat; do ln -s busybox "$work/rig/bin/$applet"; done
      pack "$work/rig" "$work/rig.tar"
      image rig '["/rig","pause"]' "$work/rig.tar"
      ;;
    ztunnel)
      program ztunnel '["/usr/local/bin/ztunnel"]' ztunnel=/usr/local/bin
      ;;
    cni)
      program cni '["/usr/local/bin/ambient-cni-agent"]' cni-plugin/agent=/usr/local/bin cni-plugin/plugin=/opt/cni/bin
      ;;
    ambientd)
      program ambientd '["/usr/local/bin/ambientd"]' control-plane/ambientd=/usr/local/bin
      ;;
    waypoint)
      program waypoint '["/usr/local/bin/waypoint"]' waypoint=/usr/local/bin
      ;;
    bookshop)
      program bookshop '["/usr/local/bin/bookshop"]' samples/bookshop=/usr/local/bin
      ;;
    bookshop-database)
      rm -rf "$work/program" && mkdir -p "$work/program/usr/local/bin"
      cp samples/bookshop/database.sh "$work/program/usr/local/bin/"
      pack "$work/program" "$work/program.tar"
      # shellcheck disable=SC2046
      image "$name" '["/bin/sh","/usr/local/bin/database.sh"]' "$(package_layer $runtime $(packages "$name"))" "$work/program.tar"
      ;;
    *)
      echo "unknown image: $name (rig, ztunnel, cni, ambientd, waypoint, bookshop, bookshop-database)" >&2
      exit 2
      ;;
  esac
done
