#!/bin/bash
# SPDX-License-Identifier: MIT
# Scenarios on the simulated kernel under its scheduler (ntsim/scheduler.h), with seeds that nobody has
# tried before.
#   schedule.sh [SECONDS] [OPTION...]   all scenarios in turn for SECONDS (default 600); the options are
#                                       those of tests/ntsim/schedule_main.c
# A seed that fails is printed with what it found and how to repeat it; the exit status is then 1.
set -u
cd "$(dirname "$0")/.." || exit 1
seconds=600
if [[ ${1-} =~ ^[0-9]+$ ]]; then
  seconds=$1
  shift
fi
./scripts/setup.sh test >&2 && ./scripts/build.sh --quiet native >&2 || exit 1
from=$((SRANDOM * 4294967296 + SRANDOM))
from=${from#-}
echo "# from seed $from"
exec build/native/tests/ntsim/test_ntsim_schedule --from "$from" --seeds 1000000000 --seconds "$seconds" "$@"
