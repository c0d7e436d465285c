#!/usr/bin/env bash
# Finds or provisions libtorch, builds the shim libviking_native.so and tests it. Maven calls this; it also works alone.
# Run with --help for the options.
set -euo pipefail

readonly ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly NATIVE="$ROOT/native"
readonly PLATFORM=linux-x86_64
readonly CLASSES="$ROOT/viking-native/target/classes/META-INF/native"
readonly SUPPORTED='2.11 2.12 2.13'
readonly TORCH_VERSION=2.13.0
readonly CACHE="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/viking"
readonly CPU_INDEX=https://download.pytorch.org/whl/cpu
readonly CPU_ZIP="https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-$TORCH_VERSION%2Bcpu.zip"
readonly CUDA_ZIP="https://download.pytorch.org/libtorch/cu130/libtorch-shared-with-deps-$TORCH_VERSION%2Bcu130.zip"

usage() {
  cat <<EOF
Usage: ./build-native.sh [options]

Builds native/build/libviking_native.so and copies it to where Maven packs it.
Does nothing when sources, options and libtorch are those of the last successful run.

  --cuda          require CUDA: fail unless libtorch has it and the CUDA headers are there
  --test          run the native tests too (ctest)
  --sanitize      build into native/build-sanitize with AddressSanitizer and UBSan, and run the tests there
  --check-format  only check the formatting of native/ (clang-format)
  --format        only apply it
  --clean         remove native/build and native/build-sanitize
  --force         build even when nothing changed
  -h, --help      this text

libtorch (${SUPPORTED// /, }) is taken from the first of:
  1. LIBTORCH_HOME (the folder that holds include/ and lib/)
  2. a Python on PATH that has torch
  3. $CACHE (a copy that an earlier run put there)
  4. the wheel of torch $TORCH_VERSION, by pip
  5. the official libtorch $TORCH_VERSION zip, by curl
EOF
}

say() { printf 'build-native: %s\n' "$*"; }
fail() {
  printf 'build-native: ERROR: %s\n' "$*" >&2
  exit 1
}

cuda=no run_tests=no sanitize=no force=no action=build
for argument in "$@"; do
  case "$argument" in
    --cuda) cuda=yes ;;
    --test) run_tests=yes ;;
    --sanitize) sanitize=yes run_tests=yes ;;
    --check-format) action=check-format ;;
    --format) action=format ;;
    --clean) action=clean ;;
    --force) force=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    '') ;;
    *)
      usage >&2
      fail "unknown option '$argument'"
      ;;
  esac
done

# --- formatting ---------------------------------------------------------------------------------------------------

own_sources() {
  find "$NATIVE/include" "$NATIVE/src" "$NATIVE/test" "$NATIVE/compat" -type f \
    \( -name '*.h' -o -name '*.hpp' -o -name '*.c' -o -name '*.cpp' \) -print0 | sort -z
}

format() {
  local tool='' candidate
  # The version that the style file is pinned to; others break lines differently.
  for candidate in clang-format-14 clang-format; do
    if command -v "$candidate" >/dev/null && "$candidate" --version | grep -q 'version 14\.'; then
      tool=$candidate
      break
    fi
  done
  if [[ -z $tool ]]; then
    say "NOTICE: clang-format 14 is not installed (Debian: clang-format-14); the formatting of native/ is not checked"
    return 0
  fi
  if [[ $action == format ]]; then
    own_sources | xargs -0 "$tool" --style=file -i
    say "native/ formatted with $tool"
  elif own_sources | xargs -0 "$tool" --style=file --dry-run --Werror; then
    say "native/ is formatted ($tool)"
  else
    fail "native/ is not formatted; run ./build-native.sh --format"
  fi
}

case "$action" in
  check-format | format)
    format
    exit 0
    ;;
  clean)
    rm -rf "$NATIVE/build" "$NATIVE/build-sanitize" "$CLASSES"
    say "removed native/build and native/build-sanitize"
    exit 0
    ;;
esac

[[ $(uname -s)-$(uname -m) == Linux-x86_64 ]] || fail "the shim builds on Linux x86_64; this is $(uname -s) $(uname -m)"

# --- nothing to do? -----------------------------------------------------------------------------------------------

build="$NATIVE/build"
[[ $sanitize == yes ]] && build="$NATIVE/build-sanitize"
stamp="$build/viking.stamp"
library="$build/libviking_native.so"

