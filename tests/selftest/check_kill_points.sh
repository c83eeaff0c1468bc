#!/bin/bash
# SPDX-License-Identifier: MIT
# A process that is killed at any system-changing call of the DLL leaves a state that the next call
# repairs; a call that fails makes the function fail and leaves nothing half made, also when the process is
# killed while it undoes what it had done. Builds a DLL that can be told at which call to die or to fail
# (kill/kill_point.h), and wrong ones, the patches of kill/mutants/, which must be noticed. Their heads say
# what is broken, and which calls must fail for it to be seen ("Calls: TEXT"). TAP on standard output.
#   check_kill_points.sh [--all]    at all calls, which takes minutes; else at a sample of them
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/sandbox.sh
suite_program=${CULVERT_SELFTEST:-build/windows-amd64/tests/selftest/culvert-selftest.exe}
dll=${CULVERT_SELFTEST_DLL:-build/dist/bin/amd64/culvert.dll}
kill=tests/selftest/kill
LIMIT_SECONDS=900
MUTANT_SECONDS=120
[ "${1-}" != --all ] || LIMIT_SECONDS=1800

if [ "$(id -u)" != 0 ]; then
  echo "ok 1 - killed at each system-changing call # SKIP only root can make network namespaces and interfaces"
  exit 0
fi
export CULVERT_PREFIX=${CULVERT_PREFIX:-$PWD/build/selftest-prefix}
work=$(mktemp -d)
finish() {
  trap - EXIT
  exec 5>&-
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

# Every function of the system that the DLL can call is either hooked or known to be harmless.
{
  x86_64-w64-mingw32-objdump -p "$dll" | awk '/DLL Name:/ {within = 1} NF == 0 {within = 0}
    within && $1 ~ /^[0-9a-f]+$/ {print $NF}'
  cat api/*.c | tr -d '\n' | grep -oE 'GetProcAddress\([^;]*;' | sed -E 's/.*"([A-Za-z0-9_]+)"\);$/\1/'
} | sort -u >"$work/called"
{
  sed -nE 's/^#define ([A-Z][A-Za-z0-9_]+)(\(\.\.\.\)|\(Code, \.\.\.\)| KillSet).*/\1/p' $kill/kill_point.h
  sed -nE 's/.*lstrcmpA\(Name, "(.*)"\).*/\1/p' $kill/kill_point.c
} | sort -u >"$work/hooked"
grep -v '^#' $kill/harmless.txt | sort -u >"$work/harmless"
[ "$(wc -l <"$work/called")" -ge 100 ] || give_up "the DLL's imports can be read"
unknown=$(sort -u "$work/hooked" "$work/harmless" | comm -23 "$work/called" - | paste -sd' ')
stale=$(sort -u "$work/hooked" "$work/harmless" | comm -13 "$work/called" - | paste -sd' ')
both=$(comm -12 "$work/hooked" "$work/harmless" | paste -sd' ')
echo "# of $(wc -l <"$work/called") functions that the DLL calls, $(wc -l <"$work/hooked") are hooked"
[ -z "$unknown$stale$both" ] ||
  give_up "all that the DLL calls is hooked or harmless: neither: $unknown; both: $both; not called: $stale"

# Only what the DLL is made of is built, once as it is and then what each patch changes.
tree=$work/tree
mkdir "$tree" "$work/run"
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$tree"
build_dll() { ninja -C "$work/build" -j2 culvert >"$work/log" 2>&1 && cp "$work/build/api/culvert.dll" "$work/run/"; }
{ cmake -S "$tree" -B "$work/build" -G Ninja --toolchain cmake/windows-toolchain.cmake \
  -DCULVERT_ARCHITECTURE=amd64 -DCULVERT_TEST_KILL=ON >"$work/log" 2>&1 && build_dll; } ||
  give_up "building the DLL with kill points"
cp "$suite_program" "$work/run/culvert-selftest.exe" || give_up "the program can be copied"
sandbox_enter kill || give_up "a network namespace"
run() { # SECONDS OPTION...
  local seconds=$1
  shift
  ip netns exec "$namespace" timeout --kill-after=20 "$seconds" winehost/launch.sh \
    "$work/run/culvert-selftest.exe" "$@" </dev/null 2>"$work/errors" | tr -d '\r' | tee "$work/output"
  return "${PIPESTATUS[0]}"
}
# One program keeps Wine's server running, so that each run starts at once.
mkfifo "$work/idle"
exec 5<>"$work/idle"
ip netns exec "$namespace" winehost/launch.sh "$work/run/culvert-selftest.exe" --child idle \
  <"$work/idle" >"$work/idle.log" 2>&1 5>&- &
program=$!
sandbox_programs=$program
wait_for_line "$work/idle.log" '^ready' 240 || give_up "Wine starts"
# An earlier run may have been interrupted.
run 60 --clean >"$work/log" 2>&1 || sed 's/^/# /' "$work/log"

run "$LIMIT_SECONDS" --kill-points ${1:+"$1"}
status=$?
# What is hooked is also called, but for what the DLL looks up and finds on Windows only.
never=$(sed -nE 's/^# +[0-9]+ ([A-Za-z0-9_]+)(-\w+)?$/\1/p' "$work/output" | sort -u | comm -13 - "$work/hooked" | paste -sd' ')
echo "# hooked and never called: ${never:-none}"
if [ "$never" != CreatePrivateNamespaceW ]; then
  echo "not ok - each hooked function is called, but CreatePrivateNamespaceW, which the DLL does without under Wine"
  status=1
fi

noticed() { # PATCH: the outcome is in $why
  local calls built
  calls=$(sed -n 's/^Calls: *//p;/^---/q' "$1")
  patch -s -p1 -d "$tree" <"$1" || { why="the patch does not apply"; return 1; }
  build_dll
  built=$?
  patch -s -R -p1 -d "$tree" <"$1"
  [ $built = 0 ] || { why="it does not compile: $(grep -m 1 'error:' "$work/log")"; return 1; }
  run "$MUTANT_SECONDS" --failing-calls "$calls" >/dev/null && { why="the test passes"; return 1; }
  why=$(grep -m 1 -B 1 '^not ok' "$work/output" | head -n 1)
  grep -q "^not ok .*$calls" "$work/output"
}
for patch in "$kill"/mutants/*.patch; do
  if noticed "$PWD/$patch"; then
    echo "ok - $(basename "$patch" .patch) is noticed: $(head -n 1 "$patch")"
  else
    echo "not ok - $(basename "$patch" .patch) is noticed: $(head -n 1 "$patch")"
    status=1
  fi
  echo "# ${why#\# }"
done
# What a wrong DLL has left.
build_dll && run 60 --clean >"$work/log" 2>&1 || sed 's/^/# /' "$work/log"
left=$(in_sandbox ip -brief link show | grep -v '^lo ')
if [ -n "$left" ]; then
  echo "not ok - interfaces are left: $left"
  status=1
fi
exit "$status"
