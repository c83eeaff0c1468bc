#!/bin/bash
# SPDX-License-Identifier: MIT
# Spin over the models: each holds as it is, and fails with every mutant. TAP on standard output.
set -u
cd "$(dirname "$0")" || exit 1
models=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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

# Prints "errors: N" or "incomplete" after a search of all states (or until the first error).
search() { # MODEL [MUTANT]
  local directory=$work/$1-${2-none}
  mkdir -p "$directory"
  (
    cd "$directory" || exit
    spin ${2:+-D$2} -a "$models/$1.pml" >spin.log 2>&1 || { echo "spin: $(head -n 1 spin.log)"; exit; }
    cc -O2 -w -DSAFETY -DMEMLIM=4096 -DVECTORSZ=2048 -o pan pan.c >cc.log 2>&1 || { echo "cc: $(head -n 1 cc.log)"; exit; }
    timeout 240 ./pan -m2000000 >pan.log 2>&1
    if grep -q 'max search depth too small\|out of memory\|aborted' pan.log; then
      echo incomplete
    else
      grep -o 'errors: [0-9]*' pan.log || echo incomplete
    fi
  )
}

check() { # MODEL MUTANT...
  local model=$1 mutant found
  shift
  found=$(search "$model")
  [ "$found" = "errors: 0" ]
  result $? "$model: holds in all states ($(grep -ho '[0-9.e+]* states, stored' "$work/$model-none/pan.log" | head -n 1); $found)"
  for mutant in "$@"; do
    found=$(search "$model" "$mutant")
    [[ $found == "errors: "* && $found != "errors: 0" ]]
    result $? "$model: $mutant is found ($(grep -hoE 'assertion violated|invalid end state' "$work/$model-$mutant/pan.log" | head -n 1); $found)"
  done
}

# Every -D of a model is a mutant, so none is forgotten.
mutants() { grep -oE '^#ifn?def [A-Z_]+' "$models/$1.pml" | awk '{print $2}' | sort -u; }

for model in ring session; do
  # shellcheck disable=SC2046
  check $model $(mutants $model)
done
echo "1..$number"
[ "$failed" = 0 ]
