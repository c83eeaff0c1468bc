#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the headers of nt/:
#  1. each compiles alone and without warnings, for the three Windows targets and natively on Linux;
#  2. every structure, member, bit field and constant that it shares with Microsoft's headers has the
#     size, offset or value that it has there (abi_layout.tsv, abi_constants.tsv);
#  3. nothing is declared that 2 forgets: what has no row must be named in abi_unlisted.tsv, and a row or
#     name that nothing declares any more is an error, too.
#
# usage: check_abi.sh [NT-DIR]
# Prints TAP. The exit status is 0 only if every line is "ok". A compiler that is missing is a failure.
# CULVERT_CLANG and CULVERT_GCC name the compilers (default: clang-19, gcc).
set -eu
export LC_ALL=C

Here=$(cd "$(dirname "$0")" && pwd)
NtDir=$(cd "${1:-$Here/../../nt}" && pwd)
Clang=${CULVERT_CLANG:-clang-19}
Gcc=${CULVERT_GCC:-gcc}
export CULVERT_CLANG="$Clang"
Warnings='-std=gnu11 -Wall -Wextra -Wpedantic -Werror'
Work=$(mktemp -d)
trap 'rm -rf "$Work"' EXIT
Count=0
Failures=0

# Natively the layout is that of Windows on the same processor.
case $(uname -m) in
x86_64) Native=x64 ;;
aarch64) Native=arm64 ;;
*)
    echo "Bail out! nt/ has no native layout for $(uname -m)"
    exit 1
    ;;
esac

# name, architecture, command; one line each
cat >"$Work/compilers" <<COMPILERS
clang-x64|x64|$Clang --target=x86_64-w64-mingw32
clang-x86|x86|$Clang --target=i686-w64-mingw32
clang-arm64|arm64|$Clang --target=aarch64-w64-mingw32
gcc-x64|x64|x86_64-w64-mingw32-gcc
gcc-x86|x86|i686-w64-mingw32-gcc
clang-native|$Native|$Clang -fshort-wchar
gcc-native|$Native|$Gcc -fshort-wchar
COMPILERS

# Report NAME: a TAP line by the exit status of the command that follows, its output as diagnostics.
Report() {
    Name=$1
    shift
    Count=$((Count + 1))
    if "$@" >"$Work/output" 2>&1; then
        echo "ok $Count - $Name"
    else
        Failures=$((Failures + 1))
        echo "not ok $Count - $Name"
        head -n 20 "$Work/output" | sed 's/^/# /'
    fi
}

# Undeclared ARCHITECTURE: what nt/ declares against what the tables and the list of exceptions name.
Undeclared() {
    "$Here/abi_declared.sh" "$NtDir" "$1" >"$Work/declared" || return 1
    awk -F'\t' -v Architecture="$1" '
    FILENAME == ARGV[1] {
        if ($1 == Architecture) Known[$3 == "" ? "structure" : "member", $2 ($3 == "" ? "" : "." $3)] = 1
        next
    }
    FILENAME == ARGV[2] {
        Value = Architecture == "x64" ? $2 : Architecture == "x86" ? $3 : $4
        if (!/^#/ && Value != "-") Known["constant", $1] = 1
        next
    }
    FILENAME == ARGV[3] { if (!/^#/) Excepted[$1, $2] = 1; next }
    {
        Name = $2 ($1 == "member" ? "." $3 : "")
        Declared[$1, Name] = 1
        if ($1 == "member" && (("structure", $2) in Excepted)) next
        if ((($1, Name) in Known) && (($1, Name) in Excepted)) Complain("listed twice", $1, Name)
        if (!(($1, Name) in Known) && !(($1, Name) in Excepted)) Complain("no row", $1, Name)
    }
    END {
        for (Key in Known) if (!(Key in Declared)) { split(Key, K, SUBSEP); Complain("not declared", K[1], K[2]) }
        exit Bad
    }
    function Complain(What, Kind, Name) { print What ": " Kind " " Name; Bad = 1 }
    ' "$Here/abi_layout.tsv" "$Here/abi_constants.tsv" "$Here/abi_unlisted.tsv" "$Work/declared"
}

# Stale: names in the list of exceptions that no architecture declares.
Stale() {
    : >"$Work/everywhere"
    for StaleArchitecture in x64 x86 arm64; do
        "$Here/abi_declared.sh" "$NtDir" "$StaleArchitecture" >>"$Work/everywhere" || return 1
    done
    awk -F'\t' '
    NR == FNR { Declared[$1, $2 ($1 == "member" ? "." $3 : "")] = 1; next }
    /^#/ || (($1, $2) in Declared) { next }
    { print "not declared: " $1 " " $2; Bad = 1 }
    END { exit Bad }' "$Work/everywhere" "$Here/abi_unlisted.tsv"
}

while IFS='|' read -r Compiler Architecture Command; do
    for Header in "$NtDir"/*.h; do
        printf '#include "%s"\nextern int Alone;\n' "$(basename "$Header")" >"$Work/alone.c"
        # shellcheck disable=SC2086 # commands and warnings are lists of words
        Report "$Compiler: $(basename "$Header") alone" \
            $Command $Warnings -I"$NtDir" -fsyntax-only "$Work/alone.c"
    done
    if ! "$Here/make_abi_test.sh" "$Architecture" >"$Work/abi_test.c"; then
        echo "Bail out! no test source for $Architecture"
        exit 1
    fi
    Checks=$(grep -c '^\(SIZE\|OFFSET\|BITS\|CONSTANT\)(' "$Work/abi_test.c")
    # shellcheck disable=SC2086
    Report "$Compiler: $Checks sizes, offsets, bit fields and constants as in Microsoft's headers" \
        $Command $Warnings -Wno-pedantic -I"$NtDir" -O2 -c -o "$Work/abi_test.o" "$Work/abi_test.c"
done <"$Work/compilers"

for Architecture in x64 x86 arm64; do
    Report "$Architecture: everything that is declared has a row" Undeclared "$Architecture"
done
Report "no exception that nothing declares" Stale

echo "1..$Count"
echo "# $((Count - Failures)) passed, $Failures failed"
test "$Failures" -eq 0
