#!/usr/bin/env bash
# Generates bindings/src/generated/java from native/include/viking_native.h. Run it after every change of the header
# and commit what it writes. Needs jextract for JDK 22 or later (https://jdk.java.net/jextract/): the one $JEXTRACT
# names, or else the one on PATH. Building and testing the project does not need it.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
header_dir="$root/native/include"
output="$root/bindings/src/generated/java"
package=dev.viking.bindings
jextract="${JEXTRACT:-jextract}"

fail() {
  printf 'generate.sh: %s\n' "$*" >&2
  exit 1
}

command -v "$jextract" >/dev/null 2>&1 || fail "jextract not found: '$jextract' is not an executable file or a command" \
  "on PATH. Download it from https://jdk.java.net/jextract/ and put its bin folder on PATH, or set JEXTRACT to the" \
  "executable. Only regenerating needs it; building and testing do not."
jextract="$(command -v "$jextract")"
case "$jextract" in /*) ;; *) jextract="$PWD/$jextract" ;; esac
# Layouts are those of the platform that jextract runs on, and C long has another size on Windows.
case "$(uname -s)" in Linux | Darwin) ;; *) fail "run this on Linux or macOS, given $(uname -s)" ;; esac

staging="$(mktemp -d)"
trap 'rm -rf "$staging"' EXIT

# No --library: NativeLibrary decides which file is loaded. The warnings dropped here are about the opaque handles.
cd "$header_dir"
"$jextract" "@$here/includes.txt" --target-package "$package" --output "$staging" viking_native.h 2>"$staging/log" || {
  cat "$staging/log" >&2
  fail "jextract failed"
}
grep -vE 'Skipping vk_(tensor|op|pullback|predictor|generator|module)_s ' "$staging/log" >&2 || true
rm "$staging/log"

generated="$staging/${package//.//}"
main="$generated/viking_native_h.java"
[ -f "$main" ] || fail "jextract wrote no viking_native_h.java"

# Three edits, each checked, because jextract has no option for them.
# 1. Symbols come from NativeSymbols, which loads the library first: a call made before the loader ran works, or fails
#    with the loader's own message, instead of a bare "Symbol not found".
perl -0pi -e 's/SymbolLookup\.loaderLookup\(\)\s*\.or\(Linker\.nativeLinker\(\)\.defaultLookup\(\)\);/NativeSymbols.lookup();/' \
  "$main"
[ "$(grep -c 'SYMBOL_LOOKUP = NativeSymbols.lookup();' "$main")" = 1 ] || fail "the lookup in $main has another form than expected"
# 2. The name of an anonymous union holds its line number; without it, editing a comment changes nothing here.
perl -pi -e 's/\$anon\$\d+:\d+/\$anon/' "$generated"/*.java
# 3. Every call of the Foreign Function & Memory API warns, which -Werror would not let pass.
perl -pi -e 's/^(public (?:final )?class )/\@SuppressWarnings("restricted")\n$1/' "$generated"/*.java
for file in "$generated"/*.java; do
  [ "$(grep -c '^@SuppressWarnings("restricted")$' "$file")" = 1 ] || fail "no single class declaration in $file"
done

rm -rf "${output:?}/dev"
mkdir -p "$output"
mv "$staging/dev" "$output/dev"
printf 'generate.sh: %s files in %s\n' "$(find "$output" -name '*.java' | wc -l | tr -d ' ')" "${output#"$root"/}"
