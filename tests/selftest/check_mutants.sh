#!/bin/bash
# SPDX-License-Identifier: MIT
# Whether the conformance suite notices a DLL that is wrong: each patch in mutants/ breaks one promise, and
# the check of that promise must fail. TAP on standard output.
#   check_mutants.sh [PATTERN]    only mutants whose name matches
#
# The head of a patch says what is broken, and has the lines "Sentence: ID" and "Tests: NAME[,NAME...]".
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/sandbox.sh
pattern=${1-.}
suite_program=${CULVERT_SELFTEST:-build/windows-amd64/tests/selftest/culvert-selftest.exe}
TEST_SECONDS=120 # one run of a mutant
TOTAL_SECONDS=1400
SOON_MILLISECONDS=3000 # what a wrong DLL never does is not waited for as long as usual

if [ "$(id -u)" != 0 ]; then
  echo "ok 1 - wrong variants of the DLL # SKIP only root can make network namespaces and interfaces"
  exit 0
fi
export CULVERT_PREFIX=${CULVERT_PREFIX:-$PWD/build/mutants-prefix}
work=$(mktemp -d)
tree=$work/tree
finish() {
  trap - EXIT
  exec 5>&-
  sandbox_leave
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

number=0
failed=0
result() { # STATUS TEXT
  number=$((number + 1))
  if [ "$1" = 0 ]; then
    echo "ok $number - $2"
  else
    failed=$((failed + 1))
    echo "not ok $number - $2"
  fi
}
give_up() {
  result 1 "$1"
  [ ! -f "$work/log" ] || tail -n 20 "$work/log" | sed 's/^/# /'
  exit 1
}

mutants=
for patch in tests/selftest/mutants/*.patch; do
  [[ $(basename "$patch" .patch) =~ $pattern ]] && mutants="$mutants $PWD/$patch"
done
[ -n "$mutants" ] || give_up "no mutant's name matches $pattern"

# Only what the DLL is made of is built, once as it is and then what each patch changes.
mkdir "$tree"
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$tree"
build_dll() { ninja -C "$work/build" -j2 culvert >"$work/log" 2>&1; }
cmake -S "$tree" -B "$work/build" -G Ninja --toolchain cmake/windows-toolchain.cmake \
  -DCULVERT_ARCHITECTURE=amd64 >"$work/log" 2>&1 || give_up "configuring the copy"
build_dll || give_up "building the DLL as it is"

mkdir "$work/good" "$work/bad"
cp "$suite_program" "$work/good/culvert-selftest.exe" && cp "$work/build/api/culvert.dll" "$work/good/" ||
  give_up "the programs can be copied"
cp "$suite_program" "$work/bad/culvert-selftest.exe"
head_line() { sed -n "s/^$2: *//p;/^---/q" "$1"; }
run() { # FOLDER SECONDS OPTION...
  local folder=$1 seconds=$2
  shift 2
  ip netns exec "$namespace" timeout --kill-after=20 "$seconds" "$root/winehost/launch.sh" \
    "$work/$folder/culvert-selftest.exe" "$@" </dev/null 2>"$work/errors" | tr -d '\r' >"$work/output"
  return "${PIPESTATUS[0]}"
}

sandbox_enter mutants || give_up "a network namespace"
# One program keeps Wine's server running, so that each run starts at once.
mkfifo "$work/idle"
exec 5<>"$work/idle"
ip netns exec "$namespace" "$root/winehost/launch.sh" "$work/good/culvert-selftest.exe" --child idle \
  <"$work/idle" >"$work/idle.log" 2>&1 5>&- &
program=$!
sandbox_programs=$program
wait_for_line "$work/idle.log" '^ready' 240 || give_up "Wine starts"

tests=
for patch in $mutants; do tests="$tests,$(head_line "$patch" Tests)"; done
run good 400 --only "$(tr ',' '\n' <<<"${tests#,}" | sort -u | paste -sd,)"
status=$?
grep '^not ok' "$work/output" | sed 's/^/# /'
result $status "the DLL as it is passes the tests that the mutants must fail"

noticed() { # PATCH: the outcome is in $why
  local sentence
  sentence=$(head_line "$1" Sentence)
  patch -s -p1 -d "$tree" <"$1" || { why="the patch does not apply"; return 1; }
  build_dll
  local built=$?
  patch -s -R -p1 -d "$tree" <"$1"
  [ $built = 0 ] || { why="it does not compile: $(grep -m 1 'error:' "$work/log")"; return 1; }
  cp "$work/build/api/culvert.dll" "$work/bad/"
  if run bad $TEST_SECONDS --soon $SOON_MILLISECONDS --only "$(head_line "$1" Tests)"; then
    why="the suite passes"
    return 1
  fi
  grep -qE "^not ok .*\[$sentence\]" "$work/output" && return 0
  why="the check of $sentence does not fail, but: $(grep -m 3 '^not ok' "$work/output" | paste -sd';')"
  return 1
}

for patch in $mutants; do
  if [ $SECONDS -ge $TOTAL_SECONDS ]; then
    result 1 "$(basename "$patch" .patch): no time was left"
    continue
  fi
  noticed "$patch"
  status=$?
  result $status "$(basename "$patch" .patch): $(head -n 1 "$patch")"
  [ $status = 0 ] || echo "# $why"
  # What a wrong DLL leaves behind is no matter of the next one.
  run good $TEST_SECONDS --clean || echo "# cleaning up failed with status $?"
done
echo "1..$number"
echo "# $SECONDS seconds"
[ "$failed" = 0 ]
