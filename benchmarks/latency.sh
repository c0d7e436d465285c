#!/usr/bin/env bash
# Times predictions (batch 1, 32 samples) of this library next to others', and writes docs/benchmarks/<date>-latency.
# Run with --help for the options.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<HELP
Usage: benchmarks/latency.sh [options]

Builds what is missing, checks that all implementations compute the same numbers, runs them in turn, writes JSON and
Markdown.

  --quick        a look, not a result
  --only LIST    of mlp-1, mlp-2, lenet-1, lenet-2 (network and threads) and cold (default: all)
  --forms LIST   others to compare with: stacked, vmap, loop, compile (PyTorch), jax, djl, javacpp (default: all that
                 can be had; djl and javacpp download 220 MB once)
  --add          replaces the cases that are run in a report that is there, and keeps its others
  --jmh          our own latencies under JMH (sample mode) too
  --out PATH     the report, without extension (default: docs/benchmarks/<year>-<month>-latency)
  -h, --help     this text

Environment: VIKING_BENCHMARK_VENV, a Python environment with torch, numpy and perhaps jax (default: one that is made in
benchmarks/target).
HELP
}

shown='' options=() out="$ROOT/docs/benchmarks/$(date +%Y-%m)-latency" quick=no jmh=no forms=''
for argument in "$@"; do shown+=" $argument"; done
while (($# > 0)); do
  case "$1" in
    --quick) quick=yes ;;
    --jmh) jmh=yes ;;
    --add) options+=(--add) ;;
    --only | --forms | --out)
      need_value "$@"
      case "$1" in
        --out) out="$2" ;;
        --forms) forms="$2" ;;
        *) options+=("$1" "$2") ;;
      esac
      shift
      ;;
    *) help_or_fail "$1" ;;
  esac
  shift
done
[[ $quick == no ]] || options+=(--rounds 3 --seconds 0.1 --warmup 0.5 --starts 2)

find_jdk
need_python
build_serving

if [[ -z $forms ]]; then
  forms=stacked,vmap,loop,compile,djl,javacpp
  if "$VENV/bin/python" -c 'import jax' 2>/dev/null; then forms+=,jax; else say "no jax in $VENV: left out"; fi
fi
if [[ ,$forms, == *,djl,* || ,$forms, == *,javacpp,* ]]; then
  twins="$HERE/twins/target"
  if [[ ! -d $twins/lib ]] || [[ -n "$(find "$HERE/twins/src" "$HERE/twins/pom.xml" \
    "$HERE/src/main/java/dev/viking/benchmarks/LatencyProtocol.java" -newer "$twins/lib" -type f -print -quit)" ]]; then
    say "building the twins"
    JAVA_HOME="$jdk" mvn -B -q -ntp -f "$HERE/twins/pom.xml" clean package >&2
    touch "$twins/lib"
  fi
  options+=(--twins "$twins/classes:$twins/lib/*")
  export DJL_CACHE_DIR="$BUILD/djl"
fi

readonly java=("$jdk/bin/java" --enable-native-access=ALL-UNNAMED -Xmx1g -cp "$BUILD/classes:$BUILD/lib/*")
if [[ $jmh == yes ]]; then
  jmh_options=(-rf json -prof gc)
  [[ $quick == no ]] || jmh_options+=(-f 1 -wi 2 -i 2)
  "${java[@]}" org.openjdk.jmh.Main LatencyBenchmark "${jmh_options[@]}" -rff "$out-jmh.json" >&2
  # The same with four callers.
  "${java[@]}" org.openjdk.jmh.Main LatencyBenchmark -t 4 "${jmh_options[@]}" -rff "$out-jmh-4.json" >&2
fi
"$VENV/bin/python" "$HERE/python/latency.py" ${options[@]+"${options[@]}"} --forms "$forms" --jar "$jar" \
  --posterior "$ROOT/examples/consumer/moons.safetensors" --options="$shown" --out "$out" \
  --java "${java[@]}" dev.viking.benchmarks.LatencyWorker
