#!/bin/bash
# SPDX-License-Identifier: MIT
# The instructions per packet of driver and DLL, in both directions, may not become more than 5 % more
# than instructions.tsv says. They do not depend on what else the machine does, only on the compiler.
#   check_speed.sh            prints TAP
#   check_speed.sh --renew    writes instructions.tsv
set -u
cd "$(dirname "$0")/../.." || exit 1
bench=build/native/bench
table=tests/speed/instructions.tsv
if [ "${1-}" = --renew ]; then
  tests/speed/count.py $bench/count_bench >$table.new && mv $table.new $table
  exit
fi
tests/speed/count.py $bench/count_bench $table | grep -v '^1\.\.'
[ "${PIPESTATUS[0]}" -le 1 ] || exit 1
# It must notice session code that takes more: the same, but nothing inlined.
slower=$(tests/speed/count.py $bench/count_bench_slower $table 1)
if [ "$(grep -c '^not ok .* dll ' <<<"$slower")" = 1 ]; then
  echo "ok 11 - slower session code is noticed"
else
  echo "not ok 11 - slower session code is noticed"
  sed 's/^/# /' <<<"$slower"
fi
echo "1..11"
