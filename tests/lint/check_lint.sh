#!/bin/bash
# SPDX-License-Identifier: MIT
# What can be said about the sources without running them: format, and four tools that look for
# mistakes. What one of them is wrong about is excepted in the place itself, with the reason.
#
# usage: check_lint.sh
# Prints TAP. The exit status is 0 only if no line is "not ok". A tool that is missing is a failure.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failures=0

check() { # NAME COMMAND...: the command must succeed
  local name=$1
  shift
  count=$((count + 1))
  if "$@" >"$work/output" 2>&1; then
    echo "ok $count - $name"
  else
    failures=$((failures + 1))
    echo "not ok $count - $name"
    head -n 30 "$work/output" | cut -c 1-300 | sed 's/^/# /'
  fi
}

# Whatever lies there outside build/, so that what is not committed yet is checked, too.
sources() { # PATTERN... of find
  local pattern expression=()
  for pattern in "$@"; do
    expression+=(-o -name "$pattern")
  done
  find . \( -path ./build -o -path ./.git \) -prune -o -type f \( "${expression[@]:1}" \) -print | sort
}
mapfile -t c_files < <(sources '*.c' '*.h')
mapfile -t scripts < <(sources '*.sh' run)
mapfile -t python < <(sources '*.py')

some_files() { [ "${#c_files[@]}" -gt 100 ] && [ "${#scripts[@]}" -gt 8 ] && [ "${#python[@]}" -gt 0 ]; }

sizes() {
  wc -l "${c_files[@]}" | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines"; bad = 1 } END { exit bad }'
}

first_lines() { # an SPDX line in the first two
  local file bad=0
  for file in "${c_files[@]}" "${scripts[@]}" "${python[@]}"; do
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
      { echo "$file"; bad=1; }
  done
  return $bad
}

# As clang sees the sources for amd64; without the #error at the end of each list of processors,
# where cppcheck gives up. The suppressions: winehost/tun.c copies a name up to its 0, which cppcheck
# does not follow out of the literal that it was given; in tests/ndis/kernel_objects.c CHECK does not
# return if it fails.
cppcheck_files() {
  cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 -j 2 \
    -D_WIN32=1 -D_WIN64=1 -D__x86_64__=1 -D__GNUC__=12 '-DDECLSPEC_ALIGN(x)=' \
    --suppress=arrayIndexOutOfBounds:winehost/tun.c --suppress=arrayIndexOutOfBoundsCond:winehost/tun.c \
    --suppress=arrayIndexOutOfBoundsCond:tests/ndis/kernel_objects.c "$@"
}

analyze() { # FLAG... -- FILE...: fails if clang's analyser has anything to say
  local flags=() file bad=0
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  shift
  printf '%s\0' "$@" | xargs -0 -P 2 -n 1 clang-19 --analyze --analyzer-output text -std=gnu11 "${flags[@]}" \
    -o /dev/null >"$work/analysis" 2>&1 || bad=1
  cat "$work/analysis"
  ! grep -qE '(warning|error):' "$work/analysis" && [ "$bad" = 0 ]
}

windows=(--target=x86_64-w64-mingw32 -Ibuild/windows-amd64/generated -Iinclude -DUNICODE -D_UNICODE
  -D_WIN32_WINNT=0x0601 -DWIN32_LEAN_AND_MEAN)

analyzer_works() { # it must find what is there
  printf 'int f(int c) { int v; if (c) v = 1; return v; }\n' >"$work/bad.c"
  ! analyze -- "$work/bad.c" && grep -q 'core.uninitialized' "$work/analysis"
}

check "there are files to check" some_files
check "clang-format has nothing to change" clang-format-19 --dry-run -Werror "${c_files[@]}"
check "no C file has more than 600 lines" sizes
check "each file names its licence" first_lines
check "cppcheck: driver, contract, api, ndis" cppcheck_files driver contract api ndis
check "cppcheck: winehost, example, tests" cppcheck_files winehost example tests
check "clang's analyser finds a mistake" analyzer_works
check "clang's analyser: driver, contract" analyze "${windows[@]}" -- driver/*.c
check "clang's analyser: api" analyze "${windows[@]}" -- api/*.c
# As winehost/ builds it: the module defines what the kernel would export.
check "clang's analyser: ndis" analyze "${windows[@]}" -DNTKERNELAPI= -- ndis/*.c
check "clang's analyser: example" analyze "${windows[@]}" -- example/*.c
check "clang's analyser: the maker of catalogs" analyze -- driver/catalog/*.c
check "shellcheck" shellcheck --severity=warning "${scripts[@]}"
echo "1..$count"
[ "$failures" = 0 ]
