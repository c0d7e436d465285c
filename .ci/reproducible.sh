#!/usr/bin/env bash
# Builds the artefacts twice, in two folders of different depth, and compares their bytes. Of the sources only what the
# artefacts are made of is copied.
#   --built   the first build is what this folder holds: the jars of `mvn verify` in a clean clone. One build less
#   --native  compiles the shim too, about three minutes each; without it all builds pack the one that native/build holds
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$root/target/reproducible"
native=no built=no
for argument in "$@"; do
  case "$argument" in
    --built) built=yes ;;
    --native) native=yes ;;
    *)
      printf 'reproducible: ERROR: unknown option %s; --built and --native are known\n' "$argument" >&2
      exit 1
      ;;
  esac
done

say() { printf 'reproducible: %s\n' "$*"; }
fail() {
  say "ERROR: $*" >&2
  exit 1
}

version="$(sed -n '\|<version>|{s|.*<version>\(.*\)</version>.*|\1|p;q}' "$root/pom.xml")"
modules=(bindings viking-native viking-api)
needed=()
for kind in '' -sources -javadoc; do
  needed+=("bindings/target/viking-bindings-$version$kind.jar" "viking-api/target/viking-api-$version$kind.jar")
done
needed+=("viking-native/target/viking-native-$version.jar")

# build FOLDER: the artefacts from a copy of their sources in that folder.
build() {
  local tree="$1"
  say "building in ${tree#"$root/"}"
  mkdir -p "$tree"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard -- pom.xml '*/pom.xml' .mvn bom bindings/src/main \
    bindings/src/generated viking-native viking-api/src/main native build-native.sh |
    tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null) | tar -xf - -C "$tree"
  if [[ $native == no && -f $root/native/build/viking.stamp ]]; then
    mkdir -p "$tree/native/build"
    cp -a "$root"/native/build/{viking.stamp,libviking_native.so,package} "$tree/native/build/"
  fi
  (cd "$tree" && mvn -B -ntp -q package -pl bom,.,bindings,viking-native,viking-api -DskipTests \
    -Dmaven.test.skip=true -Dviking.format.skip=true)
  for jar in "${needed[@]}"; do
    [[ -s $tree/$jar ]] || fail "the build made no $jar"
  done
}

# jars FOLDER: the names of the artefacts there.
jars() { (cd "$1" && find "${modules[@]/%//target}" -maxdepth 1 -name '*.jar' -print0 | sort -z); }

# sums FOLDER: the digests of the artefacts in that folder that have the names on standard input.
sums() { (cd "$1" && xargs -0 sha256sum); }

rm -rf "$work"
two="$work/and/some/levels/deeper/two"
if [[ $built == yes ]]; then
  one="$root"
  for jar in "${needed[@]}"; do
    [[ -s $one/$jar ]] || fail "--built: there is no $jar here; run mvn verify before"
  done
else
  one="$work/one"
  build "$one"
fi
build "$two"
if [[ $built == yes ]]; then
  # This folder may hold jars of other builds too.
  jars "$two" | sums "$one" >"$work/one.sha256"
else
  jars "$one" | sums "$one" >"$work/one.sha256"
fi
jars "$two" | sums "$two" >"$work/two.sha256"
cat "$work/one.sha256"
if ! diff "$work/one.sha256" "$work/two.sha256"; then
  hint=''
  [[ $built == no ]] || hint='; was the first one a clean build of these sources (mvn clean verify)?'
  fail "the two builds differ$hint"
fi
say "$(wc -l <"$work/one.sha256") jars, the same twice; sources and Javadoc of bindings and viking-api among them"
