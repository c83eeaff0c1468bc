#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs a Windows program in a Wine prefix that hosts network drivers: `./run wine PROGRAM [ARG…]`.
# The exit status is the program's; 125 if it could not be started.
#
#   CULVERT_PREFIX  the prefix (default: build/wineprefix); made if it does not exist
#   CULVERT_HOST    the folder with ndis.sys and the DLLs (default: build/dist/host)
#   CULVERT_EDGE    "echo": do not try to make TUN interfaces
#
# Files in $CULVERT_PREFIX/.culvert:
#   setup   locked while the prefix is being set up or taken down
#   users   locked (shared) by every run as long as it lasts; the last one ends the Wine server
#   alive   locked (shared) by every process of Wine: when it is free, all of them are gone
#   netns   the network namespace that the Wine server, and so the interfaces, are in
#   host    the registry settings that the prefix has
set -u

GRACE_SECONDS=10 # for a program that was asked to end

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
host=${CULVERT_HOST:-$here/../build/dist/host}
prefix=${CULVERT_PREFIX:-$here/../build/wineprefix}
registry=$here/host.reg

say() { printf 'culvert: %s\n' "$*" >&2; }
fail() { say "$*"; exit 125; }

[ $# -ge 1 ] || fail "usage: ./run wine PROGRAM [ARG...]"
for tool in wine wineserver wineboot flock tail cmp; do
    command -v "$tool" >/dev/null || fail "the program '$tool' is missing (Debian: apt install wine wine64 util-linux)"
done
for file in ndis.sys nci.dll culvert-netclass.dll cfgmgr32.dll iphlpapi.dll; do
    [ -f "$host/$file" ] || fail "$host/$file is missing; ./run build makes it"
done

# ---- A network in which TUN interfaces can be made ------------------------------------------------

CAP_NET_ADMIN=12

may_make_tun() {
    local caps
    caps=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
    (( (0x$caps >> CAP_NET_ADMIN) & 1 )) || return 1
    [ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod -m 0666 /dev/net/tun c 10 200; } 2>/dev/null
    (exec 3<>/dev/net/tun) 2>/dev/null
}

edge=${CULVERT_EDGE:-tun}
if [ "$edge" != echo ] && ! may_make_tun; then
    if [ -z "${CULVERT_IN_NAMESPACE:-}" ] && unshare -Urn true 2>/dev/null &&
        unshare -Urn sh -c 'exec 3<>/dev/net/tun' 2>/dev/null; then
        say "no right to make network interfaces here: running in a user and network namespace of its own"
        export CULVERT_IN_NAMESPACE=1
        exec unshare -Urn "$BASH" "${BASH_SOURCE[0]}" "$@"
    fi
    edge="echo"
fi
if [ "$edge" = echo ]; then
    say "without a TUN device: adapters get a peer that answers echo requests, and nothing else"
fi

# ---- The prefix --------------------------------------------------------------------------------------

mkdir -p "$prefix/.culvert" || fail "the prefix $prefix cannot be made"
prefix=$(cd "$prefix" && pwd)
state=$prefix/.culvert
log=$prefix/drive_c/windows/culvert-host.log
echo_wanted=$prefix/drive_c/windows/culvert-host.echo # read by ndis.sys

export WINEPREFIX=$prefix
export WINEARCH=win64
export WINEDEBUG=${WINEDEBUG:--all}
export WINEDLLOVERRIDES="mscoree,mshtml=${WINEDLLOVERRIDES:+;$WINEDLLOVERRIDES}"

exec 8<>"$state/setup" 9<>"$state/users"

# Wine's processes must not hold the launcher's locks, but all of them hold "alive".
in_wine() { "$@" 7<>"$state/alive" 8>&- 9>&-; }
hold_alive() { flock -s 7; exec "$@"; }

stop_server() {
    wineserver -k 8>&- 9>&- 2>/dev/null
    wineserver -w 8>&- 9>&- 2>/dev/null
    flock -w 10 -x "$state/alive" true || say "some processes of the prefix $prefix do not end"
}

make_prefix() {
    say "making the Wine prefix $prefix"
    (in_wine hold_alive wineboot -i) >"$state/wineboot.log" 2>&1 </dev/null
    [ -f "$prefix/drive_c/windows/system32/kernel32.dll" ] ||
        fail "Wine could not make the prefix; see $state/wineboot.log"
}

install_file() { # NAME FOLDER
    local target=$prefix/drive_c/windows/system32/$2$1
    cmp -s "$host/$1" "$target" && return
    mkdir -p "$(dirname "$target")"
    cp -f "$host/$1" "$target.new" && mv -f "$target.new" "$target" || fail "$target cannot be written"
}

# Our iphlpapi.dll passes most calls on to Wine's, which becomes culvert-iphlp.dll. Wine loads a file
# with its signature from its own folder by its name, so the copy must not have the signature.
install_iphelper() {
    local folder=$prefix/drive_c/windows/system32
    if head -c 80 "$folder/iphlpapi.dll" 2>/dev/null | tail -c 16 | grep -q "^Wine builtin DLL"; then
        cp -f "$folder/iphlpapi.dll" "$folder/culvert-iphlp.dll" &&
            dd if=/dev/zero "of=$folder/culvert-iphlp.dll" bs=1 seek=64 count=16 conv=notrunc 2>/dev/null ||
            fail "$folder/culvert-iphlp.dll cannot be written"
    fi
    [ -f "$folder/culvert-iphlp.dll" ] || fail "the prefix $prefix has no iphlpapi.dll of Wine's; remove the prefix"
    install_file iphlpapi.dll ""
}

install_host() {
    install_file ndis.sys drivers/
    install_file nci.dll ""
    install_file culvert-netclass.dll ""
    install_file cfgmgr32.dll ""
    install_iphelper
    cmp -s "$registry" "$state/host" && return
    (in_wine hold_alive wine regedit /S "$registry") >"$state/regedit.log" 2>&1 </dev/null ||
        fail "the registry of the prefix cannot be set; see $state/regedit.log"
    cp "$registry" "$state/host"
    # Processes that are running have the old settings.
    stop_server
}

network=$(readlink /proc/self/ns/net)
flock -x 8
if flock -n -x 9; then
    # Nobody else is here: what still runs was left behind by a run that was killed.
    flock -n -x "$state/alive" true 2>/dev/null || stop_server
    if ! [ -f "$prefix/system.reg" ]; then
        make_prefix
    fi
    install_host
    : >"$log"
    if [ "$edge" = echo ]; then : >"$echo_wanted"; else rm -f "$echo_wanted"; fi
    printf '%s\n' "$network" >"$state/netns"
elif [ "$(cat "$state/netns" 2>/dev/null)" != "$network" ]; then
    fail "the prefix $prefix is in use in another network namespace; choose another one with CULVERT_PREFIX"
fi
flock -s 9
flock -u 8

# ---- What the host has to say --------------------------------------------------------------------------

marker="end of run $$"
exec 6< <(exec tail --pid=$$ -c "+$(($(stat -c %s "$log") + 1))" -f "$log" 2>/dev/null 8>&- 9>&-)
tail_pid=$!
(
    trap '' INT TERM HUP
    while IFS= read -r line <&6; do
        [ "$line" = "$marker" ] && break
        case $line in "end of run "*) ;; *) say "$line" ;; esac
    done
) 8>&- 9>&- &
reader_pid=$!
exec 6<&-