# One line that changes with everything the result depends on, except the libtorch that was chosen: that one is named
# in the stamp's second line and looked for again only when it is gone or this line changes.
request() {
  local sum
  sum=$({
    own_sources
    printf '%s\0' "$NATIVE/CMakeLists.txt" "$NATIVE/viking_native.map" "$NATIVE/test/visibility.cmake" "$ROOT/build-native.sh"
  } | xargs -0 cat | sha256sum | cut -c1-32)
  printf '%s cuda=%s home=%s path=%s cc=%s cxx=%s\n' "$sum" "$cuda" "${LIBTORCH_HOME:-}" \
    "$(printf %s "$PATH:$CACHE" | sha256sum | cut -c1-16)" "${CC:-}" "${CXX:-}"
}

# What the jar of viking-native holds: the library without symbols and without the path of this machine's libtorch, and
# what the loader must know before it loads it.
package="$build/package"
make_package() {
  [[ $sanitize == yes ]] && return 0
  rm -rf "$package"
  cmake --install "$build" --prefix "$package" --strip >"$build/install.log" 2>&1 || {
    cat "$build/install.log" >&2
    fail "cmake could not install the library into $package"
  }
  printf '# What libviking_native.so was compiled against.\nplatform=%s\nlibtorch=%s\ncuda=%s\n' "$PLATFORM" \
    "$(version_of "$libtorch")" "$([[ -f $libtorch/lib/libtorch_cuda.so ]] && echo true || echo false)" \
    >"$package/viking-native.properties"
}

install_resource() {
  [[ $sanitize == yes ]] && return 0
  local resources="$CLASSES/$PLATFORM" other="$CLASSES/$PLATFORM-cuda" file
  [[ $cuda == yes ]] && resources="$CLASSES/$PLATFORM-cuda" other="$CLASSES/$PLATFORM"
  rm -rf "$other"
  mkdir -p "$resources"
  for file in libviking_native.so viking-native.properties; do
    cmp -s "$package/$file" "$resources/$file" && continue
    cp "$package/$file" "$resources/.$file.$$"
    mv -f "$resources/.$file.$$" "$resources/$file"
  done
}

wanted="$(request)"
if [[ $force == no && -f $stamp && -f $library && ($sanitize == yes || -f $package/viking-native.properties) ]]; then
  mapfile -t done_before <"$stamp"
  if [[ ${done_before[0]:-} == "$wanted" && -f ${done_before[1]:-}/lib/libc10.so &&
    ($run_tests == no || ${done_before[2]:-} == tested) ]]; then
    install_resource
    say "up to date ($library, libtorch ${done_before[1]})"
    exit 0
  fi
fi

# --- libtorch -----------------------------------------------------------------------------------------------------

tried=()
libtorch='' libtorch_why=''

version_of() { # the libtorch in folder $1, from the header that the shim compiles against
  local header="$1/include/torch/headeronly/version.h"
  [[ -f $header ]] || header="$1/include/torch/csrc/api/include/torch/version.h"
  [[ -f $header ]] || return 0
  awk '$2 == "TORCH_VERSION_MAJOR" {a = $3} $2 == "TORCH_VERSION_MINOR" {b = $3} $2 == "TORCH_VERSION_PATCH" {c = $3}
    END {if (a != "") print a "." b "." c}' "$header"
}

# accept FOLDER WHERE: takes the folder as libtorch, or notes why not.
accept() {
  local folder=$1 where=$2 version
  if [[ ! -d $folder ]]; then
    tried+=("$where: $folder is not a folder")
    return 1
  fi
  folder="$(cd "$folder" && pwd -P)"
  local part
  for part in lib/libc10.so lib/libtorch_cpu.so include/ATen/ATen.h; do
    if [[ ! -f $folder/$part ]]; then
      tried+=("$where: $folder lacks $part")
      return 1
    fi
  done
  version="$(version_of "$folder")"
  if [[ " $SUPPORTED " != *" ${version%.*} "* ]]; then
    tried+=("$where: $folder is libtorch ${version:-of unknown version}; supported are ${SUPPORTED// /, }")
    return 1
  fi
  if [[ $cuda == yes && ! -f $folder/lib/libtorch_cuda.so ]]; then
    tried+=("$where: $folder is a CPU build of libtorch $version (no lib/libtorch_cuda.so), and --cuda was given")
    return 1
  fi
  local kind=CPU
  [[ -f $folder/lib/libtorch_cuda.so ]] && kind=CUDA
  libtorch=$folder
  libtorch_why="libtorch $version ($kind) from $where"
}

from_home() {
  if [[ -z ${LIBTORCH_HOME:-} ]]; then
    tried+=("LIBTORCH_HOME: not set")
    return 1
  fi
  # A folder named on purpose is taken or refused; quietly building against another one would be a surprise.
  accept "$LIBTORCH_HOME" LIBTORCH_HOME || fail "${tried[-1]}"
}

pythons() { type -ap python3 python 2>/dev/null | awk '!seen[$0]++'; }

