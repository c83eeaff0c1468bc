#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures, prints tables and writes build/bench/*.tsv and plots. Nothing here passes or fails by a time.
#   bench.sh [NAME...]    only these; the names are in ALL below
set -u
cd "$(dirname "$0")/.." || exit 1
ALL="ring datapath flat latency wakeups chain create"
names=${*:-$ALL}
for name in $names; do
  [[ " $ALL " == *" $name "* ]] || { echo "bench.sh: there is no benchmark \"$name\", only: $ALL" >&2; exit 2; }
done
./scripts/setup.sh test || exit 1
# All but this one run on Linux.
[ "$names" = create ] || ./scripts/build.sh --quiet native || exit 1
. scripts/sandbox.sh
out=build/bench
work=$(mktemp -d)
mkdir -p $out
trap 'trap - EXIT; sandbox_leave; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

table() { column -t -s "$(printf '\t')" "$1" 2>/dev/null || cat "$1"; }

# Measurements want the processors for themselves, as far as they can have them.
steady() {
  if nice -n -20 true 2>/dev/null; then nice -n -20 "$@"; else "$@"; fi
}

# Runs a program whose output is the table of a benchmark.
measure() { # NAME WORDS COMMAND...
  local name=$1
  printf '\n%s\n' "$2"
  shift 2
  steady "$@" >"$work/$name.tsv" || { echo "bench: $name failed" >&2; exit 1; }
  mv "$work/$name.tsv" "$out/$name.tsv"
  table "$out/$name.tsv"
}

plot() { # FILE ARGS... of bench/plot.py, with the table on standard input
  local file=$1
  shift
  bench/plot.py "$@" >"$out/$file.svg"
}

bench_ring() {
  measure ring "The ring beside memcpy, one thread, bursts of 32 (ratio 1 is the limit):" \
    build/native/bench/ring_bench
  plot ring "ring and memcpy, ns per packet" size memcpy_ns,ring_ns <$out/ring.tsv
}

bench_datapath() {
  measure datapath "Driver and DLL, ns per packet, beside memcpy into a ring of the same size and ck_ring:" \
    build/native/bench/datapath_bench
  local direction
  for direction in out in; do
    plot "datapath-$direction" "$direction: ns per packet, bursts of 32, one thread a side" size \
      culvert_ns,batch_ns,memcpy_ns,ck_ring_ns direction=$direction burst=32 threads=1 <$out/datapath.tsv
  done
}

bench_flat() {
  measure flat "ns per packet, by the size of the rings and by the number of adapters, without and with traffic:" \
    build/native/bench/flat_bench
  plot flat "ns per packet by ring size and adapters" what,number out64_ns,out1400_ns,in64_ns,in1400_ns <$out/flat.tsv
}

two_ends() { # the interfaces left0 and right0 in two namespaces, so that packets must cross the bridge
  far=$namespace-far
  ip netns add "$far" || return 1
  sandbox_namespaces="$sandbox_namespaces $far"
  in_sandbox ip link set right0 netns "$far" &&
    in_sandbox ip address add 10.9.7.1/24 dev left0 &&
    ip -n "$far" address add 10.9.7.2/24 dev right0 &&
    in_sandbox ip link set left0 mtu "$1" up &&
    ip -n "$far" link set right0 mtu "$1" up
}

iperf_mbits() { # ARGS...: Mbit/s that arrived
  ip netns exec "$far" iperf3 -s -1 >"$work/server" 2>&1 &
  local server=$!
  sleep 0.5
  in_sandbox timeout 60 iperf3 -c 10.9.7.2 -t 5 -J "$@" >"$work/client" 2>/dev/null
  kill $server 2>/dev/null
  wait $server 2>/dev/null
  awk -F: '/"sum_received"|"sum"/ {on = 1} on && /bits_per_second/ {rate = $2} /bits_per_second/ {last = $2}
           END {printf "%.0f", (rate ? rate : last) / 1e6}' "$work/client"
}

chain() { # MTU: one line a protocol, Culvert beside the bridge on bare TUN interfaces
  local culvert direct protocol
  for protocol in TCP UDP; do
    local options=()
    [ $protocol = TCP ] || options=(-u -b 0 -l $(($1 - 60)))
    sandbox_enter bench-culvert || exit 1
    start_program "$work/log" build/windows-amd64/tests/windows/traffic.exe bridge left0 right0
    wait_for_line "$work/log" '^ready' 90 || { cat "$work/log"; exit 1; }
    two_ends "$1" || exit 1
    culvert=$(iperf_mbits "${options[@]}")
    stop_program INT
    sandbox_leave
    sandbox_enter bench-direct || exit 1
    in_sandbox build/native/bench/tun_bridge left0 right0 >"$work/log" &
    program=$!
    sandbox_programs=$program
    wait_for_line "$work/log" '^ready' 10 || exit 1
    two_ends "$1" || exit 1
    direct=$(iperf_mbits "${options[@]}")
    sandbox_leave
    printf '%s\t%s\t%s\t%s\t%s\n' $protocol "$1" "$culvert" "$direct" \
      "$(awk -v a="$culvert" -v b="$direct" 'BEGIN {printf "%.2f", b ? a / b : 0}')" >>$out/chain.tsv
  done
}

bench_latency() {
  measure latency "A packet from the system to the application and back, ns:" build/native/bench/latency_bench latency
  plot latency "round trip, ns" application median_ns,p99_ns <$out/latency.tsv
}

bench_wakeups() {
  measure wakeups "Per million packets, there and back: signals of the DLL, and waits of the application:" \
    build/native/bench/latency_bench wakeups
  plot wakeups "per million packets" burst,pause_us dll_signals,application_waits <$out/wakeups.tsv
}

bench_chain() {
  [ "$(id -u)" = 0 ] || { echo "bench: making network interfaces needs root" >&2; exit 1; }
  ./scripts/build.sh --quiet windows-amd64 || exit 1
  export CULVERT_PREFIX=$PWD/build/bench-prefix
  cp -u build/dist/bin/amd64/culvert.dll build/windows-amd64/tests/windows/
  printf '\niperf3 through two bridged adapters under Wine, beside the same bridge on bare TUN interfaces (Mbit/s):\n'
  printf 'protocol\tmtu\tculvert\ttun\tratio\n' >$out/chain.tsv
  chain 1500
  chain 9000
  table $out/chain.tsv
  plot chain "iperf3 through a bridge, Mbit/s" protocol,mtu culvert,tun <$out/chain.tsv
}

bench_create() {
  [ "$(id -u)" = 0 ] || { echo "bench: making network interfaces needs root" >&2; exit 1; }
  ./scripts/build.sh --quiet windows-amd64 || exit 1
  cp -u build/dist/bin/amd64/culvert.dll build/windows-amd64/bench/
  export CULVERT_PREFIX=$PWD/build/bench-prefix
  sandbox_enter bench-create || exit 1
  measure create "WintunCreateAdapter under Wine, beside the bare SetupAPI calls for such a device, ms:" \
    ip netns exec "$namespace" winehost/launch.sh build/windows-amd64/bench/create_adapter.exe </dev/null
  sandbox_leave
}

for name in $names; do
  "bench_$name"
done
printf '\nTables and plots: %s/\n' "$out"
