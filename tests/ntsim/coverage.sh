#!/bin/bash
# SPDX-License-Identifier: MIT
# Coverage of driver/ and contract/ by test_ntsim: lines and branches per file, and the lines that no
# test reaches.
#   coverage.sh [BUILD-DIRECTORY]    default: build/coverage
set -eu
cd "$(dirname "$0")/../.."
build=$(realpath -m "${1:-build/coverage}")
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang-19 -DCMAKE_BUILD_TYPE=Debug \
  -DNTSIM_COVERAGE=ON >/dev/null
ninja -j2 -C "$build" test_ntsim_coverage >/dev/null
binary=$build/tests/ntsim/test_ntsim_coverage
driver=$build/tests/ntsim/libtest_ntsim_coverage_driver.so
rm -f "$build"/ntsim-*.profraw
LLVM_PROFILE_FILE="$build/ntsim-%p-%m.profraw" timeout 300 "$binary" >"$build/ntsim.log" 2>&1 ||
  { tail -n 40 "$build/ntsim.log"; exit 1; }
llvm-profdata-19 merge -o "$build/ntsim.profdata" "$build"/ntsim-*.profraw
# The paths in the objects are relative to the build directory; nt/ has more inline functions than one driver uses.
report() {
  llvm-cov-19 "$@" "$driver" -instr-profile="$build/ntsim.profdata" \
    -path-equivalence="$build","$PWD" -ignore-filename-regex='(/|^)(nt|generated)/' 2>/dev/null
}
report report -show-branch-summary | awk '$2 != 0'
echo
echo "Lines that no test reaches:"
report show | awk -v build="$build" '
  /^[^ ].*:$/ { file = $0; sub(/:$/, "", file)
               sub(build "/", "", file) }
  /^ *[0-9]+\| *0\|/ { split($0, part, "|"); number = part[1] + 0; sub(/^[^|]*\|[^|]*\|/, "")
                      print file ":" number ": " $0 }'
