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
