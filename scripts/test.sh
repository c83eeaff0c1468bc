#!/bin/bash
# SPDX-License-Identifier: MIT
# Everything that must pass. Every suite speaks TAP; the last line is the sum over all of them.
#   test.sh [SUITE...]    only these; the names are in ALL below
set -u
cd "$(dirname "$0")/.." || exit 1
ALL="lint static builds abi ring models ndis ntsim schedule coverage driver-mutants fuzz speed catalog ring-windows e2e selftest packages api-doc mutants kill-points hostile"
suites=${*:-$ALL}
for name in $suites; do
  [[ " $ALL " == *" $name "* ]] || { echo "test.sh: there is no suite \"$name\", only: $ALL" >&2; exit 2; }
done
export CMOCKA_MESSAGE_OUTPUT=TAP

./scripts/setup.sh test || exit 1
mkdir -p build
./tests/windows/fetch-cmocka.sh build/cmocka >build/cmocka.log 2>&1
fetched=$?
[ $fetched = 0 ] && rm -f build/cmocka.log
./scripts/build.sh || { echo "1 failed: the build"; echo "0 passed, 1 failed"; exit 1; }
./scripts/build.sh native || { echo "1 failed: the native build"; echo "0 passed, 1 failed"; exit 1; }

work=$(mktemp -d)
touch "$work/results"

# The suites are divided into two lanes that run beside each other, each one suite after the other:
# those under Wine spend much of their time waiting. (The mutants, which have a prefix of their own,
# are in the other lane: so both take about the same time.) While both run, what a suite prints is
# shown when it has ended.
lane_native=()
lane_wine=()

# Adds a suite to the lane $lane.
suite() { # NAME SECONDS COMMAND...
  [[ " $suites " == *" $1 "* ]] || return 0
  local -n commands=lane_$lane
  commands+=("${*@Q}")
}

skip_suite() { # NAME REASON
  suite "$1" 1 echo "ok - $1 # SKIP $2"
}

lane=native
suite lint 600 tests/lint/check_lint.sh
suite static 600 tests/lint/check_static.sh
suite builds 600 tests/build/check_builds.sh
suite abi 300 tests/nt/check_abi.sh
suite ring 120 build/native/tests/ring/test_ring
suite ring 120 build/native/tests/ring/test_ring_threads
suite ring 240 build/native/tests/ring/test_ring_races
suite models 600 model/check_models.sh
suite ndis 300 build/native/tests/ndis/test_ndis
suite ntsim 600 build/native/tests/ntsim/test_ntsim
suite ntsim 600 build/native/tests/ntsim/test_ntsim_threads
suite ntsim 240 build/native/tests/ntsim/test_ntsim_access
suite schedule 600 build/native/tests/ntsim/test_ntsim_schedule --seeds 1000 --seconds 40
suite driver-mutants 1400 tests/mutants/check_driver_mutants.sh
suite coverage 300 tests/ntsim/check_coverage.sh
suite fuzz 300 tests/fuzz/check_fuzz.sh
suite speed 600 tests/speed/check_speed.sh
suite catalog 300 tests/catalog/check_catalog.sh

lane=wine
if [ $fetched = 0 ]; then
  suite ring-windows 300 env CULVERT_HOST="$PWD/build/dist/host" CULVERT_PREFIX="$PWD/build/e2e-prefix" \
    winehost/launch.sh build/windows-amd64/tests/windows/test_ring_windows.exe
else
  skip_suite ring-windows "the source of CMocka could not be fetched: $(tail -n 1 build/cmocka.log)"
fi
report=build/selftest-report.tap
packages_report=build/packages-report.tap
for name in e2e selftest packages api-doc kill-points hostile mutants; do
  [ "$(id -u)" = 0 ] || { skip_suite $name "only root can make network namespaces and interfaces"; continue; }
  case $name in
    e2e) suite e2e 1400 tests/e2e/e2e.sh ;;
    selftest) suite selftest 1100 bash -o pipefail -c "tests/selftest/run_selftest.sh | tee $report" ;;
    packages) suite packages 900 bash -o pipefail -c "tests/selftest/check_packages.sh | tee $packages_report" ;;
    api-doc)
      suite api-doc 60 bash -c "tests/selftest/check_api_doc.sh \$([ ! -f $report ] || [ ! -f $packages_report ] || echo $report $packages_report)"
      ;;
    kill-points) suite kill-points 1400 tests/selftest/check_kill_points.sh ;;
    hostile) suite hostile 1400 tests/hostile/check_hostile.sh ;;
    mutants) lane=native suite mutants 1450 tests/selftest/check_mutants.sh ;;
  esac
done

# Runs one suite and notes its lines. One that ends with a bad status without a failed line, or
# without any line, counts as one failure.
run_suite() { # NAME SECONDS COMMAND...
  local name=$1 limit=$2 output=$work/$BASHPID start=$SECONDS status ok bad skip
  shift 2
  [ -z "$alone" ] || printf '\n== %s\n' "$name"
  timeout --kill-after=20 "$limit" "$@" 2>&1 </dev/null | keep "$output" &
  wait $!
  status=$?
  skip=$(grep -cE '^ok .*# SKIP' "$output")
  ok=$(($(grep -cE '^ok ' "$output") - skip))
  bad=$(grep -cE '^not ok ' "$output")
  exec 8>"$work/lock"
  flock 8
  [ -n "$alone" ] || { printf '\n== %s\n' "$name"; cat "$output"; }
  if [ $((ok + bad + skip)) = 0 ] || { [ $status != 0 ] && [ "$bad" = 0 ]; }; then
    echo "not ok - $name: $((ok + bad + skip)) lines, then status $status"
    bad=$((bad + 1))
  fi
  echo "# $name: $((SECONDS - start)) s"
  echo "$name $ok $bad $skip" >>"$work/results"
  exec 8>&-
}

keep() { # FILE: standard input, shown at once only if no other lane runs
  if [ -n "$alone" ]; then tee "$1"; else cat >"$1"; fi
}

# A background job's first process is the `timeout` of its suite, which ends what it started.
run_lane() { # COMMAND...
  trap 'kill $(jobs -p) 2>/dev/null; wait; exit 130' TERM
  local command
  for command; do
    eval "run_suite $command"
  done
}

finish() {
  trap - EXIT
  # shellcheck disable=SC2046
  kill $(jobs -p) 2>/dev/null
  wait
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
set -o pipefail
alone=
if [ ${#lane_native[@]} = 0 ] || [ ${#lane_wine[@]} = 0 ]; then alone=1; fi
run_lane "${lane_native[@]}" &
run_lane "${lane_wine[@]}" &
wait

echo
failures=$(awk '$3 {print $1}' "$work/results" | sort -u | paste -sd' ')
[ -z "$failures" ] || echo "Failed: $failures"
awk '{passed += $2; failed += $3; skipped += $4}
     END {printf "%d passed, %d failed", passed, failed
          if (skipped) printf ", %d skipped", skipped
          print ""
          exit failed || !passed}' "$work/results"
