#!/usr/bin/env bash
# Exchanges files with Python's safetensors: a state_dict that Python saved is loaded into a model here and gives the
# same outputs, and Python reads the posterior that is written here. Needs a built tree (mvn verify) and JDK 25. Without
# Python, or when pip cannot install safetensors, it says so and ends well. With torch (that of $VIKING_PYTHON, or of
# python3 on PATH) the state_dict is a PyTorch module's; without it, arrays of the same names and shapes.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
python="${VIKING_PYTHON:-python3}"

say() { printf 'python-safetensors: %s\n' "$*"; }
skip() {
  say "NOTICE: $*; skipped"
  exit 0
}

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
command -v "$python" >/dev/null || skip "no $python here"
"$python" -m venv --system-site-packages "$work/venv" >"$work/log" 2>&1 || skip "$python cannot make a venv"
# A venv of a venv does not see the latter's packages.
"$python" -c 'import sys; print("\n".join(p for p in sys.path if p.endswith("site-packages")))' \
  >"$(echo "$work"/venv/lib/python*/site-packages)/outer.pth"
timeout 300 "$work/venv/bin/pip" install -q safetensors numpy >"$work/log" 2>&1 ||
  skip "pip could not install safetensors ($(tail -n1 "$work/log"))"

java=''
for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/* /opt/jdk*; do
  if [[ -x $candidate/bin/java ]] && grep -q '^JAVA_VERSION="25' "$candidate/release" 2>/dev/null; then
    java="$candidate/bin/java"
    break
  fi
done
[[ -n $java ]] || { say "ERROR: no JDK 25 in JAVA_HOME, /usr/lib/jvm or /opt" >&2; exit 1; }
classes="${VIKING_CLASSES:-$root/examples/target/classes:$root/examples/target/lib/*}"

"$work/venv/bin/python" "$here/python-safetensors/exchange.py" write "$work"
"$java" --enable-native-access=ALL-UNNAMED -cp "$classes" "$here/python-safetensors/Exchange.java" "$work"
"$work/venv/bin/python" "$here/python-safetensors/exchange.py" check "$work"
