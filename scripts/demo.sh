#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job, shown: a Windows program makes a network adapter through culvert.dll, and Linux pings
# through it. Ends with status 0 only if every reply came.
set -u
cd "$(dirname "$0")/.." || exit 1

step() { printf '\n==> %s\n' "$*"; }
give_up() {
  printf '\nThe demo failed: %s\n' "$*" >&2
  exit 1
}

step "Installing what is missing, and building (this takes a minute the first time)"
./scripts/setup.sh run || exit 1
./scripts/build.sh --quiet windows-amd64 || exit 1
echo "Built: the driver culvert.sys, culvert.dll with the driver inside, and example.exe."

[ "$(id -u)" = 0 ] || give_up "making network interfaces needs root"
. scripts/sandbox.sh
work=$(mktemp -d)
reader=
finish() {
  trap - EXIT
  sandbox_leave
  [ -z "$reader" ] || kill "$reader" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

adapter=culvert-demo
failures=0
export CULVERT_PREFIX=$PWD/build/demo-prefix

step "Starting the Windows program example.exe under Wine, in a network of its own"
echo "It loads culvert.dll, which installs the driver and creates the adapter \"$adapter\"."
sandbox_enter demo || give_up "no network namespace can be made here"
: >"$work/log"
tail -n +1 -f "$work/log" | sed -u 's/^/    | /' &
reader=$!
start_program "$work/log" build/dist/example/example.exe "$adapter"
wait_for_line "$work/log" '^Session started' 120 || give_up "the program did not get as far as a session"

step "The adapter is a network interface of Linux now"
in_sandbox ip -brief link show "$adapter" || give_up "there is no interface $adapter"
in_sandbox ip address add 10.9.8.1/24 dev "$adapter"
in_sandbox ip -6 address add fd09::1/64 dev "$adapter" nodad

try() { # WHAT COMMAND...
  local what=$1
  shift
  step "$what"
  if "$@"; then
    echo "It came back."
  else
    echo "NOTHING CAME BACK."
    failures=$((failures + 1))
  fi
}

# One read for the whole datagram: the shell itself reads byte by byte.
udp_echo() {
  in_sandbox timeout 5 bash -c '
    exec 3<>/dev/udp/10.9.8.2/7777
    printf "hello through the tunnel" >&3
    answer=$(dd bs=2048 count=1 status=none <&3)
    printf "sent \"hello through the tunnel\", got \"%s\"\n" "$answer"
    [ "$answer" = "hello through the tunnel" ]'
}

try "Ping over IPv4, through the driver, to the program and back" in_sandbox ping -n -c 4 -i 0.2 -W 5 10.9.8.2
try "Ping over IPv6" in_sandbox ping -6 -n -c 4 -i 0.2 -W 5 fd09::2
try "A UDP datagram" udp_echo

step "Stopping the program with Ctrl+C: it deletes the adapter and removes the driver"
stop_program INT || { echo "example.exe ended with status $?"; failures=$((failures + 1)); }
sleep 0.2
kill "$reader" 2>/dev/null
reader=
if in_sandbox ip link show "$adapter" >/dev/null 2>&1; then
  echo "The interface $adapter is still there."
  failures=$((failures + 1))
fi
leftovers=$(find "$CULVERT_PREFIX/drive_c/windows" \( -iname 'culvert.sys' -o -iname 'culvert.inf' \) 2>/dev/null)
if [ -n "$leftovers" ]; then
  printf 'Files are left: %s\n' "$leftovers"
  failures=$((failures + 1))
fi

step "Summary"
grep -E '^Session ended' "$work/log"
if [ "$failures" = 0 ]; then
  echo "Everything came back, and nothing is left behind."
  exit 0
fi
echo "$failures step(s) failed."
exit 1
