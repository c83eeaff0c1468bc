#!/bin/bash
# SPDX-License-Identifier: MIT
# What slower tools say of the sources without running them: clang-tidy, GCC's analyser, and how much
# of the kernel stack the driver needs. check_lint.sh has the quick ones. What a tool is wrong about is
# excepted in the place itself, or in .clang-tidy, with the reason.
#
# usage: check_static.sh
# Prints TAP. The exit status is 0 only if no line is "not ok". Needs the product's builds.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failures=0

# A function may take so much of the stack, and a chain of the driver's functions. The kernel's stack
# has 12 KiB on x86 and 24 KiB elsewhere, shared by all drivers of a call.
frame_bytes=1024
chain_bytes=2048

check() { # NAME COMMAND...: the command must succeed; what it prints is shown in any case
  local name=$1 result=ok
  shift
  count=$((count + 1))
  "$@" >"$work/output" 2>&1 || { result="not ok"; failures=$((failures + 1)); }
  head -n 30 "$work/output" | cut -c 1-300 | sed 's/^/# /'
  echo "$result $count - $name"
}

common=(-Ibuild/windows-amd64/generated -Iinclude -DUNICODE -D_UNICODE -D_WIN32_WINNT=0x0601
  -DWIN32_LEAN_AND_MEAN -std=gnu11)

tidy() { # FLAG... -- FILE...
  local flags=("${common[@]}" --target=x86_64-w64-mingw32)
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  shift
  # Its own standard error only counts what was suppressed in headers.
  printf '%s\0' "$@" | xargs -0 -P 2 -n 6 sh -c 'flags=$1; shift; clang-tidy-19 --quiet "$@" -- $flags 2>/dev/null' \
    tidy "${flags[*]}"
}

# GCC's analyser follows calls within a file. -O1: what the compiler itself knows by then helps it.
gcc_analyze() { # FLAG... -- FILE...
  local flags=("${common[@]}")
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  shift
  printf '%s\0' "$@" | xargs -0 -P 2 -n 1 x86_64-w64-mingw32-gcc "${flags[@]}" -O1 -fanalyzer -Werror \
    -Wno-multichar -c -o /dev/null
}

tidy_works() {
  mkdir -p "$work/driver"
  cp .clang-tidy "$work/"
  printf '#include <stdlib.h>\nint f(int c);\nint f(int c) { if (c); return atoi("1"); }\n' >"$work/driver/bad.c"
  ! tidy -- "$work/driver/bad.c" >"$work/tidy" && grep -q 'bugprone-suspicious-semicolon' "$work/tidy" &&
    grep -q 'cert-err34-c' "$work/tidy"
}

gcc_works() {
  printf '#include <stdlib.h>\nvoid f(void);\nvoid f(void) { char *p = malloc(1); if (p) *p = 0; free(p); free(p); }\n' \
    >"$work/bad.c"
  ! gcc_analyze -- "$work/bad.c" >"$work/gcc" 2>&1 && grep -q 'double-free' "$work/gcc"
}

depth() {
  local file
  for file in driver/*.c; do
    x86_64-w64-mingw32-gcc "${common[@]}" -O2 -mgeneral-regs-only -Wno-multichar -fcallgraph-info=su \
      -c "$file" -o "$work/$(basename "$file" .c).o" || return 1
  done
  python3 tests/lint/stack.py depth $chain_bytes "$work"/*.ci
}

# The DLL: what links with windows.h takes clang-tidy too long; the other tools have all of it.
sessions=(api/session.c)

check "clang-tidy finds mistakes" tidy_works
check "clang-tidy: driver, contract" tidy -- driver/*.c
check "clang-tidy: ndis" tidy -DNTKERNELAPI= -- ndis/*.c
check "clang-tidy: the DLL's sessions" tidy -- "${sessions[@]}"
check "GCC's analyser finds a mistake" gcc_works
check "GCC's analyser: driver, contract" gcc_analyze -- driver/*.c
check "GCC's analyser: ndis" gcc_analyze -DNTKERNELAPI= -- ndis/*.c
check "GCC's analyser: api" gcc_analyze -- api/*.c
for architecture in amd64 x86 arm64; do
  check "$architecture: no function of the driver takes more than $frame_bytes bytes of stack" \
    python3 tests/lint/stack.py frames build/windows-$architecture $frame_bytes
done
check "no chain of the driver's functions takes more than $chain_bytes bytes of stack" depth
echo "1..$count"
[ "$failures" = 0 ]
