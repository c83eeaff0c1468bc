#!/bin/bash
# SPDX-License-Identifier: MIT
# The fuzz targets for a short time: each repeats its corpus and the inputs that once failed, then
# fuzzes for some seconds. `./run fuzz` goes on for longer.
#
# usage: check_fuzz.sh [SECONDS]   for each target, default 3
# Prints TAP. An input that fails is kept in build/fuzz/crashes/.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-3}
. tests/fuzz/settings.sh
crashes=build/fuzz/crashes
mkdir -p "$crashes"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failures=0

result() { # STATUS TEXT: the log is in $work/log
  count=$((count + 1))
  if [ "$1" = 0 ]; then
    echo "ok $count - $2"
    return
  fi
  failures=$((failures + 1))
  echo "not ok $count - $2"
  fuzz_report "$work/log" 25 | cut -c 1-300 | sed 's/^/# /'
}

replay() { # TARGET
  local target=$1 files
  mapfile -t files < <(find "tests/fuzz/corpus/$target" "tests/fuzz/regressions/$target" -type f 2>/dev/null)
  if [ ${#files[@]} -lt 5 ]; then
    echo "there are only ${#files[@]} inputs" >"$work/log"
    result 1 "$target: the corpus is repeated"
    return
  fi
  timeout 100 "$fuzz_programs"/fuzz_"$target" "${fuzz_options[@]}" "${files[@]}" >"$work/log" 2>&1
  result $? "$target: ${#files[@]} inputs of the corpus and of past failures are repeated"
}

fuzz() { # TARGET
  local target=$1 status runs
  mkdir "$work/$target"
  timeout $((seconds + 100)) "$fuzz_programs"/fuzz_"$target" "${fuzz_options[@]}" -seed=1 -max_total_time="$seconds" \
    -artifact_prefix="$crashes/$target-" "$work/$target" "tests/fuzz/corpus/$target" >"$work/log" 2>&1
  status=$?
  runs=$(sed -nE 's/^Done ([0-9]+) runs.*/\1/p' "$work/log")
  [ "$status" != 0 ] || [ "${runs:-0}" -gt 20 ] || status=1
  result $status "$target: fuzzed for $seconds s, ${runs:-?} inputs"
  [ "$status" = 0 ] || echo "# repeat it with: ./run fuzz $target FILE, the file is named above"
}

for target in $(scripts/fuzz.sh --list); do
  replay "$target"
  fuzz "$target"
done
echo "1..$count"
[ "$failures" = 0 ]