from_python() {
  local python folder found=no
  while IFS= read -r python; do
    found=yes
    # find_spec names the folder without importing torch, which takes seconds.
    folder="$("$python" -c 'import importlib.util as u, os
s = u.find_spec("torch")
print(os.path.dirname(s.origin) if s and s.origin else "")' 2>/dev/null || true)"
    if [[ -z $folder ]]; then
      tried+=("Python $python: has no torch")
    elif accept "$folder" "Python $python"; then
      return 0
    fi
  done < <(pythons)
  [[ $found == yes ]] || tried+=("Python: no python3 on PATH")
  return 1
}

# One folder per version and kind, so that an upgrade never mixes two.
provisioned="$CACHE/libtorch-$TORCH_VERSION-$([[ $cuda == yes ]] && echo cuda || echo cpu)"

from_cache() {
  if [[ ! -d $provisioned ]]; then
    tried+=("earlier copy: $provisioned does not exist")
    return 1
  fi
  accept "$provisioned/torch" "the copy provisioned earlier"
}

# publish FOLDER: the finished copy appears under its name at once or not at all, also when two builds race.
publish() {
  if ! mv -T "$1" "$provisioned" 2>/dev/null; then
    [[ -d $provisioned/torch/lib ]] && return 0
    rm -rf "$provisioned"
    mv -T "$1" "$provisioned"
  fi
}

work=''
trap '[[ -z $work ]] || rm -rf "$work"' EXIT
new_work() {
  mkdir -p "$CACHE" || return 1
  [[ -z $work ]] || rm -rf "$work"
  work="$(mktemp -d "$CACHE/.provision.XXXXXX")"
}

wheel_to_folder() { # python wheel target
  "$1" - "$2" "$3" <<'PYTHON'
import sys, zipfile

wheel, target = sys.argv[1:]
wanted = ("torch/lib/", "torch/include/", "torch/share/", "torch/version.py")
with zipfile.ZipFile(wheel) as archive:
    names = [n for n in archive.namelist() if n.startswith(wanted) and "libtorch_python" not in n]
    for count, name in enumerate(names):
        archive.extract(name, target)
PYTHON
}

first_line_of_error() { grep -m1 -iE 'error|no matching|refused|not found' "$1" || tail -n1 "$1"; }

from_wheel() {
  local python log
  python="$(pythons | while IFS= read -r p; do
    "$p" -m pip --version >/dev/null 2>&1 && echo "$p" && break
  done || true)"
  if [[ -z $python ]]; then
    tried+=("wheel: no Python with pip on PATH")
    return 1
  fi
  new_work || {
    tried+=("wheel: cannot write to $CACHE")
    return 1
  }
  log="$work/pip.log"
  local pip=("$python" -m pip --disable-pip-version-check --no-input --retries 1 --timeout 20)
  if [[ $cuda == yes ]]; then
    # The CUDA wheel finds cuBLAS and the others in the wheels beside it, so it comes with them.
    say "installing torch $TORCH_VERSION with CUDA by pip into $provisioned (about 3 GB, some minutes) ..."
    if "${pip[@]}" install --target "$work/site" "torch==$TORCH_VERSION" >"$log" 2>&1; then
      publish "$work/site" && accept "$provisioned/torch" "the wheel by pip" && return 0
      rm -rf "$provisioned"
    else
      tried+=("wheel: pip install torch==$TORCH_VERSION: $(first_line_of_error "$log")")
    fi
    return 1
  fi
  local index wheel
  # Any Python's wheel holds the same libraries, so the interpreter's own version need not have one.
  local attempts=("" "--index-url $CPU_INDEX" "--index-url $CPU_INDEX --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64")
  for index in "${attempts[@]}"; do
    say "downloading the wheel of torch $TORCH_VERSION+cpu by pip (about 200 MB)${index:+ ($index)} ..."
    # shellcheck disable=SC2086
    if "${pip[@]}" download --no-deps --dest "$work/wheel" $index "torch==$TORCH_VERSION+cpu" >"$log" 2>&1; then
      wheel="$(find "$work/wheel" -name 'torch-*.whl' | head -n1)"
      say "unpacking $(basename "$wheel") into $provisioned ..."
      wheel_to_folder "$python" "$wheel" "$work/site"
      publish "$work/site"
      if accept "$provisioned/torch" "the wheel by pip"; then return 0; fi
      rm -rf "$provisioned"
      return 1
    fi
    tried+=("wheel: pip download${index:+ $index} torch==$TORCH_VERSION+cpu: $(first_line_of_error "$log")")
  done
  return 1
}

