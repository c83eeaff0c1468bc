#!/bin/bash
# SPDX-License-Identifier: MIT
# End-to-end tests: the real driver and DLL under Wine, real packets from Linux. TAP on standard output.
#   e2e.sh [PATTERN]    only tests whose name matches
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/sandbox.sh
pattern=${1-.}
traffic=build/windows-amd64/tests/windows/traffic.exe
basics=build/windows-amd64/tests/windows/api_basics.exe
example=build/dist/example/example.exe
culvert_example=build/dist/example/culvert_example.exe
peer=build/native/tests/e2e/peer
work=$(mktemp -d)
logs=build/e2e-logs
export CULVERT_PREFIX=$PWD/build/e2e-prefix
# Test programs find the DLL where a user has it: beside themselves.
cp -u build/dist/bin/amd64/culvert.dll "$(dirname "$traffic")/"
rm -rf "$logs"
mkdir -p "$logs"

finish() {
  trap - EXIT
  sandbox_leave
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

number=0
failed=0
detail=
result() { # STATUS NAME
  number=$((number + 1))
  if [ "$1" = 0 ]; then
    echo "ok $number - $2"
  else
    failed=$((failed + 1))
    echo "not ok $number - $2"
    [ -z "$detail" ] || printf '%s\n' "$detail" | sed 's/^/# /'
    tail -n 15 "$log" 2>/dev/null | sed 's/^/# /'
  fi
  detail=
}
note() { printf '# %s\n' "$*"; }

# Each test runs in a namespace of its own, in the background of nothing: a function that returns 0.
run_test() { # FUNCTION NAME
  [[ $1 =~ $pattern ]] || return 0
  log=$logs/$1.log
  local start=$SECONDS
  sandbox_enter "e2e-$1" || { result 1 "$2 (no namespace)"; return; }
  program=
  "$1"
  local status=$?
  result $status "$2"
  sandbox_leave
  # What a failed test has left, an adapter say, is no failure of the next one.
  [ $status = 0 ] || rm -rf "$CULVERT_PREFIX"
  note "$1 took $((SECONDS - start)) s"
}

fail() {
  detail=$*
  return 1
}

ready() { # starts a program and waits until packets can flow
  start_program "$log" "$@"
  wait_for_line "$log" '^ready|^Session started' 240 || fail "did not become ready: $*"
}

linux_side() { # INTERFACE ADDRESS4 ADDRESS6
  in_sandbox ip address add "$2" dev "$1" && in_sandbox ip -6 address add "$3" dev "$1" nodad
}

nothing_left() { # after a program has cleaned up: no interface, driver file or process of the prefix
  local left
  left=$(in_sandbox ip -brief link show | grep -v '^lo ')
  [ -z "$left" ] || { fail "interfaces are left: $left"; return 1; }
  left=$(find "$CULVERT_PREFIX/drive_c/windows" -iname 'culvert.sys' -o -path '*/Temp/*' -type f -newer "$work/start")
  [ -z "$left" ] || { fail "files are left: $left"; return 1; }
  left=$(sandbox_processes_left)
  [ -z "$left" ] || fail "processes are left: $(ps -o pid=,args= -p "$(echo $left | tr ' ' ,)")"
}

api_basics() {
  (cp -u build/dist/bin/amd64/culvert.dll "$(dirname "$basics")/")
  in_sandbox winehost/launch.sh "$basics" >"$log" 2>"$log.err" </dev/null
  local status=$?
  grep -E '^not ok|^# last' "$log" | sed 's/^/# /'
  note "$(grep -c '^ok' "$log") checks of the API passed, $(grep -c '^not ok' "$log") failed"
  [ $status = 0 ] || { fail "status $status; $(tail -n 5 "$log.err")"; return 1; }
  nothing_left
}

echo_example() {
  ready $example echo0 || return 1
  linux_side echo0 10.9.8.1/24 fd09::1/64 || return 1
  in_sandbox ping -n -q -c 20 -i 0.01 -W 5 10.9.8.2 >>"$log" || { fail "no IPv4 replies"; return 1; }
  in_sandbox ping -6 -n -q -c 20 -i 0.01 -W 5 fd09::2 >>"$log" || { fail "no IPv6 replies"; return 1; }
  in_sandbox ping -n -q -c 3 -i 0.01 -W 5 -s 60000 10.9.8.2 >>"$log" || { fail "no large replies"; return 1; }
  stop_program INT || { fail "status $? after Ctrl+C"; return 1; }
  nothing_left
}

batches_example() {
  ready $culvert_example batch0 || return 1
  linux_side batch0 10.9.8.1/24 fd09::1/64 || return 1
  grep -q 'in batches' "$log" || { fail "it does not use batches"; return 1; }
  in_sandbox ping -n -q -c 200 -i 0.002 -l 32 -W 5 10.9.8.2 >>"$log" || { fail "no IPv4 replies"; return 1; }
  in_sandbox ping -6 -n -q -c 20 -i 0.01 -W 5 fd09::2 >>"$log" || { fail "no IPv6 replies"; return 1; }
  stop_program INT || { fail "status $? after Ctrl+C, which cancels a wait"; return 1; }
  note "$(grep '^to the system' "$log" | tr -d '\r')"
  local sent
  sent=$(sed -nE 's/^to the system: ([0-9]+) packets.*/\1/p' "$log")
  [ "${sent:-0}" -ge 220 ] || { fail "the driver counted ${sent:-no} packets of at least 220"; return 1; }
  nothing_left
}

all_sizes() {
  ready $traffic reflect sizes0 || return 1
  local line
  line=$(in_sandbox timeout 240 $peer sizes0 sizes 2>&1) || { fail "$line"; return 1; }
  note "$line"
  stop_program INT
}

many_datagrams() {
  ready $traffic reflect many0 || return 1
  local line
  line=$(in_sandbox timeout 240 $peer many0 count 200000 2>&1) || { fail "$line"; return 1; }
  note "$line"
  stop_program INT || return 1
  # What passed, against the 4 MiB ring: it wrapped many times.
  grep -qE 'reflected: 2[0-9]{5} packets, 0 dropped' "$log" || fail "packets were dropped"
}

bridge_tcp() {
  ready $traffic bridge left0 right0 || return 1
  local far=$namespace-far
  ip netns add "$far" || return 1
  sandbox_namespaces="$sandbox_namespaces $far"
  in_sandbox ip link set right0 netns "$far" || return 1
  in_sandbox ip address add 10.9.7.1/24 dev left0
  ip -n "$far" address add 10.9.7.2/24 dev right0
  # Packets of an ordinary size: Linux would make them as large as the adapters' 65535 bytes.
  in_sandbox ip link set left0 mtu 1500 up
  ip -n "$far" link set right0 mtu 1500 up
  ip netns exec "$far" iperf3 -s -1 --forceflush >"$log.server" 2>&1 &
  local server=$!
  wait_for_line "$log.server" 'Server listening' 30 || { kill $server; fail "iperf3's server does not start"; return 1; }
  in_sandbox timeout 60 iperf3 -c 10.9.7.2 -t 5 -J >"$log.iperf" 2>&1
  local status=$?
  kill $server 2>/dev/null
  wait $server 2>/dev/null
  [ $status = 0 ] || { fail "iperf3: $(tail -n 3 "$log.iperf")"; return 1; }
  note "TCP through two bridged adapters: $(awk -F: '/sum_received/ {on=1} on && /bits_per_second/ {printf "%.0f Mbit/s", $2 / 1e6; exit}' "$log.iperf")"
  stop_program INT
}

# Kills the Windows program in this namespace whose command line has PATTERN, without a chance to clean
# up, and waits for its launcher.
kill_program() { # PATTERN LAUNCHER
  local id
  for id in $(ip netns pids "$namespace"); do
    if [ "$(cat "/proc/$id/comm" 2>/dev/null)" = traffic.exe ] &&
      tr '\0' ' ' <"/proc/$id/cmdline" | grep -q -- "$1"; then
      kill -KILL "$id"
      wait "$2"
      return 0
    fi
  done
  fail "no process to kill"
}

killed_client() {
  ready $traffic reflect killed0 || return 1
  kill_program killed0 "$program" || return 1
  # The stale adapter is replaced by the next program that wants its name.
  ready $traffic reflect killed0 || return 1
  local line
  line=$(in_sandbox timeout 60 $peer killed0 count 1000 2>&1) || { fail "$line"; return 1; }
  stop_program INT
}

killed_while_shared() {
  ready $traffic hold stays0 || return 1
  local first=$program
  log=$log.second
  ready $traffic reflect dies0 || return 1
  kill_program dies0 "$program" || return 1
  log=$log.third
  ready $traffic reflect dies0 || { fail "the adapter of a killed program could not be replaced"; return 1; }
  stop_program INT || return 1
  program=$first
  stop_program INT
}

removal_while_running() {
  in_sandbox timeout 120 winehost/launch.sh $traffic delete-running gone0 >"$log" 2>&1 </dev/null || return 1
  grep -q 'ended with ERROR_HANDLE_EOF' "$log"
}

delete_key() { # KEY below HKLM\System\CurrentControlSet
  in_sandbox winehost/launch.sh reg delete "HKLM\\System\\CurrentControlSet\\$1" /f >"$log" 2>&1 </dev/null ||
    fail "the key $1 cannot be deleted"
}

# A process that dies between the steps of a removal: the device's keys are gone, and Wine's device manager
# does not know it yet. The next device gets its name.
half_removed() {
  ready $traffic hold stays0 || return 1
  local first=$program device guid
  log=$log.second
  ready $traffic reflect half0 || return 1
  device=$(sed -nE 's/.*Created device (ROOT[^ \r]*).*/\1/p' "$log")
  guid=$(sed -nE 's/.*Created adapter (\{[^}]*\}).*/\1/p' "$log")
  kill_program half0 "$program" || return 1
  log=$log.third
  delete_key "Control\\Network\\{4D36E972-E325-11CE-BFC1-08002BE10318}\\$guid" || return 1
  delete_key "Enum\\$device" || return 1
  log=$log.fourth
  ready $traffic reflect half0 || { fail "the adapter after a removal that was broken off did not start"; return 1; }
  grep -q "Created device ${device//\\/\\\\}" "$log" || { fail "the new device is not $device"; return 1; }
  stop_program INT || return 1
  program=$first
  stop_program INT
}

killed_prefix() {
  ready $traffic reflect prefix0 || return 1
  local id
  for id in $(ip netns pids "$namespace"); do
    [ "$id" = "$program" ] || kill -KILL "$id" 2>/dev/null
  done
  kill -KILL "$program" 2>/dev/null
  wait "$program" 2>/dev/null
  ready $traffic reflect prefix0 || { fail "the run after the kill failed"; return 1; }
  local line
  line=$(in_sandbox timeout 60 $peer prefix0 count 1000 2>&1) || { fail "$line"; return 1; }
  stop_program INT
}

install_remove_install() {
  local round
  for round in 1 2 3; do
    ready $example again0 || { fail "round $round"; return 1; }
    linux_side again0 10.9.8.1/24 fd09::1/64
    in_sandbox ping -n -q -c 2 -i 0.01 -W 5 10.9.8.2 >>"$log" || { fail "round $round: no replies"; return 1; }
    stop_program INT || { fail "round $round: status $?"; return 1; }
    nothing_left || return 1
  done
}

two_prefixes() {
  ready $traffic reflect two0 || return 1
  local first=$program here=$namespace line
  log=$log.second
  sandbox_enter e2e-two-b || return 1
  CULVERT_PREFIX=$PWD/build/e2e-prefix-b ready $traffic reflect two0 || return 1
  local second=$program
  line=$(in_sandbox timeout 60 $peer two0 count 2000 2>&1) || { fail "second: $line"; return 1; }
  namespace=$here
  line=$(in_sandbox timeout 60 $peer two0 count 2000 2>&1) || { fail "first: $line"; return 1; }
  program=$second
  stop_program INT || return 1
  line=$(in_sandbox timeout 60 $peer two0 count 2000 2>&1) || { fail "first, after the second ended: $line"; return 1; }
  program=$first
  stop_program INT
}

renamed_dll() {
  mkdir -p "$work/renamed"
  cp $traffic "$work/renamed/"
  cp build/dist/bin/amd64/culvert.dll "$work/renamed/wintun.dll"
  CULVERT_DLL='wintun.dll' ready "$work/renamed/traffic.exe" reflect renamed0 || return 1
  local line
  line=$(in_sandbox timeout 60 $peer renamed0 count 1000 2>&1) || { fail "$line"; return 1; }
  stop_program INT
}

stranger_files() { # NAME: the program, with the DLL beside it under the name that strangers look for
  mkdir -p "$work/stranger"
  cp "build/windows-amd64/tests/windows/$1.exe" "$work/stranger/"
  cp build/dist/bin/amd64/culvert.dll "$work/stranger/wintun.dll"
}

# Its own address through IP Helper, wintun.dll beside it, its two threads: nothing of it is ours.
stranger_program() {
  stranger_files stranger
  ready "$work/stranger/stranger.exe" || return 1
  in_sandbox ip -brief address show stranger0 | grep -q '10.6.7.8/24' || { fail "IP Helper did not set the address"; return 1; }
  in_sandbox timeout 10 "$peer" stranger0 hear 4242 stranger >"$log.heard" 2>&1 || { fail "no datagram: $(cat "$log.heard")"; return 1; }
  in_sandbox ping -n -q -c 3 -i 0.1 -W 1 10.6.7.7 >/dev/null
  # Between them come Linux's answers to datagrams that nobody listens for.
  local end=$((SECONDS + 10))
  until [ "$(grep -c ': 84 bytes of IPv4' "$log")" = 3 ]; do
    [ $SECONDS -lt $end ] || { fail "the pings did not arrive"; return 1; }
    sleep 0.05
  done
  stop_program INT
}

lazy_run() { # MODE: what its four threads write arrives, and what Linux sends
  ready "$work/stranger/stranger_lazy.exe" "$1" || return 1
  wait_for_line "$log" '^sent' 20 || { fail "it did not send all"; return 1; }
  in_sandbox ping -n -q -c 3 -i 0.1 -W 1 10.6.7.7 >/dev/null
  # The last ones may still be on their way.
  local end=$((SECONDS + 3)) arrived='' pings=''
  while [ $SECONDS -lt $end ]; do
    arrived=$(in_sandbox cat /sys/class/net/lazy0/statistics/rx_packets)
    pings=$(grep -c ': 84 bytes of IPv4' "$log")
    [ "$arrived $pings" != '20000 3' ] || break
    sleep 0.05
  done
  [ "$arrived $pings" = '20000 3' ] || { fail "$arrived of 20000 packets and $pings of 3 pings arrived"; return 1; }
  stop_program INT || fail "status $? in mode $1"
}

# The first run leaves session and adapter open; the second finds the adapter, and deletes all at its end.
stranger_lazy() {
  stranger_files stranger_lazy
  lazy_run leave || return 1
  log=$log.second
  lazy_run end || return 1
  grep -q '^an earlier run left the adapter' "$log" || { fail "the adapter of the first run was gone"; return 1; }
  grep -q '^log 0: ' "$log" || { fail "the logger was not called"; return 1; }
  nothing_left
}

stranger_reload() {
  stranger_files stranger_reload
  in_sandbox timeout 240 winehost/launch.sh "$work/stranger/stranger_reload.exe" >"$log" 2>&1 </dev/null ||
    { fail "status $?"; return 1; }
  note "$(grep '^handles: ' "$log" | tr -d '\r')"
}

# Ticks (1/100 s) of processor that the processes of this namespace have used.
processor_ticks() {
  local id total=0 fields
  for id in $(ip netns pids "$namespace"); do
    fields=$(sed 's/.*) //' "/proc/$id/stat" 2>/dev/null) || continue
    total=$((total + $(echo "$fields" | awk '{print $12 + $13}')))
  done
  echo $total
}

idle_processor() {
  ready $traffic reflect idle0 || return 1
  sleep 2
  # What polls does so all the time; what Wine's own services do now and then is over in one of the windows.
  local before used=10 windows=3
  while [ $used -ge 10 ] && [ $windows != 0 ]; do
    before=$(processor_ticks)
    sleep 10
    used=$(($(processor_ticks) - before))
    note "idle for 10 s, all processes together used $((used * 10)) ms of processor time"
    windows=$((windows - 1))
  done
  stop_program INT || return 1
  [ $used -lt 10 ] || fail "that is 1 % of a core or more"
}

exit_status() {
  in_sandbox winehost/launch.sh $traffic >"$log" 2>&1 </dev/null
  [ $? = 2 ] || fail "the program's status 2 did not arrive"
}

touch "$work/start"
run_test exit_status "the exit status of a Windows program is passed on"
run_test api_basics "every function does its job, and fails as documented on plain bad paths"
run_test echo_example "the example answers IPv4 and IPv6 pings up to 60000 bytes, ends on Ctrl+C and leaves nothing"
run_test batches_example "the example of culvert.h answers in batches, is cancelled by Ctrl+C, and the driver has counted its packets"
run_test all_sizes "packets of every size from 1 to 65535 bytes go there and back unchanged"
run_test many_datagrams "200,000 datagrams go there and back, in order and unchanged, without loss"
run_test bridge_tcp "iperf3 TCP through two adapters that a Windows program bridges"
run_test removal_while_running "an adapter deleted with a session running: the application wakes with ERROR_HANDLE_EOF"
run_test killed_client "a killed application leaves a state from which the next one works"
run_test killed_while_shared "an adapter of a killed application is replaced while another one runs"
run_test half_removed "a removal that was broken off in the middle does not keep the next adapter from starting"
run_test killed_prefix "a killed prefix leaves a state from which the next run works"
run_test install_remove_install "install, remove, install, remove, install, remove"
run_test two_prefixes "two prefixes in two network namespaces do not disturb each other"
run_test renamed_dll "the DLL works under the name wintun.dll"
run_test stranger_program "a program written for the API, with wintun.dll beside it and its address from IP Helper, sends and receives"
run_test stranger_lazy "a program that looks each function up at its first call, with four writers, exits with all open, and cleans up in its next run"
run_test stranger_reload "a program that loads and unloads the DLL 50 times, each time with an adapter and packets, has as many handles as before"
run_test idle_processor "the whole chain uses less than 1 % of a core when idle"
echo "1..$number"
[ "$failed" = 0 ]
