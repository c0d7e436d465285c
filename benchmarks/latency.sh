#!/usr/bin/env bash
# Times predictions (batch 1, 32 samples) of this library next to PyTorch's, and writes docs/benchmarks/<date>-latency.
set -euo pipefail

readonly HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly ROOT="$(dirname "$HERE")"
readonly BUILD="$HERE/target"
readonly VENV="${VIKING_BENCHMARK_VENV:-$BUILD/venv}"

usage() {
  cat <<HELP
Usage: benchmarks/latency.sh [options]

Builds what is missing, checks that all implementations compute the same numbers, runs them in turn, writes JSON and
Markdown.

  --quick           a look, not a result
  --threads LIST    threads of one prediction (default: 1,2)
  --networks LIST   mlp, lenet (default: both)
  --forms LIST      of PyTorch: stacked, vmap, loop, compile (default: all)
  --jmh             our own latencies under JMH (sample mode) too
  --out PATH        the report, without extension (default: docs/benchmarks/<year>-<month>-latency)
  -h, --help        this text

Environment: VIKING_BENCHMARK_VENV, a Python environment with torch and numpy (default: benchmarks/run.sh's).
HELP
}

fail() {
  printf 'latency: ERROR: %s\n' "$*" >&2
  exit 1
}

shown='' options=() out="$ROOT/docs/benchmarks/$(date +%Y-%m)-latency" quick=no jmh=no
for argument in "$@"; do shown+=" $argument"; done
while (($# > 0)); do
  case "$1" in
    --quick) quick=yes ;;
    --jmh) jmh=yes ;;
    --threads | --networks | --forms | --out)
      (($# > 1)) || fail "$1 needs a value"
      if [[ $1 == --out ]]; then out="$2"; else options+=("$1" "$2"); fi
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      fail "unknown option '$1'"
      ;;
  esac
  shift
done
[[ $quick == no ]] || options+=(--rounds 3 --seconds 0.2 --warmup 1 --starts 2)

jdk=''
for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/*; do
  if [[ -x $candidate/bin/javac ]] && grep -q '^JAVA_VERSION="25' "$candidate/release" 2>/dev/null; then
    jdk="$candidate"
    break
  fi
done
[[ -n $jdk ]] || fail "needs JDK 25; set JAVA_HOME to it"
[[ -x $VENV/bin/python ]] || fail "no Python environment at $VENV; benchmarks/run.sh makes it, or set VIKING_BENCHMARK_VENV"

readonly stamp="$BUILD/latency.stamp"
if [[ ! -f $stamp ]] || [[ -n "$(find "$ROOT"/{bindings,viking-api,benchmarks,examples/serving}/src/main \
  "$ROOT/native/src" "$ROOT/native/include" -newer "$stamp" -type f -print -quit)" ]]; then
  mkdir -p "$BUILD"
  touch "$stamp.new"
  (cd "$ROOT" && mvn -B -q -ntp -DskipTests -Dviking.format.skip=true -pl benchmarks,examples/serving -am package) >&2
  mv "$stamp.new" "$stamp"
fi
jar="$(find "$ROOT/examples/serving/target" -maxdepth 1 -name 'viking-serving-example-*.jar' | head -n1)"

readonly java=("$jdk/bin/java" --enable-native-access=ALL-UNNAMED -Xmx1g -cp "$BUILD/classes:$BUILD/lib/*")
if [[ $jmh == yes ]]; then
  jmh_options=(-rf json -rff "$out-jmh.json" -prof gc)
  [[ $quick == no ]] || jmh_options+=(-f 1 -wi 2 -i 2)
  "${java[@]}" org.openjdk.jmh.Main LatencyBenchmark "${jmh_options[@]}" >&2
  # The same with four callers.
  "${java[@]}" org.openjdk.jmh.Main LatencyBenchmark -t 4 "${jmh_options[@]}" -rff "$out-jmh-4.json" >&2
fi
"$VENV/bin/python" "$HERE/python/latency.py" ${options[@]+"${options[@]}"} --jar "$jar" --options="$shown" \
  --out "$out" --java "${java[@]}" dev.viking.benchmarks.LatencyWorker
