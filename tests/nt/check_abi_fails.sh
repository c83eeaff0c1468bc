#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves that check_abi.sh can fail: breaks a copy of nt/ in one place at a time and demands that the
# check says so, in the right line.
#
# usage: check_abi_fails.sh [NT-DIR]
# Prints TAP; exit status 0 only if every mistake was found.
set -eu
export LC_ALL=C

Here=$(cd "$(dirname "$0")" && pwd)
NtDir=$(cd "${1:-$Here/../../nt}" && pwd)
Work=$(mktemp -d)
trap 'rm -rf "$Work"' EXIT
Count=0
Failures=0

# Expect WHAT FILE SED-SCRIPT PATTERN: the edit must change the file, and the check's output must then
# have a "not ok" and a line that matches PATTERN.
Expect() {
    Count=$((Count + 1))
    rm -rf "$Work/nt"
    cp -r "$NtDir" "$Work/nt"
    sed "$3" "$NtDir/$2" >"$Work/nt/$2"
    if cmp -s "$NtDir/$2" "$Work/nt/$2"; then
        Failures=$((Failures + 1))
        echo "not ok $Count - $1 (the edit of $2 changes nothing)"
    elif "$Here/check_abi.sh" "$Work/nt" >"$Work/output" 2>&1; then
        Failures=$((Failures + 1))
        echo "not ok $Count - $1 is not noticed"
    elif ! grep -q '^not ok' "$Work/output" || ! grep -q "$4" "$Work/output"; then
        Failures=$((Failures + 1))
        echo "not ok $Count - $1 is noticed, but not as /$4/"
        grep -v '^ok' "$Work/output" | head -n 20 | sed 's/^/# /'
    else
        echo "ok $Count - $1 is noticed"
    fi
}

Expect 'a member at a wrong offset' io_objects.h \
    's/BOOLEAN ReadAccess;/BOOLEAN ReadAccess_;/; s/BOOLEAN WriteAccess;/BOOLEAN ReadAccess;/; s/ReadAccess_;/WriteAccess;/' \
    'offset of FILE_OBJECT.ReadAccess'
Expect 'a structure of a wrong size' ndis_request.h \
    '/NT_ASSERT_SIZE(NDIS_WMI_EVENT_HEADER/d; s/UCHAR Padding\[4\];/UCHAR Padding[12];/' \
    'size of NDIS_WMI_EVENT_HEADER'
Expect 'a bit field in a wrong place' ndis_nbl.h \
    's/ULONG IsIPv4 : 1;/ULONG IsIPv_ : 1;/; s/ULONG IsIPv6 : 1;/ULONG IsIPv4 : 1;/; s/IsIPv_/IsIPv6/' \
    'bits of NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO.Transmit.IsIPv4'
Expect 'a constant with a wrong value' ndis_oid.h \
    's/\(OID_GEN_STATISTICS  *\)0x00020106/\10x00020107/' \
    'value of OID_GEN_STATISTICS'
Expect 'an enumerator with a wrong value' ndis_miniport.h \
    's/^    NdisHaltDeviceDisabled,/    NdisHaltDeviceDisabled = 1,/' \
    'value of NdisHaltDeviceDisabled'
Expect 'a structure that has no row' types.h \
    's/^#define FALSE .*/&\ntypedef struct _NEWCOMER { int Member; } NEWCOMER;/' \
    'no row: structure NEWCOMER'
Expect 'a member that has no row' ndis_nbl.h \
    's/^            ULONG Unused : 30;/            ULONG Newcomer : 1;\n            ULONG Unused : 29;/' \
    'no row: member NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO.Transmit.Newcomer'
Expect 'a constant that has no row' ndis_oid.h \
    's/^typedef ULONG NDIS_OID.*/&\n#define OID_NEWCOMER 1/' \
    'no row: constant OID_NEWCOMER'
Expect 'a constant that was removed' ndis_oid.h \
    '/OID_GEN_ALIAS/d' \
    'not declared: constant OID_GEN_ALIAS'
Expect 'a header that does not compile alone' ndis_oid.h \
    's/^#include "types.h"//' \
    'ndis_oid.h alone'

echo "1..$Count"
echo "# $((Count - Failures)) passed, $Failures failed"
test "$Failures" -eq 0
