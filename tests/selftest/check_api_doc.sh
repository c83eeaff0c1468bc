#!/bin/bash
# SPDX-License-Identifier: MIT
# Whether docs/api.md and the checks of the conformance suite agree. TAP on standard output.
#   check_api_doc.sh [REPORT...]    REPORT: the output of culvert-selftest.exe, all tests being in one of them
set -u
LC_ALL=C
export LC_ALL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
report=
if [ $# -gt 0 ]; then
  report=$work/report
  cat "$@" >"$report" || exit 1
fi
cd "$(dirname "$0")/../.." || exit 1
number=0
failed=0

# A check passes if nothing is listed.
result() { # NAME FILE
  number=$((number + 1))
  if [ -s "$2" ]; then
    failed=$((failed + 1))
    echo "not ok $number - $1"
    sed 's/^/# /' "$2"
  else
    echo "ok $number - $1"
  fi
}

# ID TEST, one pair a line.
awk -F '|' '/^\| `/ {
  gsub(/[ `]/, "", $2)
  n = split($(NF - 1), tests, ",")
  if (n == 0) print $2, "-"
  for (i = 1; i <= n; i++) { gsub(/ /, "", tests[i]); print $2, tests[i] == "" ? "-" : tests[i] }
}' docs/api.md | sort -u >"$work/doc-pairs"
cut -d ' ' -f 1 "$work/doc-pairs" | sort -u >"$work/doc"
grep -ohE '"[a-z]+/[a-z0-9-]+"' tests/selftest/*.c | tr -d '"' | grep -v '^suite/' | sort -u >"$work/checks"
sed -nE 's/^ +X\((\w+)\).*/\1/p' tests/selftest/tests.h | sort -u >"$work/tests"
sed -nE 's/^\| `([^`]*)`.*/\1/p' docs/api.md | sort | uniq -d >"$work/twice"

[ -s "$work/doc" ] && [ -s "$work/checks" ] && [ -s "$work/tests" ] || echo "nothing found" >"$work/empty"
: >>"$work/empty"
result "docs/api.md, the checks and the tests can be read" "$work/empty"
result "no sentence is listed twice" "$work/twice"
comm -23 "$work/doc" "$work/checks" >"$work/unchecked"
result "each sentence of docs/api.md has a check" "$work/unchecked"
comm -13 "$work/doc" "$work/checks" >"$work/unknown"
result "each check is for a sentence of docs/api.md" "$work/unknown"
awk '$2 != "*" {print $2}' "$work/doc-pairs" | sort -u | comm -23 - "$work/tests" >"$work/no-test"
result "each test that docs/api.md names exists" "$work/no-test"

python3 tests/selftest/read_manual.py include/wintun.h docs/api.md >"$work/unnamed" 2>&1
result "docs/api.md names what include/wintun.h names" "$work/unnamed"

# CULVERT_GET_VERSION_FUNC is CulvertGetVersion's.
sed -nE 's/.*WINAPI \*(CULVERT_[A-Z_]+)_FUNC\).*/\1/p' include/culvert.h |
  sed -E 's/_/ /g; s/\b([A-Z])([A-Z]*)\b/\1\L\2\E/g; s/ //g' | sort >"$work/culvert-header"
sed -nE 's/^ +(Culvert\w+)$/\1/p' api/exports.def | sort >"$work/culvert-exports"
[ -s "$work/culvert-header" ] || echo "no function" >>"$work/culvert-header"
diff "$work/culvert-header" "$work/culvert-exports" >"$work/exports"
result "the DLL exports what include/culvert.h declares" "$work/exports"
grep -oE '\bERROR_\w+' include/culvert.h | sort -u >"$work/culvert-errors"
grep -oE '^\|.*' docs/api.md | grep -oE '\bERROR_\w+' | sort -u | comm -23 "$work/culvert-errors" - >"$work/unnamed-errors"
result "docs/api.md names the errors of include/culvert.h" "$work/unnamed-errors"

# SECTION DIGEST IDS-OR-DASH [WHY]: each sentence of the text.
awk -F '\t' '!/^#/ {
  if ($3 == "-" ? $4 !~ /^(about|example|heading|warning|elsewhere:.+)$/ : $3 == "" || NF != 3) print "line " NR
  sentences++
}
END { if (sentences < 190) print sentences " sentences" }' tests/selftest/specification.tsv >"$work/bad-lines"
result "specification.tsv can be read" "$work/bad-lines"
awk -F '\t' '!/^#/ && $3 != "-" { n = split($3, ids, ","); for (i = 1; i <= n; i++) print ids[i] }' \
  tests/selftest/specification.tsv | sort -u | comm -23 - "$work/doc" >"$work/missing"
result "each sentence of the specification is in docs/api.md" "$work/missing"
if [ -n "${CULVERT_SPECIFICATION-}" ]; then
  python3 tests/selftest/spec_sentences.py digests "$CULVERT_SPECIFICATION" >"$work/digests" || exit 1
  grep -v '^#' tests/selftest/specification.tsv | cut -f 1,2 | diff - "$work/digests" >"$work/other"
  result "specification.tsv has each sentence of the text" "$work/other"
else
  number=$((number + 1))
  echo "ok $number - specification.tsv has each sentence of the text # SKIP no copy of it: CULVERT_SPECIFICATION is not set"
fi

if [ -n "$report" ]; then
  sed -nE 's/^(not )?ok [0-9]+ - \[([a-z0-9/-]+)\] (\w+).*/\2 \3/p' "$report" | sort -u >"$work/run-pairs"
  cut -d ' ' -f 2 "$work/run-pairs" | sort -u >"$work/run-tests"
  comm -23 "$work/tests" "$work/run-tests" >"$work/not-run"
  result "the report has lines of each test" "$work/not-run"
  grep -v ' \*$' "$work/doc-pairs" | comm -23 - "$work/run-pairs" >"$work/not-made"
  result "each test made the checks that docs/api.md says" "$work/not-made"
fi
echo "1..$number"
[ "$failed" = 0 ]