from_zip() {
  local url=$CPU_ZIP tool
  [[ $cuda == yes ]] && url=$CUDA_ZIP
  for tool in curl unzip; do
    if ! command -v "$tool" >/dev/null; then
      tried+=("zip: $tool is not installed")
      return 1
    fi
  done
  new_work || {
    tried+=("zip: cannot write to $CACHE")
    return 1
  }
  say "downloading $url ..."
  if ! curl --fail --location --silent --show-error --connect-timeout 20 --retry 1 -o "$work/libtorch.zip" "$url" 2>"$work/log"; then
    tried+=("zip: $url: $(tail -n1 "$work/log")")
    return 1
  fi
  say "unpacking it into $provisioned ..."
  unzip -q "$work/libtorch.zip" -d "$work/unpacked"
  mkdir "$work/site"
  mv "$work/unpacked/libtorch" "$work/site/torch"
  publish "$work/site"
  if accept "$provisioned/torch" "the official libtorch zip"; then return 0; fi
  rm -rf "$provisioned"
  return 1
}

if ! { from_home || from_python || from_cache || from_wheel || from_zip; }; then
  {
    printf 'build-native: ERROR: no usable libtorch. Tried:\n'
    printf '  - %s\n' "${tried[@]}"
    if [[ $cuda == yes ]]; then
      printf 'Install a CUDA build, for instance: pip install torch==%s\n' "$TORCH_VERSION"
    else
      printf 'Install it, for instance: pip install torch==%s --index-url %s\n' "$TORCH_VERSION" "$CPU_INDEX"
    fi
    printf 'or unpack libtorch %s from https://pytorch.org/get-started/locally and set LIBTORCH_HOME to its folder.\n' "$TORCH_VERSION"
  } >&2
  exit 1
fi
skipped=''
for line in "${tried[@]}"; do skipped+="${skipped:+; }$line"; done
say "using $libtorch_why: $libtorch${skipped:+ (passed over: $skipped)}"

# --- CUDA ---------------------------------------------------------------------------------------------------------

cuda_include=''
if [[ -f $libtorch/lib/libtorch_cuda.so ]]; then
  for candidate in "${CUDA_HOME:-}/include" "${CUDA_PATH:-}/include" /usr/local/cuda/include \
    "$libtorch"/../nvidia/cu*/include "$libtorch"/../nvidia/cuda_runtime/include /usr/include; do
    if [[ -f $candidate/cuda_runtime_api.h && -f $libtorch/include/c10/cuda/CUDACachingAllocator.h ]]; then
      cuda_include="$(cd "$candidate" && pwd -P)"
      say "CUDA headers: $cuda_include"
      break
    fi
  done
  if [[ -z $cuda_include ]]; then
    [[ $cuda == yes ]] && fail "--cuda: libtorch has CUDA, but cuda_runtime_api.h was not found in CUDA_HOME, /usr/local/cuda or the nvidia wheels; install the CUDA toolkit and set CUDA_HOME"
    say "NOTICE: CUDA headers not found; built without the GPU memory limit"
  fi
fi

# --- build --------------------------------------------------------------------------------------------------------

for tool in cmake "${CXX:-c++}"; do
  command -v "$tool" >/dev/null || fail "$tool is not installed (Debian: apt-get install cmake g++ make)"
done
generator=()
command -v ninja >/dev/null && [[ ! -f $build/Makefile ]] && generator=(-G Ninja)

# libtorch's headers need about 1.5 GB for each compiler at work.
jobs=$(nproc)
memory_jobs=$(awk '/MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
((memory_jobs < jobs)) && jobs=$((memory_jobs < 1 ? 1 : memory_jobs))

mkdir -p "$build"
rm -f "$stamp"
exec 9>"$build/.lock"
flock 9
started=$SECONDS
say "building $library with $jobs jobs (about two minutes on two cores when libtorch's headers are new) ..."
cmake -S "$NATIVE" -B "$build" "${generator[@]}" -DVIKING_LIBTORCH="$libtorch" -DVIKING_CUDA_INCLUDE="$cuda_include" \
  -DVIKING_SANITIZE="$([[ $sanitize == yes ]] && echo ON || echo OFF)" >"$build/configure.log" 2>&1 || {
  cat "$build/configure.log" >&2
  fail "cmake could not configure native/"
}
grep '^NOTICE' "$build/configure.log" || true
cmake --build "$build" --parallel "$jobs" >"$build/build.log" 2>&1 || {
  grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$build/build.log" | tail -n 80 >&2
  fail "native/ does not compile; the whole log is $build/build.log"
}
make_package
say "built in $((SECONDS - started)) s"

tested=''
if [[ $run_tests == yes ]]; then
  started=$SECONDS
  (cd "$build" && ctest --output-on-failure --no-tests=error) || fail "native tests failed"
  tested=tested
  say "tested in $((SECONDS - started)) s"
fi
install_resource
printf '%s\n%s\n%s\n' "$wanted" "$libtorch" "$tested" >"$stamp"
