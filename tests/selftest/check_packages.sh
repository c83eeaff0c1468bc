#!/bin/bash
# SPDX-License-Identifier: MIT
# Several versions of the driver on one computer: the DLL as it is plays the older one; of it, a copy
# with a higher version is under test, and one with a still higher version and another contract is the
# newer one. The one under test gives other processes less time, so that tests can await its end.
# TAP on standard output.
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/sandbox.sh
suite_program=${CULVERT_SELFTEST:-build/windows-amd64/tests/selftest/culvert-selftest.exe}
older=${CULVERT_SELFTEST_DLL:-build/dist/bin/amd64/culvert.dll}
LIMIT_SECONDS=400
TESTS='Older*,Newer*,VersionOfLoaded,MutexHeld'

if [ "$(id -u)" != 0 ]; then
  echo "ok 1 - several versions of the driver # SKIP only root can make network namespaces and interfaces"
  exit 0
fi
export CULVERT_PREFIX=${CULVERT_PREFIX:-$PWD/build/packages-prefix}
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

change() { # FILE FROM TO: fails if the file has no FROM
  grep -q -- "$2" "$1" && sed -i "s/$2/$3/" "$1"
}

# The DLL with the driver in it, of another version; more may be changed by a function.
build_version() { # NAME VERSION CHANGES
  local tree=$work/$1
  mkdir "$tree" && tar -c --exclude=./build --exclude=./.git . | tar -x -C "$tree" &&
    change "$tree/CMakeLists.txt" 'project(culvert VERSION [0-9.]*' "project(culvert VERSION $2" &&
    "$3" "$tree" &&
    cmake -S "$tree" -B "$tree/out" -G Ninja --toolchain cmake/windows-toolchain.cmake \
      -DCULVERT_ARCHITECTURE=amd64 && ninja -C "$tree/out" -j1 culvert
}
less_patience() { change "$1/api/namespace.c" 'TAKE_MILLISECONDS .*' 'TAKE_MILLISECONDS 10000'; }
other_contract() { change "$1/contract/session.h" 'CONTRACT_VERSION [0-9]*u' 'CONTRACT_VERSION 999u'; }

build_version tested 2.3 less_patience >"$work/log" 2>&1 &
first=$!
build_version newer 7.9 other_contract >"$work/log2" 2>&1 || { cat "$work/log2" >>"$work/log"; give_up "building a newer DLL"; }
wait $first || give_up "building the DLL to be tested"
mkdir "$work/run"
cp "$suite_program" "$work/run/culvert-selftest.exe" && cp "$older" "$work/run/older.dll" &&
  cp "$work/tested/out/api/culvert.dll" "$work/run/" &&
  cp "$work/newer/out/api/culvert.dll" "$work/run/newer.dll" || give_up "the programs can be copied"
sandbox_enter packages || give_up "a network namespace"
in_sandbox winehost/launch.sh "$work/run/culvert-selftest.exe" --clean >"$work/log" 2>&1 </dev/null ||
  sed 's/^/# /' "$work/log"
ip netns exec "$namespace" timeout --kill-after=20 "$LIMIT_SECONDS" winehost/launch.sh \
  "$work/run/culvert-selftest.exe" --versions "Z:$work/run" --only "${1-$TESTS}" </dev/null \
  2>"$work/errors" | tr -d '\r'
status=${PIPESTATUS[0]}
left=$(in_sandbox ip -brief link show | grep -v '^lo ')
if [ -n "$left" ]; then
  echo "not ok - interfaces are left: $left"
  status=1
fi
exit "$status"
