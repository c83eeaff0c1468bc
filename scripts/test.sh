#!/bin/bash
# SPDX-License-Identifier: MIT
# Everything that must pass. Every suite speaks TAP; the last line is the sum over all of them.
#   test.sh [SUITE...]    only these: lint, builds, abi, ring, ndis, ntsim, catalog, ring-windows, e2e
set -u
cd "$(dirname "$0")/.." || exit 1
export CMOCKA_MESSAGE_OUTPUT=TAP

./scripts/setup.sh test || exit 1
mkdir -p build
./tests/windows/fetch-cmocka.sh build/cmocka >build/cmocka.log 2>&1
fetched=$?
[ $fetched = 0 ] && rm -f build/cmocka.log
./scripts/build.sh || { echo "1 failed: the build"; echo "0 passed, 1 failed"; exit 1; }
./scripts/build.sh native || { echo "1 failed: the native build"; echo "0 passed, 1 failed"; exit 1; }

suites=${*:-lint builds abi ring models ndis ntsim catalog ring-windows e2e selftest api-doc mutants kill-points}
passed=0
failed=0
skipped=0
bad_suites=
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# Runs a suite, shows its output and adds its lines. A suite that ends with a bad status without a
# failed line, or without any line, counts as one failure.
suite() { # NAME SECONDS COMMAND...
  local name=$1 limit=$2 status lines
  shift 2
  [[ " $suites " == *" $name "* ]] || return 0
  echo
  echo "== $name"
  timeout --kill-after=20 "$limit" "$@" 2>&1 </dev/null | tee "$output"
  status=${PIPESTATUS[0]}
  local ok bad skip
  skip=$(grep -cE '^ok .*# SKIP' "$output")
  ok=$(($(grep -cE '^ok ' "$output") - skip))
  bad=$(grep -cE '^not ok ' "$output")
  lines=$((ok + bad + skip))
  if [ "$lines" = 0 ] || { [ "$status" != 0 ] && [ "$bad" = 0 ]; }; then
    echo "not ok - $name: $lines lines, then status $status"
    bad=$((bad + 1))
  fi
  passed=$((passed + ok))
  failed=$((failed + bad))
  skipped=$((skipped + skip))
  [ "$bad" = 0 ] || bad_suites="$bad_suites $name"
}

skip_suite() { # NAME REASON
  [[ " $suites " == *" $1 "* ]] || return 0
  echo
  echo "== $1"
  echo "ok - $1 # SKIP $2"
  skipped=$((skipped + 1))
}

suite lint 300 tests/lint/check_lint.sh
suite builds 300 tests/build/check_builds.sh
suite abi 300 tests/nt/check_abi.sh
suite ring 120 build/native/tests/ring/test_ring
suite ring 120 build/native/tests/ring/test_ring_threads
suite models 420 model/check_models.sh
suite ndis 300 build/native/tests/ndis/test_ndis
suite ntsim 120 build/native/tests/ntsim/test_ntsim
suite ntsim 120 build/native/tests/ntsim/test_ntsim_threads
suite catalog 120 tests/catalog/check_catalog.sh
if [ $fetched = 0 ]; then
  suite ring-windows 300 env CULVERT_HOST="$PWD/build/dist/host" CULVERT_PREFIX="$PWD/build/e2e-prefix" \
    winehost/launch.sh build/windows-amd64/tests/windows/test_ring_windows.exe
else
  skip_suite ring-windows "the source of CMocka could not be fetched: $(tail -n 1 build/cmocka.log)"
fi
report=build/selftest-report.tap
run_selftest() {
  tests/selftest/run_selftest.sh | tee $report
  return "${PIPESTATUS[0]}"
}
export -f run_selftest
export report
for name in e2e selftest api-doc mutants kill-points; do
  [ "$(id -u)" = 0 ] || { skip_suite $name "only root can make network namespaces and interfaces"; continue; }
  case $name in
    e2e) suite e2e 900 tests/e2e/e2e.sh ;;
    selftest) suite selftest 400 bash -c run_selftest ;;
    api-doc) suite api-doc 60 tests/selftest/check_api_doc.sh "$([ -f $report ] && echo $report)" ;;
    mutants) suite mutants 400 tests/selftest/check_mutants.sh ;;
    kill-points) suite kill-points 450 tests/selftest/check_kill_points.sh ;;
  esac
done

echo
[ -z "$bad_suites" ] || echo "Failed:$bad_suites"
if [ "$skipped" = 0 ]; then
  echo "$passed passed, $failed failed"
else
  echo "$passed passed, $failed failed, $skipped skipped"
fi
[ "$failed" = 0 ]
