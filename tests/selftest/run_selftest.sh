#!/bin/bash
# SPDX-License-Identifier: MIT
# The conformance suite under Wine, in a network namespace and a prefix of its own. TAP on standard output.
#   run_selftest.sh [OPTION...]    options of culvert-selftest.exe, for example --only 'Receive*'
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/sandbox.sh
program_file=${CULVERT_SELFTEST:-build/windows-amd64/tests/selftest/culvert-selftest.exe}
dll=${CULVERT_SELFTEST_DLL:-build/dist/bin/amd64/culvert.dll}
LIMIT_SECONDS=900

if [ "$(id -u)" != 0 ]; then
  echo "ok 1 - the conformance suite # SKIP only root can make network namespaces and interfaces"
  exit 0
fi
work=$(mktemp -d)
finish() {
  trap - EXIT
  sandbox_leave
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

export CULVERT_PREFIX=${CULVERT_PREFIX:-$PWD/build/selftest-prefix}
# The program finds the DLL where a user has it: beside itself.
cp "$program_file" "$dll" "$work/" || exit 1
sandbox_enter selftest || { echo "not ok 1 - a network namespace for the conformance suite"; exit 1; }
# An earlier run may have been interrupted.
in_sandbox winehost/launch.sh "$work/culvert-selftest.exe" --clean >"$work/clean" 2>&1 </dev/null ||
  sed 's/^/# /' "$work/clean"
start_program "$work/output" "$work/culvert-selftest.exe" "$@"
end=$((SECONDS + LIMIT_SECONDS))
while kill -0 "$program" 2>/dev/null && [ $SECONDS -lt $end ]; do
  sleep 0.2
done
if kill -0 "$program" 2>/dev/null; then
  kill -TERM "$program"
  wait "$program"
  cat "$work/output"
  echo "not ok - the conformance suite did not end within $LIMIT_SECONDS seconds"
  exit 1
fi
wait "$program"
status=$?
# What the host says about interfaces is no part of the report.
tr -d '\r' <"$work/output" | sed 's/^culvert: /# &/'
left=$(in_sandbox ip -brief link show | grep -v '^lo ')
if [ -n "$left" ]; then
  echo "not ok - interfaces are left: $left"
  status=1
fi
left=$(sandbox_processes_left)
if [ -n "$left" ]; then
  echo "not ok - processes are left: $left"
  status=1
fi
exit $status
