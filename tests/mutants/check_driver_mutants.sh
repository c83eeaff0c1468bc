#!/bin/bash
# SPDX-License-Identifier: MIT
# Whether the tools that look for bugs in the driver, and in the DLL's session code, find them: each patch
# in this folder plants one, and the test that it names must fail with the report that it names. TAP on
# standard output.
#   check_driver_mutants.sh [PATTERN]    only mutants whose name matches
#   check_driver_mutants.sh --table      prints the table of docs/testing.md
#
# The head of a patch: in the first line what is broken, then
#   Found-by: TOOL
#   Test: PROGRAM [ARGUMENT...]
#   Report: an extended regular expression, of the lines that say why the test fails
#   Seeds: of each scenario, if it takes more than SEEDS until one shows the bug
#
# The native build must be there. Of each mutant only the sources that it changes are compiled, with the
# commands of that build, and linked with the rest of it: into a driver of its own, which the build's test
# programs load (NTSIM_DRIVER), and, if the session code or the test of the ring is changed, into a test
# program of its own.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
build=$root/build/native
LIMIT=60 # seconds for one run
SEEDS=60 # of each scenario under the scheduler
JOBS=4   # some wait for a deadlock to be one
export CMOCKA_MESSAGE_OUTPUT=TAP NTSIM_SECONDS=6 ASAN_OPTIONS=detect_leaks=0

head_line() { # PATCH KEY
  sed -n "s/^$2: *//p;/^---/q" "$1"
}

