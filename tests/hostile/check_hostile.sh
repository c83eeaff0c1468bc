#!/bin/bash
# SPDX-License-Identifier: MIT
# Hostile applications as Windows programs against the real driver and DLL: nothing hangs, a well-behaved
# program can use the adapter afterwards, and nothing is left. TAP on standard output.
#   check_hostile.sh [PATTERN [SEED]]    only attacks whose name matches, with this seed
#
# What could leak is counted before and after each attack, when all has become quiet:
#   own_handles                 handles of the process that starts the attacks, and uses the DLL itself; without
#                               those of one registry key that Wine's SetupAPI opens and forgets. Up to
#                               three more are no leak: Wine's threads have handles that come and go, and each
#                               attack makes tens of sessions, with three events each
#   driver_handles              handles of the processes that run drivers; not those of Wine's services,
#                               whose threads come and go
#   device_objects              entries of the object directory \Device, but for those that Wine makes below
#                               root devices and never deletes
#   pool_TAG, bytes_TAG         blocks and bytes that the driver and NDIS have allocated from pool
#   server_files, host_files    open files of the Wine server, and of the process that runs the driver
#   host_threads                threads of that process
#   processes, interfaces       processes of the prefix, TUN interfaces
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/sandbox.sh
pattern=${1-.}
seed=${2:-$(($(od -An -N3 -tu4 /dev/urandom)))}
program_file=build/windows-amd64/tests/hostile/hostile.exe
export CULVERT_PREFIX=${CULVERT_PREFIX:-$PWD/build/hostile-prefix}
COMMAND_SECONDS=240 # more than any bound in the program, on a busy machine
QUIET_SECONDS=30   # for what goes away by itself; as a rule, all has gone after 5 s

if [ "$(id -u)" != 0 ]; then
  echo "ok 1 - hostile applications # SKIP only root can make network namespaces and interfaces"
  exit 0
fi
work=$(mktemp -d)
log=$work/log
finish() {
  trap - EXIT
  exec 4>&-
  sandbox_leave
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
number=0
failed=0
result() { # STATUS NAME
  number=$((number + 1))
  if [ "$1" = 0 ]; then
    echo "ok $number - $2"
  else
    failed=$((failed + 1))
    echo "not ok $number - $2"
    echo "# seed $seed"
    tail -n 15 "$log" | tr -d '\r' | sed 's/^/# /'
  fi
}
note() { printf '# %s\n' "$*"; }

# One command; its diagnostics are passed on, and what begins with "counts" is in $answer.
order() { # COMMAND [SEED]
  local line
  answer=
  echo "$*" >&4
  while IFS= read -r -t $COMMAND_SECONDS line <&5; do
    line=${line%$'\r'}
    case $line in
      "done 0") return 0 ;;
      "done "*) return 1 ;;
      counts*) answer=${line#counts } ;;
      "#"*) echo "$line" ;;
    esac
  done
  echo "# no answer to \"$*\" within $COMMAND_SECONDS s"
  return 1
}

# The processes of the namespace: $server, $host (the one that has loaded the driver), and $all.
find_processes() {
  local id
  server='' host='' all=0
  for id in $(ip netns pids "$namespace"); do
    case $(cat "/proc/$id/comm" 2>/dev/null) in
      wineserver*) server=$id ;;
      winedevice.exe) grep -q culvert.sys "/proc/$id/maps" 2>/dev/null && host=$id ;;
    esac
    all=$((all + 1))
  done
}

entries() { # FOLDER
  find "$1" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l
}

# $counts: all of them in one line of "name=number".
take_counts() {
  order counts || return 1
  find_processes
  counts="$answer server_files=$(entries "/proc/$server/fd") host_files=$(entries "/proc/$host/fd")"
  counts+=" host_threads=$(entries "/proc/$host/task") processes=$all"
  counts+=" interfaces=$(in_sandbox ip -brief link show | grep -vc '^lo ')"
}

# Names of counts that are higher in the second line than in the first, with both numbers.
grown() { # BEFORE AFTER
  awk -v before="$1" -v after="$2" 'BEGIN {
    split(before, pairs, " "); for (i in pairs) { split(pairs[i], pair, "="); had[pair[1]] = pair[2] }
    n = split(after, pairs, " ")
    for (i = 1; i <= n; i++) {
      split(pairs[i], pair, "=")
      if (pair[2] > had[pair[1]] + 0) printf "%s: %d -> %d  ", pair[1], had[pair[1]], pair[2]
    }
  }'
}

# The device objects, and how many handles of each object the program has.
show_objects() {
  order objects | sed -E 's/^# (handle [0-9a-f]+ )?//' | sort | uniq -c | sed 's/^/# /'
}

# Waits until the counts are what they were; else $left says what is not.
nothing_left() {
  local end=$((SECONDS + QUIET_SECONDS)) left known
  while :; do
    take_counts || return 1
    # Handles and files of a process that has been started since are not those of the one before.
    known=$(awk '{for (i = 1; i <= NF; i++) if (split($i, pair, "=") && pair[1] == "own_handles") $i = "own_handles=" pair[2] + 3; print}' <<<"$baseline")
    [ "$host" = "$baseline_host" ] || known=$(sed -E 's/(driver_handles|host_files|host_threads)=[0-9]+/\1=999999/g' <<<"$known")
    left=$(grown "$known" "$counts")
    [ -n "$left" ] || break
    [ $SECONDS -lt $end ] || break
    sleep 0.2
  done
  note "before: $baseline"
  note "after:  $counts"
  [ "$host" = "$baseline_host" ] || note "the driver runs in another process by now: its handles, files and threads are not compared"
  [ -z "$left" ] || { note "left: $left"; show_objects; return 1; }
}

attack() { # COMMAND TEXT
  [[ $1 =~ $pattern ]] || return 0
  local start=$SECONDS
  take_counts || { result 1 "$2 (no counts)"; return; }
  baseline=$counts baseline_host=$host
  order "$1" "$seed" && order renew
  result $? "$2"
  nothing_left
  result $? "$1: nothing is left"
  note "$1 took $((SECONDS - start)) s"
}

cp -u build/dist/bin/amd64/culvert.dll "$(dirname "$program_file")/"
sandbox_enter hostile || { result 1 "a network namespace"; exit 1; }
mkfifo "$work/orders" "$work/answers"
set -m
ip netns exec "$namespace" winehost/launch.sh "$program_file" <"$work/orders" >"$work/answers" 2>"$log" &
program=$!
set +m
sandbox_programs=$program
exec 4>"$work/orders" 5<"$work/answers"
note "seed $seed"

# Once before anything is counted: caches fill, and what is made on first use is made.
order use && order flood && order starts && order calm && order renew
result $? "starts: who is refused a session has met one, not another who was refused"
attack sessions "up to 2000 sessions in a row"
order flood
attack killed "killed in each phase of a session, and at any moment"
attack killed-anywhere "killed at any moment of creating and deleting an adapter"
attack suspended "suspended with a full ring under traffic, and the adapter deleted"
attack scribbled "the session's memory scribbled on from several threads"
attack requests "random requests to the device from several threads"
attack closes "handles closed that are in use: events, section, device, all of the process"
attack races "four processes race for the sessions of one adapter"
attack ends "sessions ended by several threads while others are inside"
attack deleted "the adapter deleted under five hostile processes"
order calm
order delete
result $? "the adapter and the driver are deleted"
echo quit >&4
wait $program
result $? "the program that did all this ends"
echo "1..$number"
[ "$failed" = 0 ]
