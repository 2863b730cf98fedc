#!/usr/bin/env bash
# Runs test projects and sums their results. The last line is "N passed, N failed, N skipped".
set -uo pipefail
cd "$(dirname "$0")/.."
suite="${1:-all}"
began=$SECONDS
case "$suite" in
  unit) folders=(tests/unit) ;;
  component) folders=(tests/component) ;;
  kubernetes) folders=(tests/kubernetes) ;;
  demo) folders=() ;;
  all) folders=(tests/unit tests/component) ;;
  *)
    echo "unknown suite: $suite (unit, component, kubernetes, demo, all)" >&2
    exit 2
    ;;
esac

if [ "$suite" != unit ]; then
  eng/demo-tools.sh
  eng/install.sh ip=iproute2 nft=nftables iptables=iptables tcpdump=tcpdump curl=curl openssl=openssl gcc=gcc nginx=nginx \
    /usr/lib/nginx/modules/ngx_stream_module.so=libnginx-mod-stream haproxy=haproxy nghttpx=nghttp2-proxy h2load=nghttp2-client \
    redis-server=redis-server promtool=prometheus node=nodejs conntrack=conntrack jq=jq /usr/lib/cni/bridge=containernetworking-plugins dnsmasq=dnsmasq-base

  [ "$suite" = demo ] || eng/chart-renderer.sh >/dev/null || echo "charts cannot be rendered here: their tests are skipped" >&2

  # Built once into a cache outside of the repository. Without it the tests that need it are skipped and say so.
  parts=(containerd kube-apiserver)
  [ "$suite" != kubernetes ] || parts=(cluster)
  [ "$suite" = demo ] || timeout 1500 eng/kubernetes-binaries.sh "${parts[@]}" >/dev/null || echo "Kubernetes could not be built here: its tests are skipped" >&2
fi

# A whole cluster takes minutes; it is part of everything where its programs are there already.
left_out=0
if [ "$suite" = all ]; then
  if eng/kubernetes-binaries.sh --cached cluster >/dev/null; then
    folders+=(tests/kubernetes)
  else
    echo "the cluster's programs are not built yet (./ambient test kubernetes builds them): its suite is left out and counts as one skipped test"
    left_out=1
  fi
fi

[ "$suite" = demo ] || dotnet build Ambient.sln -v q -nologo || { echo "the build failed"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
if [[ " ${folders[*]} " == *" tests/kubernetes "* ]]; then
  rm -f artifacts/kubernetes-times.txt
  if ! IMAGES_FROM=build eng/images.sh; then
    [ "$suite" = all ] || { echo "the images failed"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
    echo "images cannot be built here: the cluster's suite is left out and counts as one skipped test"
    folders=(tests/unit tests/component) left_out=1
  fi
fi

passed=0 failed=0 skipped=$left_out
results="$(mktemp -d)"
trap 'rm -rf "$results"' EXIT

# count ATTRIBUTE FILE: a number of a result file, nothing when there is none.
count() { [ -f "$2" ] && grep -o '<Counters [^>]*' "$2" | head -1 | sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p"; }
# names OUTCOME FILE: the tests with that outcome.
names() { grep -oE '<UnitTestResult [^>]*' "$2" | grep "outcome=\"$1\"" | grep -oE 'testName="[^"]*' | sed 's/testName="//'; }

for project in $([ ${#folders[@]} -eq 0 ] || find "${folders[@]}" -name '*.Tests.csproj' | sort); do
  name="$(basename "$project" .csproj)"
  log="$results/$name.log" first="$results/$name.trx" second="$results/$name.again.trx"
  run() { timeout 2400 dotnet test "$project" --no-build --nologo --logger "trx;LogFileName=$1" "${@:2}" >"$log" 2>&1; }
  run "$first"
  code=$?
  p="$(count passed "$first")" f="$(count failed "$first")" total="$(count total "$first")"
  if [ "$code" -ne 0 ] && [ "${f:-0}" -eq 0 ]; then
    echo "  ended badly once, runs again: $name: $(grep -m1 -E 'aborted|crashed' "$log")"
    run "$first"
    code=$?
    p="$(count passed "$first")" f="$(count failed "$first")" total="$(count total "$first")"
  fi
  if [ "$code" -ne 0 ] && [ "${f:-0}" -gt 0 ]; then
    # Timing under load must not hide what is broken, nor break what is not: a test that fails runs once more, and is named.
    names Failed "$first" | sed 's/^/  failed once, runs again: /'
    run "$second" --filter "$(names Failed "$first" | sed 's/(.*//; s/^/FullyQualifiedName=/' | sort -u | paste -sd'|')"
    code=$?
    again="$(count failed "$second")"
    p=$((p + f - ${again:-$f})) f="${again:-$f}"
  fi
  if [ -z "$total" ]; then
    total=0 p=0 f=0
    grep -q 'No test is available' "$log" && code=0
  fi
  # A run that ends badly without a failed test (a crash, a time-out) is a failure too.
  [ "$code" -ne 0 ] && [ "$f" -eq 0 ] && f=1 total=$((total + 1))
  s=$((total - p - f))
  echo "$name: $p passed, $f failed, $s skipped"
  [ "$f" -gt 0 ] && grep -vE '^\s*$' "$log" | tail -60
  [ "$s" -gt 0 ] && names NotExecuted "$first" | sed 's/^/  skipped: /'
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

# The demo is a test too: every promise that it shows, it checks.
if [ "$suite" = all ] || [ "$suite" = demo ]; then
  log="$results/demo.log"
  timeout 600 eng/demo.sh >"$log" 2>&1
  code=$?
  if [ "$code" -ne 0 ]; then
    grep -E 'FAILED|^error' "$log" | sed 's/^/  failed once, runs again: /'
    timeout 600 eng/demo.sh >"$log" 2>&1
    code=$?
  fi
  verdict="$(grep -oE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -1)"
  read -r p f s < <(sed 's/[^0-9]\+/ /g' <<<"${verdict:-0 passed, 1 failed, 0 skipped}")
  [ "$code" -ne 0 ] && [ "$f" -eq 0 ] && f=1
  echo "demo: $p passed, $f failed, $s skipped"
  [ "$f" -gt 0 ] && tail -120 "$log"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
fi

[ ! -f artifacts/kubernetes-times.txt ] || [[ " ${folders[*]} " != *" tests/kubernetes "* ]] || echo "cluster: $(paste -sd, artifacts/kubernetes-times.txt)"
echo "took $((SECONDS - began)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