# ---- The program ---------------------------------------------------------------------------------------

program_pid=
killer_pid=

# A terminal has sent its Ctrl+C to the program already.
from_terminal() {
    local stat fields
    read -r stat </proc/$$/stat
    read -r -a fields <<<"${stat##*) }"
    [ "${fields[2]}" = "${fields[5]}" ]
}

# Wine turns SIGINT into a console control event.
ask_to_end() { # SIGNAL
    [ -n "$program_pid" ] || return
    [ "$1" = INT ] && from_terminal || kill -INT "$program_pid" 2>/dev/null
    if [ "$1" != INT ] && [ -z "$killer_pid" ]; then
        (
            exec 8>&- 9>&-
            sleep "$GRACE_SECONDS"
            kill -KILL "$program_pid" 2>/dev/null
        ) &
        killer_pid=$!
    fi
}
trap 'ask_to_end INT' INT
trap 'ask_to_end TERM' TERM
trap 'ask_to_end HUP' HUP

program=$1
shift
[ -f "$program" ] && program=$(realpath "$program")
in_wine hold_alive wine "$program" "$@" <&0 &
program_pid=$!
while :; do
    wait "$program_pid"
    status=$?
    kill -0 "$program_pid" 2>/dev/null || break
done
# A signal may have ended the wait in the moment in which the program ended.
wait "$program_pid" 2>/dev/null
last=$?
[ "$last" -ne 127 ] && status=$last
program_pid=
trap '' INT TERM HUP
if [ -n "$killer_pid" ]; then
    kill "$killer_pid" 2>/dev/null
    wait "$killer_pid" 2>/dev/null
fi

# ---- The end ---------------------------------------------------------------------------------------------

flock -x 8
if flock -n -x 9; then
    stop_server
    # Processes that were ended cannot have written after this.
fi
printf '%s\n' "$marker" >>"$log"
wait "$reader_pid" 2>/dev/null
kill "$tail_pid" 2>/dev/null
exit "$status"
