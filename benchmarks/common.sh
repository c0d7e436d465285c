# What the benchmark scripts share; sourced. Sets HERE, ROOT, BUILD and VENV.

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ROOT="$(dirname "$HERE")"
BUILD="$HERE/target"
VENV="${VIKING_BENCHMARK_VENV:-$BUILD/venv}"
readonly HERE ROOT BUILD VENV

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }
fail() {
  say "ERROR: $*"
  exit 1
}

# need_value OPTION REST...: fails unless a value follows the option.
need_value() { (($# > 1)) || fail "$1 needs a value"; }

# help_or_fail OPTION: what a script does with an option that is none of its own; `usage` is the script's.
help_or_fail() {
  case "$1" in
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      fail "unknown option '$1'"
      ;;
  esac
}

# Sets `jdk` to a JDK 25.
find_jdk() {
  local candidate
  jdk=''
  for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/*; do
    if [[ -x $candidate/bin/javac ]] && grep -q '^JAVA_VERSION="25' "$candidate/release" 2>/dev/null; then
      jdk="$candidate"
      return
    fi
  done
  fail "needs JDK 25; set JAVA_HOME to it"
}

# build NAME MODULES FOLDER...: packages Maven modules unless nothing in the folders is newer than the last time.
build() {
  local name="$1" modules="$2" stamp="$BUILD/$1.stamp"
  shift 2
  mkdir -p "$BUILD"
  if [[ ! -f $stamp ]] || [[ -n "$(find "$@" -newer "$stamp" -type f -print -quit)" ]]; then
    command -v mvn >/dev/null || fail "needs Maven 3.8.6 or newer"
    say "building $modules"
    touch "$stamp.new"
    (cd "$ROOT" && mvn -B -q -ntp -DskipTests -Dviking.format.skip=true -Dviking.javadoc.skip=true -pl "$modules" -am \
      package) >&2
    mv "$stamp.new" "$stamp"
  fi
}

# What the library is made of.
library_sources() {
  printf '%s\n' "$ROOT"/{bindings,viking-api}/src/main "$ROOT/native/src" "$ROOT/native/include"
}

# Builds the benchmarks and the serving example; sets `jar` to the latter.
build_serving() {
  local sources
  mapfile -t sources < <(library_sources)
  build latency benchmarks,examples/serving "${sources[@]}" "$HERE/src/main" "$ROOT/examples/serving/src/main"
  jar="$(find "$ROOT/examples/serving/target" -maxdepth 1 -name 'viking-serving-example-*.jar' | head -n1)"
  [[ -n $jar ]] || fail "examples/serving/target has no jar"
}

# start_server LOG OPTION...: starts the serving example on a free port of loopback and waits until it listens. Sets
# `server` to its process and `port`. Ends it when the script ends.
start_server() {
  local log="$1" i
  shift
  # A heap of one size, all of it there from the start: what grows is something else.
  : >"$log"
  "$jdk/bin/java" -Xms256m -Xmx256m -XX:+AlwaysPreTouch -jar "$jar" "$@" --port 0 >"$log" 2>&1 &
  server=$!
  trap 'kill $server 2>/dev/null || true' EXIT
  port=''
  for ((i = 0; i < 300; i++)); do
    port="$(sed -n 's|^listening on http://127.0.0.1:\([0-9]*\)$|\1|p' "$log")"
    [[ -z $port ]] || return 0
    kill -0 $server 2>/dev/null || { cat "$log" >&2; fail "the server did not start"; }
    sleep 0.1
  done
  fail "the server did not start in 30 s"
}

# stop_server LOG: ends it as a service manager would, and fails when it does not end well.
stop_server() {
  local ended=0
  kill -TERM $server
  wait $server || ended=$?
  # 143: ended by SIGTERM, after the shutdown hook answered what was under way.
  [[ $ended == 143 || $ended == 0 ]] || { cat "$1" >&2; fail "the server ended with $ended"; }
  trap - EXIT
  say "the server ended as it should ($(grep -c . "$1") lines of log in $1)"
}

# A Python environment, made when there is none.
need_python() {
  local index=https://download.pytorch.org/whl/cpu
  if [[ ! -x $VENV/bin/python ]]; then
    say "making a Python environment with torch"
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install -q --extra-index-url "$index" -r "$HERE/python/requirements.txt" >&2 ||
      { rm -rf "$VENV"; fail "pip could not install torch and numpy"; }
  fi
  "$VENV/bin/python" -c 'import torch, numpy' 2>/dev/null || fail "$VENV/bin/python has no torch or no numpy"
}