table() {
  local patch
  echo '| mutant | what is broken | found by | in |'
  echo '| --- | --- | --- | --- |'
  for patch in tests/mutants/*.patch; do
    echo "| \`$(basename "$patch" .patch)\` | $(head -n 1 "$patch") | $(head_line "$patch" Found-by) |" \
      "\`$(head_line "$patch" Test)\` |"
  done
}

if [ "${1-}" = --table ]; then
  table
  exit
fi

pattern=${1-.}
work=$(mktemp -d)
finish() {
  trap - EXIT
  # shellcheck disable=SC2046
  kill $(jobs -p) 2>/dev/null
  wait
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

# ---- Building ------------------------------------------------------------------------------------

copy_sources() { # DIRECTORY: what can be changed, and what that includes
  mkdir -p "$1/tests"
  cp -r api contract driver include nt ntsim "$1/"
  cp -r tests/ring "$1/tests/"
  ln -s "$root/build" "$1/build"
}

# Folders whose sources are compiled for mutants.
FOLDERS='driver api tests/ring'

# The target of the build that links the sources of a folder for a program; nothing: it has none of them.
target_of() { # PROGRAM FOLDER
  case $1:$2 in
    test_ring*:tests/ring | test_ntsim_schedule:api) echo "$1" ;;
    test_ntsim_access:driver | test_ntsim_schedule:driver) echo ntsim_access_driver ;;
    test_ntsim*:driver) echo "$1_driver" ;;
    fuzz_*:driver) echo fuzz_driver ;;
  esac
}

# Which sources of a folder a patch makes compile differently; without a patch, all.
changed_sources() { # FOLDER [PATCH]
  local file files=contract/all.h sources=
  [ $# = 1 ] || files=$(sed -n 's#^+++ b/##p' "$2")
  for file in $files; do
    case $file in
      "$1"/*.c) sources="$sources|${file//./\\.}" ;;
      "$1"/*.h | contract/*.h) sources="$sources|$1/[a-z_]+\.c" ;;
    esac
  done
  echo "${sources#|}"
}

# Makes TARGET of the native build again: from DIRECTORY those of its sources whose names match CHANGED,
# from the build all else.
rebuild_target() { # TARGET DIRECTORY CHANGED IMAGE
  local directory=$2 command commands=() replace=() object
  mapfile -t commands < <(ninja -C "$build" -t commands "$1" | grep -v '^/usr/bin/cmake')
  cd "$build" || return 1
  for command in "${commands[@]}"; do
    [[ $command =~ \ -o\ ([^ ]+)\ -c\ $root/($3)$ ]] || continue
    object=${BASH_REMATCH[1]}
    replace+=(-e "s#$object#$directory/${object##*/}#g")
    command=${command//"$root/"/"$directory/"}
    bash -c "${command//"$object"/"$directory/${object##*/}"}" || return 1
  done
  [ ${#replace[@]} != 0 ] || { echo "error: no source of $1 matches $3"; return 1; }
  command=$(sed -e 's# -o [^ ]*# -o '"$4"'#' "${replace[@]}" <<<"${commands[-1]}")
  bash -c "$command"
}

# Of what PROGRAM consists of, makes again what PATCH changes, from DIRECTORY, which has it changed: as
# driver.image, api.image, ring.image there. Without PATCH: all.
rebuild() { # PROGRAM DIRECTORY [PATCH]
  local folder target changed status=1
  for folder in $FOLDERS; do
    target=$(target_of "$1" "$folder")
    changed=$(changed_sources "$folder" "${@:3}")
    [[ -n $target && -n $changed ]] || continue
    (rebuild_target "$target" "$2" "$changed" "$2/${folder##*/}.image") || return 1
    status=0
  done
  [ $status = 0 ] || echo "error: $1 has nothing of what is changed"
  return $status
}

# As tests/lint/check_lint.sh does.
analyze() { # FILE...
  local file bad=0
  for file; do
    clang-19 --analyze --analyzer-output text \
      --target=x86_64-w64-mingw32 -std=gnu11 -I"$build/generated" -o /dev/null "$file" 2>&1 | grep . && bad=1
  done
  return $bad
}

program_of() { # PROGRAM
  case $1 in
    fuzz_*) echo "$build/tests/fuzz/$1" ;;
    *) echo "$build/tests/ntsim/$1" ;;
  esac
}

# Runs the test of a line "PROGRAM ARGUMENT..." on what rebuild has made.
run_test() { # DIRECTORY PROGRAM ARGUMENT...
  local directory=$1 program=$2 scenarios=() name run
  shift 2
  for name; do scenarios+=(--scenario "$name"); done
  run=$(program_of "$program")
  for name in api ring; do [ ! -e "$directory/$name.image" ] || run=$directory/$name.image; done
  [ ! -e "$directory/driver.image" ] || local -x NTSIM_DRIVER=$directory/driver.image
  case $program in
    analyze) analyze "${@/#/"$directory/"}" ;;
    test_ntsim_schedule)
      timeout --kill-after=5 "$LIMIT" "$run" --seeds "$SEEDS" --jobs 1 "${scenarios[@]}"
      ;;
    fuzz_*)
      timeout --kill-after=5 "$LIMIT" "$run" -detect_leaks=0 -runs=0 -artifact_prefix="$directory/" "$@"
      ;;
    *) timeout --kill-after=5 "$LIMIT" "$run" "$@" ;;
  esac
}

# ---- Without a mutant ----------------------------------------------------------------------------

# All sources are compiled as those of the mutants are, so that these differ in nothing else.
check_good() { # PROGRAM ARGUMENT...
  local directory=$work/good-$1
  copy_sources "$directory"
  [ "$1" = analyze ] ||
    (rebuild "$1" "$directory") >"$directory/log" 2>&1 ||
    return 1
  LIMIT=600 NTSIM_SECONDS=20 run_test "$directory" "$@" >"$directory/log" 2>&1 </dev/null || return 1
  [[ $1 = fuzz_* || $1 = analyze ]] && return
  local name
  for name in "${@:2}"; do
    grep -qE "^ok .*\b$name(: [0-9]+ seeds)?\$" "$directory/log" ||
      { echo "there is no test $name" >>"$directory/log"; return 1; }
  done
}

