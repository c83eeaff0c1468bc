#!/bin/bash
# SPDX-License-Identifier: MIT
# Coverage of driver/ and contract/ by test_ntsim: lines and branches per file, and the lines that no
# test reaches.
#   coverage.sh [BUILD-DIRECTORY]    default: build/coverage
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/coverage}
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang-19 -DCMAKE_BUILD_TYPE=Debug \
  -DNTSIM_COVERAGE=ON >/dev/null
ninja -j2 -C "$build" test_ntsim_coverage >/dev/null
binary=$build/tests/ntsim/test_ntsim_coverage
driver=$build/tests/ntsim/libtest_ntsim_coverage_driver.so
rm -f "$build"/ntsim-*.profraw
LLVM_PROFILE_FILE="$PWD/$build/ntsim-%p-%m.profraw" timeout 300 "$binary" >"$build/ntsim.log" 2>&1 ||
  { tail -n 40 "$build/ntsim.log"; exit 1; }
llvm-profdata-19 merge -o "$build/ntsim.profdata" "$build"/ntsim-*.profraw
sources=$(find driver contract -name '*.[ch]' | sort)
# The paths in the objects begin with "./".
report() { llvm-cov-19 "$@" "$driver" -instr-profile="$build/ntsim.profdata" \
  -path-equivalence=./,"$PWD/" $sources; }
report report -show-branch-summary | cut -c1-200
echo
echo "Lines that no test reaches:"
report show -show-branches=count 2>/dev/null |
  awk '/^\/.*:$/ { file = $0 } /^ *[0-9]+\| *0\|/ { print file " " $0 }' | sed "s|^$PWD/||"
