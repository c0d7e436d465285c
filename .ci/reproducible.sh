#!/usr/bin/env bash
# Builds the artefacts twice, in two folders of different depth, and compares their bytes. With --native the shim is
# compiled twice too, about three minutes each; without it both builds pack the one that native/build holds.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$root/target/reproducible"
native=no
[[ ${1:-} == --native ]] && native=yes

say() { printf 'reproducible: %s\n' "$*"; }

rm -rf "$work"
mkdir -p "$work"
for tree in one and/some/levels/deeper/two; do
  say "building in target/reproducible/$tree"
  mkdir -p "$work/$tree"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --ignore-failed-read \
    -cf - 2>/dev/null) | tar -xf - -C "$work/$tree"
  if [[ $native == no && -f $root/native/build/viking.stamp ]]; then
    mkdir -p "$work/$tree/native/build"
    cp -a "$root"/native/build/{viking.stamp,libviking_native.so,package} "$work/$tree/native/build/"
  fi
  (cd "$work/$tree" && mvn -B -ntp -q package -pl bom,.,bindings,viking-native,viking-api -DskipTests \
    -Dmaven.test.skip=true -Dviking.format.skip=true)
  (cd "$work/$tree" && find . -path '*/target/*.jar' -not -path '*/lib/*' -print0 | sort -z | xargs -0 sha256sum) \
    >"$work/$(basename "$tree").sha256"
done
[[ -s $work/one.sha256 ]] || { say "ERROR: no jars were built" >&2; exit 1; }
cat "$work/one.sha256"
if ! diff "$work/one.sha256" "$work/two.sha256"; then
  say "ERROR: the two builds differ" >&2
  exit 1
fi
say "$(wc -l <"$work/one.sha256") jars, the same twice"
