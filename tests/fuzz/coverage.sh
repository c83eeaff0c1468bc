#!/bin/bash
# SPDX-License-Identifier: MIT
# Coverage of driver/ and contract/ by the fuzz targets' corpora: lines and branches per file, and the
# lines that no input reaches.
#   coverage.sh [BUILD-DIRECTORY]    default: build/coverage
set -eu
cd "$(dirname "$0")/../.."
build=$(realpath -m "${1:-build/coverage}")
mapfile -t targets < <(scripts/fuzz.sh --list)
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang-19 -DCMAKE_BUILD_TYPE=Debug \
  -DNTSIM_COVERAGE=ON >/dev/null
ninja -j2 -C "$build" "${targets[@]/#/fuzz_}" >/dev/null
driver=$build/tests/fuzz/libfuzz_driver.so
rm -f "$build"/fuzz-*.profraw
for target in "${targets[@]}"; do
  LLVM_PROFILE_FILE="$build/fuzz-$target-%m.profraw" timeout 300 "$build/tests/fuzz/fuzz_$target" \
    -runs=0 "tests/fuzz/corpus/$target" >"$build/fuzz.log" 2>&1 || { tail -n 40 "$build/fuzz.log"; exit 1; }
done
llvm-profdata-19 merge -o "$build/fuzz.profdata" "$build"/fuzz-*.profraw
# The paths in the objects are relative to the root; nt/ has more inline functions than one driver uses.
report() {
  llvm-cov-19 "$@" "$driver" -instr-profile="$build/fuzz.profdata" \
    -compilation-dir="$PWD" -ignore-filename-regex='(/|^)(nt|generated)/' 2>/dev/null
}
report report -show-branch-summary | awk '$2 != 0'
echo
echo "Lines that no input reaches:"
report show | awk -v root="$PWD" '
  /^[^ ].*:$/ { file = $0; sub(/:$/, "", file)
               sub(root "/", "", file) }
  /^ *[0-9]+\| *0\|/ { split($0, part, "|"); number = part[1] + 0; sub(/^[^|]*\|[^|]*\|/, "")
                      print file ":" number ": " $0 }'
