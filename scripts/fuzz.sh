#!/bin/bash
# SPDX-License-Identifier: MIT
# Fuzzes the driver on the simulated kernel (tests/fuzz). What is found grows in build/fuzz/TARGET.
#   fuzz.sh [TARGET] [SECONDS]   one target, or all in turn, each for SECONDS (default 60)
#   fuzz.sh TARGET FILE...       repeats inputs, such as one that crashed
#   fuzz.sh --list               the targets
#   fuzz.sh --merge [TARGET]     makes the smallest corpus that covers what all inputs so far cover, in
#                                tests/fuzz/corpus/TARGET
set -u
cd "$(dirname "$0")/.." || exit 1
corpus=tests/fuzz/corpus
work=build/fuzz
. tests/fuzz/settings.sh

targets=()
for file in tests/fuzz/fuzz_*.c; do
  name=${file##*/fuzz_}
  targets+=("${name%.c}")
done

usage() {
  sed -n '4,9s/^# \{0,3\}//p' "$0" >&2
  echo "targets: ${targets[*]}" >&2
  exit 2
}

is_target() { [[ " ${targets[*]} " == *" $1 "* ]]; }

build() {
  ./scripts/setup.sh test >&2 && ./scripts/build.sh --quiet native >&2 || exit 1
}

fuzz() { # TARGET SECONDS
  local target=$1 crashes
  mkdir -p "$work/$target" "$work/crashes" "$corpus/$target"
  crashes=$work/crashes/$target-
  echo "== $target, for $2 s; new inputs in $work/$target, the log in $work/$target.log"
  if $fuzz_programs/fuzz_"$target" "${fuzz_options[@]}" -max_total_time="$2" -print_final_stats=1 \
    -artifact_prefix="$crashes" "$work/$target" "$corpus/$target" >"$work/$target.log" 2>&1; then
    grep -E '^(stat::number_of_executed_units|stat::average_exec_per_sec|stat::new_units_added)' "$work/$target.log"
    grep -E ' cov: ' "$work/$target.log" | tail -n 1
    return 0
  fi
  fuzz_report "$work/$target.log" 40
  local file
  file=$(grep -oE "${crashes}[a-z]+-[0-9a-f]{40}" "$work/$target.log" | tail -n 1)
  echo "Found: ${file:-no input was kept}. Repeat it with: ./run fuzz $target ${file:-FILE}"
  return 1
}

merge() { # TARGET
  local target=$1 new before after
  mkdir -p "$work/$target" "$corpus/$target"
  new=$(mktemp -d "$work/merge.XXXXXX")
  if ! $fuzz_programs/fuzz_"$target" "${fuzz_options[@]}" -set_cover_merge=1 "$new" "$corpus/$target" \
    "$work/$target" >"$work/$target-merge.log" 2>&1; then
    tail -n 20 "$work/$target-merge.log"
    rm -rf "$new"
    return 1
  fi
  before=$(find "$corpus/$target" -type f | wc -l)
  rm -rf "${corpus:?}/$target"
  mv "$new" "$corpus/$target"
  chmod 755 "$corpus/$target"
  after=$(find "$corpus/$target" -type f | wc -l)
  echo "$target: $before inputs before, $after now, $(cat "$corpus/$target"/* | wc -c) bytes"
}

case ${1-} in
  --list) printf '%s\n' "${targets[@]}"; exit 0 ;;
  --merge)
    [ $# -le 2 ] && { [ $# = 1 ] || is_target "$2"; } || usage
    build
    for target in ${2-"${targets[@]}"}; do
      merge "$target" || exit 1
    done
    exit 0
    ;;
esac

seconds=60
chosen=("${targets[@]}")
if [ $# -gt 0 ] && is_target "$1"; then
  chosen=("$1")
  shift
  if [ $# -gt 0 ] && [ -f "$1" ]; then
    build
    exec $fuzz_programs/fuzz_"${chosen[0]}" "${fuzz_options[@]}" "$@"
  fi
fi
if [ $# -gt 0 ]; then
  [[ $# = 1 && $1 =~ ^[1-9][0-9]*$ ]] || usage
  seconds=$1
fi
build
failed=0
for target in "${chosen[@]}"; do
  fuzz "$target" "$seconds" || failed=1
done
exit $failed
