#!/bin/bash
# SPDX-License-Identifier: MIT
# A process that is killed at any system-changing call of the DLL leaves a state that the next call
# repairs. Builds a DLL that can be told at which call to die (kill/kill_point.h). TAP on standard output.
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/sandbox.sh
suite_program=${CULVERT_SELFTEST:-build/windows-amd64/tests/selftest/culvert-selftest.exe}
LIMIT_SECONDS=400

if [ "$(id -u)" != 0 ]; then
  echo "ok 1 - killed at each system-changing call # SKIP only root can make network namespaces and interfaces"
  exit 0
fi
export CULVERT_PREFIX=${CULVERT_PREFIX:-$PWD/build/selftest-prefix}
work=$(mktemp -d)
finish() {
  trap - EXIT
  sandbox_leave
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
give_up() {
  echo "not ok 1 - $1"
  [ ! -f "$work/log" ] || tail -n 20 "$work/log" | sed 's/^/# /'
  exit 1
}

{ cmake -S . -B "$work/build" -G Ninja --toolchain cmake/windows-toolchain.cmake \
  -DCULVERT_ARCHITECTURE=amd64 -DCULVERT_TEST_KILL=ON && ninja -C "$work/build" -j2 culvert; } \
  >"$work/log" 2>&1 || give_up "building the DLL with kill points"
mkdir "$work/run"
cp "$suite_program" "$work/run/culvert-selftest.exe" && cp "$work/build/api/culvert.dll" "$work/run/" ||
  give_up "the programs can be copied"
sandbox_enter kill || give_up "a network namespace"
# An earlier run may have been interrupted.
in_sandbox winehost/launch.sh "$work/run/culvert-selftest.exe" --clean >"$work/log" 2>&1 </dev/null ||
  sed 's/^/# /' "$work/log"
ip netns exec "$namespace" timeout --kill-after=20 "$LIMIT_SECONDS" winehost/launch.sh \
  "$work/run/culvert-selftest.exe" --kill-points </dev/null 2>"$work/errors" | tr -d '\r'
status=${PIPESTATUS[0]}
left=$(in_sandbox ip -brief link show | grep -v '^lo ')
if [ -n "$left" ]; then
  echo "not ok - interfaces are left: $left"
  status=1
fi
exit "$status"
