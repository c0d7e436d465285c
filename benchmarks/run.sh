#!/usr/bin/env bash
# Times this library next to C++, PyTorch and the authors' JAX library doing the same work, and writes
# docs/benchmarks/<date>-cpu.{md,json} and plots.
# Run with --help for the options.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<EOF
Usage: benchmarks/run.sh [options]

Builds what is missing (the library with Maven, a Python environment with torch, the C++ program), checks that all
implementations compute the same numbers, times them in turn in one run, and writes Markdown tables, JSON and plots.

  --quick          fewer cases, fewer and shorter samples: a look, not a result
  --only CASES     only these, separated by commas: add8, boundary, forward, jvp, vjp, gradient, hvp,
                   per_example_gradients, jacobian, jacrev, image_kernels, step, projection, samples, sampling, curves,
                   memory, jmh
                   (the boundary under JMH, on the wall), or one case by its name in the JSON
  --models LIST    steps and projections for these models (lenet, mlp, mlpW with width W, resnet20) ...
  --batches LIST   ... these batches ...
  --samples LIST   ... and these numbers of samples, in every combination, instead of the usual choice
  --compiled       torch.compile in each of those, not in LeNet's first step only
  --images N       images of posterior sampling (default: 2048; MNIST has 60000)
  --block N        examples in a block of our posterior sampling (default: 256)
  --threads N      threads in every process (default: all cores)
  --clock cpu      time on a CPU instead of on the wall, for a machine that others use too; with --threads 1
  --out PATH       the report, without extension (default: docs/benchmarks/<year>-<month>-cpu)
  -h, --help       this text

Environment: VIKING_JAX_HOME and MATFREE_HOME, checkouts of fadel/viking and pnkraemer/matfree: without them the
authors' library is left out; VIKING_BENCHMARK_VENV, a Python environment with torch, numpy, matplotlib and, for the
authors' library, jax and optax, to be used instead of an own one; LIBTORCH_HOME, the libtorch that the library and the C++ program are built with.
EOF
}

shown=''
only=all threads="$(nproc)" clock=wall out='' quick=no more=()
for argument in "$@"; do shown+=" $argument"; done
while (($# > 0)); do
  case "$1" in
    --quick) quick=yes ;;
    --compiled) more+=(--compiled) ;;
    --models | --batches | --samples | --images | --block)
      need_value "$@"
      more+=("$1" "$2")
      shift
      ;;
    --only | --threads | --clock | --out)
      need_value "$@"
      case "$1" in
        --only) only="$2" ;;
        --threads) threads="$2" ;;
        --clock) clock="$2" ;;
        --out) out="$2" ;;
      esac
      shift
      ;;
    *) help_or_fail "$1" ;;
  esac
  shift
done
[[ $threads =~ ^[1-9][0-9]*$ ]] || fail "--threads is '$threads'; a positive number is needed"
[[ $clock == wall || $clock == cpu ]] || fail "--clock is '$clock'; wall or cpu is needed"
[[ $clock == wall || $threads == 1 ]] || fail "--clock cpu sees one thread only; add --threads 1"
out="${out:-$ROOT/docs/benchmarks/$(date +%Y-%m)-cpu}"
mkdir -p "$BUILD"

# --- what is needed -------------------------------------------------------------------------------

find_jdk
mapfile -t sources < <(library_sources)
build run benchmarks "${sources[@]}" "$HERE/src/main"
need_python
if [[ -n ${VIKING_JAX_HOME:-} && -n ${MATFREE_HOME:-} ]]; then
  if ! "$VENV/bin/python" -c 'import jax, optax' 2>/dev/null; then
    say "adding jax and optax to the Python environment"
    "$VENV/bin/pip" install -q -r "$HERE/python/requirements-jax.txt" >&2 ||
      say "pip could not install jax and optax: the authors' library will be left out"
  fi
fi

# The C++ program is built with the library's own libtorch, so that both call the same kernels.
libtorch="$(sed -n 2p "$ROOT/native/build/viking.stamp" 2>/dev/null || true)"
libtorch="${LIBTORCH_HOME:-$libtorch}"
[[ -f $libtorch/lib/libtorch_cpu.so ]] || fail "no libtorch at '$libtorch'; run ./build-native.sh"
readonly worker="$BUILD/worker"
if [[ ! -x $worker || $HERE/native/worker.cpp -nt $worker || "$(cat "$worker.libtorch" 2>/dev/null)" != "$libtorch" ]]; then
  say "building the C++ program with $libtorch"
  "${CXX:-g++}" -std=c++20 -O2 -isystem "$libtorch/include" -isystem "$libtorch/include/torch/csrc/api/include" \
    "$HERE/native/worker.cpp" -o "$worker" -L"$libtorch/lib" -Wl,--no-as-needed -ltorch_cpu -lc10 \
    -Wl,-rpath,"$libtorch/lib"
  printf '%s' "$libtorch" >"$worker.libtorch"
fi

readonly java=("$jdk/bin/java" --enable-native-access=ALL-UNNAMED -Xmx1g -cp "$BUILD/classes:$BUILD/lib/*")

# --- run ------------------------------------------------------------------------------------------

options=(--threads "$threads" --clock "$clock" --options="$shown" --out "$out" "${more[@]}")
jmh_options=(-prof gc)
if [[ $quick == yes ]]; then
  options+=(--quick --rounds 3 --seconds 0.03 --warmup 0.2)
  jmh_options+=(-f 1 -wi 1 -i 2 -w 500ms -r 500ms)
fi
[[ $only == all ]] || options+=(--only "$only")

if [[ ($only == all && $clock == wall) || ,$only, == *,jmh,* ]]; then
  say "JMH"
  rm -f "$BUILD/jmh.json"
  "${java[@]}" org.openjdk.jmh.Main BoundaryBenchmark "${jmh_options[@]}" -rf json -rff "$BUILD/jmh.json" >&2 ||
    say "JMH failed; the rest goes on"
  options+=(--jmh "$BUILD/jmh.json")
fi
"$VENV/bin/python" "$HERE/python/compare.py" --cpp "$worker" "${options[@]}" --java "${java[@]}" \
  dev.viking.benchmarks.Worker
