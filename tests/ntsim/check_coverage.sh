#!/bin/bash
# SPDX-License-Identifier: MIT
# How much of driver/, contract/ and the DLL's session code the tests of ntsim reach: prints lines
# and branches for each file. A line of driver/ or contract/ that no test reaches must be in
# not_reached.tsv with its reason, and none may be there that is reached.
#   check_coverage.sh [BUILD-DIRECTORY]    default: build/native
# Prints TAP. The exit status is 0 only if no line is "not ok".
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
build=$(realpath -m "${1:-build/native}")
binary=$build/tests/ntsim/test_ntsim_coverage
driver=$build/tests/ntsim/libtest_ntsim_coverage_driver.so
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failures=0

check() { # NAME COMMAND...: the command must succeed; what it prints is shown in any case
  local name=$1 result=ok
  shift
  count=$((count + 1))
  "$@" >"$work/output" 2>&1 || { result="not ok"; failures=$((failures + 1)); }
  sed 's/^/# /' "$work/output" | cut -c 1-200 | head -n 60
  echo "$result $count - $name"
}

# All but those that repeat others: many threads and many failures at once reach nothing new.
run_tests() {
  LLVM_PROFILE_FILE="$work/%m.profraw" timeout 120 "$binary" system session data windows7 ring oid \
    statistics life state windows adapters extent EachCallFailsOnce BothDirectionsWithPauses \
    BurstsThatOverlap dll >"$work/log" ||
    { grep -B 20 '^not ok' "$work/log"; return 1; }
  llvm-profdata-19 merge -o "$work/profile" "$work"/*.profraw
}

cover() { # llvm-cov COMMAND OPTION...: of the files that count
  llvm-cov-19 "$@" "$driver" -object "$binary" -instr-profile="$work/profile" \
    -compilation-dir="$PWD" \
    -ignore-filename-regex='(^|/)(nt|ntsim|ndis|tests|generated|include)/|(^|/)api/([^s]|s[^e])' 2>/dev/null
}

table() {
  cover report -show-region-summary=0 -show-branch-summary | tee "$work/table" |
    awk 'NF > 5 && $1 !~ /^-/ { print }'
  [ "$(grep -c '^driver/' "$work/table")" -ge 10 ] && grep -q '^contract/ring.h' "$work/table" &&
    grep -q '^api/session.c' "$work/table"
}

# FILE, a tab, and the line without what leads and trails; one for each that no test reaches.
unreached() {
  cover show | awk -v root="$PWD/" '
    /^[^ ].*:$/ { file = $0; sub(/:$/, "", file); sub(root, "", file) }
    /^ *[0-9]+\| *0\|/ {
      sub(/^[^|]*\|[^|]*\|/, ""); gsub(/^[ \t]+|[ \t]+$/, "")
      if ($0 !~ /^[{}]*$/) print file "\t" $0
    }' | sort >"$work/all"
  grep -E '^(driver|contract)/' "$work/all" >"$work/unreached"
  [ "$(cover show | grep -cE '^ *[0-9]+\| *[1-9]')" -gt 500 ]
}

listed() { grep -v '^#' tests/ntsim/not_reached.tsv | awk -F '\t' -v kinds="$1" '$3 ~ kinds { print $1 "\t" $2 }' | sort; }

not_listed() {
  listed . >"$work/listed"
  unreached && ! comm -23 "$work/unreached" "$work/listed" | grep .
}

reached_by_now() {
  listed never >"$work/never"
  ! comm -13 "$work/unreached" "$work/never" | grep .
}

have_reasons() {
  ! grep -v '^#' tests/ntsim/not_reached.tsv |
    awk -F '\t' 'NF != 4 || $3 !~ /^(never|race)$/ || length($4) < 30' | grep .
}

# Not every line of it can be reached here: the DLL has suites of its own.
dll_lines() { echo "$(grep -c '^api/' "$work/all") lines of the DLL's session code are not reached"; }

check "the tests pass without sanitizers" run_tests
check "lines and branches are measured" table
check "each line that no test reaches has a reason in not_reached.tsv" not_listed
check "no line that can never be reached, by not_reached.tsv, is" reached_by_now
check "each line in not_reached.tsv has a kind and a reason" have_reasons
check "the lines of the DLL are counted" dll_lines
echo "1..$count"
[ "$failures" = 0 ]