# ---- A mutant ----------------------------------------------------------------------------------------

reported() { # PATCH LOG
  grep -qE -- "$(head_line "$1" Report)" "$2"
}

# Prints "found", or why it is not.
check_mutant() { # PATCH
  local directory test status try seeds
  directory=$work/$(basename "$1" .patch)
  read -ra test <<<"$(head_line "$1" Test)"
  seeds=$(head_line "$1" Seeds)
  copy_sources "$directory"
  patch -s -p1 --no-backup-if-mismatch -d "$directory" <"$1" >"$directory/log" 2>&1 ||
    { echo "the patch does not apply"; return; }
  [ "${test[0]}" = analyze ] ||
    (rebuild "${test[0]}" "$directory" "$1") >"$directory/log" 2>&1 ||
    { echo "it does not compile: $(grep -m 1 'error' "$directory/log")"; return; }
  # Where threads run as the system lets them, a bug shows only if they meet: that may need patience
  # when others want the processors too.
  for try in 1 2 3 4 5; do
    SEEDS=${seeds:-$SEEDS} run_test "$directory" "${test[@]}" >"$directory/log" 2>&1 </dev/null
    status=$?
    { [ $status = 0 ] || ! reported "$1" "$directory/log"; } &&
      [[ ${test[0]} =~ ^test_(ring_races|ntsim|ntsim_threads)$ && $try != 5 ]] || break
  done
  if [ $status = 0 ]; then
    echo "the test passes"
  elif ! reported "$1" "$directory/log"; then
    echo "it fails with status $status, but without the report: $(grep -m 1 -E \
      'ntsim: |Sanitizer: |runtime error|is not |!= |no end|not ok' "$directory/log")"
  else
    echo found
  fi
}

patches=()
for patch in tests/mutants/*.patch; do
  [[ $(basename "$patch" .patch) =~ $pattern ]] && patches+=("$root/$patch")
done
[ ${#patches[@]} != 0 ] || { result 1 "no mutant's name matches $pattern"; exit 1; }

# Runs COMMAND ARGUMENT in the background, its output in a file, when fewer than JOBS are running.
start() { # FILE COMMAND ARGUMENT...
  local file=$1
  shift
  while [ "$(jobs -rp | wc -l)" -ge $JOBS ]; do wait -n; done
  "$@" >"$file" 2>&1 &
}

diff <(table) <(sed -n '/^| mutant | what is broken/,/^$/{/^$/d;p}' docs/testing.md) >"$work/table"
result $? "the table in docs/testing.md is that of --table"
sed 's/^/# /' "$work/table"

# One run for each program, of all the tests that mutants name.
declare -A tests=()
for patch in "${patches[@]}"; do
  read -r program arguments <<<"$(head_line "$patch" Test)"
  tests[$program]+=" $arguments"
done
good() { # PROGRAM
  local arguments
  mapfile -t arguments < <(tr ' ' '\n' <<<"${tests[$1]}" | grep . | sort -u)
  check_good "$1" "${arguments[@]}"
  echo $?
}
for program in "${!tests[@]}"; do
  start "$work/$program.good" good "$program"
done
for patch in "${patches[@]}"; do
  start "$work/$(basename "$patch").result" check_mutant "$patch"
done
wait

for program in "${!tests[@]}"; do
  status=$(tail -n 1 "$work/$program.good")
  result "$status" "the driver as it is passes those tests of $program that mutants must fail"
  [ "$status" = 0 ] || tail -n 20 "$work/good-$program/log" | sed 's/^/# /'
done
for patch in "${patches[@]}"; do
  why=$(tail -n 1 "$work/$(basename "$patch").result")
  [ "$why" = found ]
  result $? "$(basename "$patch" .patch): $(head -n 1 "$patch")"
  [ "$why" = found ] || echo "# $why"
done
echo "1..$number"
echo "# $SECONDS seconds"
[ "$failed" = 0 ]
