# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by the demo and the end-to-end tests: a network namespace of their own, Windows programs in
# it, and the certainty that nothing is left of them afterwards.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CULVERT_HOST=$root/build/dist/host
sandbox_namespaces=
sandbox_programs=

sandbox_enter() { # NAME: makes the network namespace culvert-NAME-PID; its name is in $namespace
  namespace=culvert-$1-$$
  ip netns add "$namespace" || return 1
  sandbox_namespaces="$sandbox_namespaces $namespace"
  ip -n "$namespace" link set lo up
}

in_sandbox() { ip netns exec "$namespace" "$@"; }

sandbox_processes_left() { # those in $namespace; the launcher's own may take a moment to die
  local left
  for _ in $(seq 100); do
    left=$(ip netns pids "$namespace")
    [ -n "$left" ] || return
    sleep 0.05
  done
  echo "$left"
}

start_program() { # LOG PROGRAM [ARG...]: in $namespace, in the background; its launcher's id is in $program
  local log=$1
  shift
  # Here and not in the background, where it might come after the first look of wait_for_line.
  : >"$log" || return 1
  # A job of its own, and env: in a script, a background process would be started with SIGINT ignored, for good;
  # so would all that we start if we are one.
  set -m
  ip netns exec "$namespace" env --default-signal=INT "$root/winehost/launch.sh" "$@" >>"$log" 2>&1 </dev/null &
  program=$!
  set +m
  sandbox_programs="$sandbox_programs $program"
}

wait_for_line() { # LOG PATTERN SECONDS: until the log has such a line; fails if it does not come
  local end=$((SECONDS + $3))
  until grep -qE -- "$2" "$1" 2>/dev/null; do
    [ $SECONDS -lt $end ] || return 1
    [ -z "${program-}" ] || kill -0 "$program" 2>/dev/null || grep -qE -- "$2" "$1" || return 1
    sleep 0.05
  done
}

stop_program() { # SIGNAL: asks the program to end, and returns its exit status; it has two minutes
  local end=$((SECONDS + 120))
  kill -"$1" "$program" 2>/dev/null
  while kill -0 "$program" 2>/dev/null; do
    [ $SECONDS -lt $end ] || kill -TERM "$program" 2>/dev/null
    sleep 0.05
  done
  wait "$program"
}

sandbox_leave() {
  local id name
  for id in $sandbox_programs; do
    if kill -0 "$id" 2>/dev/null; then
      kill -TERM "$id" 2>/dev/null
      wait "$id" 2>/dev/null
    fi
  done
  for name in $sandbox_namespaces; do
    ip netns delete "$name" 2>/dev/null
  done
  sandbox_programs=
  sandbox_namespaces=
}
