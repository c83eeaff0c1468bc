#!/bin/bash
# SPDX-License-Identifier: MIT
# Checks what the builds make: GCC builds the same sources, clang's result does not depend on where
# it is built, and each image is one that Windows 7 and later load.
#
# usage: check_builds.sh [BUILD-DIRECTORY]    default: build, with windows-*/ in it
# Prints TAP. The exit status is 0 only if no line is "not ok".
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" 2>/dev/null && pwd) || { echo "Bail out! no build directory"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failures=0

check() { # NAME COMMAND...
  local name=$1
  shift
  count=$((count + 1))
  if "$@" >"$work/output" 2>&1; then
    echo "ok $count - $name"
  else
    failures=$((failures + 1))
    echo "not ok $count - $name"
    # The end: that is where a build says why it stopped.
    tail -n 15 "$work/output" | cut -c 1-400 | sed 's/^/# /'
  fi
}

image() { python3 "$here/read_image.py" "$@"; }

# The sources as they lie there, changes and all, without what was built.
copy_sources() { # DIRECTORY
  mkdir -p "$1" &&
    tar -C "$root" -cf - --exclude=./build --exclude=./.git . | tar -C "$1" -xmf -
}

build_preset() { # SOURCES PRESET TARGET...
  local sources=$1 preset=$2
  shift 2
  (cd "$sources" && cmake --preset "$preset" && cmake --build --preset "$preset" -j2 --target "$@")
}

compiled_by() { # COMPILER IMAGE: GCC marks its objects, clang does not
  if [ "$1" = gcc ]; then grep -q 'GCC: (GNU)' "$2"; else ! grep -q 'GCC: (GNU)' "$2"; fi
}

# The registers of floating point and vectors belong to the interrupted thread.
no_floating_point() { # IMAGE
  llvm-objdump-19 -d --no-show-raw-insn "$1" >"$work/code" || return 1
  [ "$(grep -c 'ret' "$work/code")" -gt 20 ] || { echo "no code found"; return 1; }
  ! grep -E '%(xmm|ymm|mm)[0-9]|%st|^ *[0-9a-f]+:[[:space:]]+f[a-z]+' "$work/code"
}

check_images() { # NAME ARCHITECTURE DIRECTORY
  local name=$1 architecture=$2 sys=$3/driver/culvert.sys dll=$3/api/culvert.dll
  local imports=$root/driver/imports defs
  if [ "$architecture" = x86 ]; then
    defs=$(echo "$imports"/*.x86.def)
  else
    defs="$imports/ntoskrnl.def $imports/ndis.def"
  fi
  # shellcheck disable=SC2086 # a list of files
  check "$name: culvert.sys imports what is listed, all of it in Windows 7" \
    image imports "$sys" "$architecture" "$imports/windows-versions.tsv" $defs
  check "$name: culvert.sys reads imported variables through the import table" \
    image data "$sys" ExEventObjectType PsThreadType
  check "$name: culvert.sys has a right header and checksum" image header "$sys" native
  check "$name: culvert.dll has a right header and checksum" image header "$dll" dll
  check "$name: culvert.sys: no section to write and execute, no debug information" image sections "$sys"
  check "$name: culvert.dll: no section to write and execute, no debug information" image sections "$dll"
  if [ "$architecture" = x86 ]; then
    check "$name: culvert.sys leaves floating point and vector registers alone" no_floating_point "$sys"
  else
    check "$name: culvert.sys has unwind data" image unwind "$sys"
    check "$name: culvert.dll has unwind data" image unwind "$dll"
  fi
}

check_clang() { # ARCHITECTURE
  local directory=$build/windows-$1
  check_images "clang $1" "$1" "$directory"
  check "clang $1: culvert.sys is clang's" compiled_by clang "$directory/driver/culvert.sys"
  check "clang $1: culvert.sys for debuggers has the same code" \
    image same-layout "$directory/driver/culvert.sys" "$directory/driver/debug/culvert.sys"
  check "clang $1: culvert.dll for debuggers has the same code" \
    image same-layout "$directory/api/culvert.dll" "$directory/api/debug/culvert.dll"
}

check_gcc() { # ARCHITECTURE
  local preset=windows-$1-gcc
  check "gcc $1: builds culvert.sys and culvert.dll" build_preset "$root" "$preset" culvert_sys culvert
  check_images "gcc $1" "$1" "$root/build/$preset"
  check "gcc $1: culvert.sys is GCC's" compiled_by gcc "$root/build/$preset/driver/culvert.sys"
}

# What must hold for the checks above to mean anything.
# shellcheck disable=SC2016 # eval expands them
check_checks() {
  local sys=$build/windows-amd64/driver/culvert.sys
  cp "$sys" "$work/changed.sys"
  printf 'x' | dd of="$work/changed.sys" bs=1 seek=1500 conv=notrunc status=none
  check "a changed byte makes the checksum wrong" eval '! image header "$work/changed.sys" native'
  check "debug information is found" eval '! image sections "${sys%/*}/debug/culvert.sys"'
  grep -v KeQueryMaximumProcessorCountEx "$root/driver/imports/windows-versions.tsv" >"$work/versions.tsv"
  check "an import without a version is found" eval 'image imports "$sys" amd64 "$work/versions.tsv" \
    "$root"/driver/imports/{ntoskrnl,ndis}.def | grep "no first version of Windows is known: KeQ"'
  sed 's/\t7\t/\t8\t/' "$root/driver/imports/windows-versions.tsv" >"$work/versions.tsv"
  check "an import from Windows 8 is found" eval 'image imports "$sys" amd64 "$work/versions.tsv" \
    "$root"/driver/imports/{ntoskrnl,ndis}.def | grep "began with 8"'
  grep -v ZwClose "$root/driver/imports/ntoskrnl.def" >"$work/ntoskrnl.def"
  check "an import that no .def lists is found" eval 'image imports "$sys" amd64 \
    "$root/driver/imports/windows-versions.tsv" "$work/ntoskrnl.def" "$root/driver/imports/ndis.def" |
    grep "in no .def: ZwClose"'
}

# shellcheck disable=SC2016,SC2034 # eval expands them
check_reproducible() {
  local first=$work/one second=$work/another/and/longer/place file
  check "a copy of the sources builds" eval \
    'copy_sources "$first" && build_preset "$first" windows-amd64 culvert_cat culvert'
  check "a copy elsewhere builds" eval \
    'copy_sources "$second" && build_preset "$second" windows-amd64 culvert_cat culvert'
  for file in driver/culvert.sys driver/culvert.inf driver/culvert.cat api/culvert.dll; do
    check "$file is the same from both" \
      cmp "$first/build/windows-amd64/$file" "$second/build/windows-amd64/$file"
  done
  # The two share $work in their paths and differ behind it.
  check "no path of the sources is in culvert.sys and culvert.dll" eval '! grep -aF "$work" \
    "$first/build/windows-amd64/driver/culvert.sys" "$first/build/windows-amd64/api/culvert.dll"'
}

for architecture in amd64 x86 arm64; do
  check_clang $architecture
done
check_checks
check_gcc amd64
check_gcc x86
check_reproducible
echo "1..$count"
[ "$failures" = 0 ]
