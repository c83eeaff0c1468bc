#!/bin/sh
# SPDX-License-Identifier: MIT
# Renews abi_layout.tsv and abi_constants.tsv: takes, out of complete tables of the ABI that a compiler
# computed from Microsoft's headers (layout.tsv, constants.tsv), the rows of what nt/ declares, and
# writes down in abi_unlisted.tsv what nt/ declares and no table knows. Look at that list's difference
# before keeping it: what is in it has no test against Microsoft's headers.
#
# usage: take_over.sh TABLES-DIR [NT-DIR]
set -eu
export LC_ALL=C

Here=$(cd "$(dirname "$0")" && pwd)
Tables=$1
NtDir=${2:-$Here/../../nt}
Work=$(mktemp -d)
trap 'rm -rf "$Work"' EXIT

for Architecture in x64 x86 arm64; do
    "$Here/abi_declared.sh" "$NtDir" "$Architecture" | sed "s/^/$Architecture	/" >>"$Work/declared"
done

{
    printf '# architecture\tstructure\tmember (empty: size)\tbyte offset (byte:first-last bit), or size\n'
    # Members that Microsoft leaves unnamed appear in the tables under their type, "_NET_BUFFER_DATA".
    awk -F'\t' -v OFS='\t' '
    NR == FNR { Declared[$1, $3, $4] = 1; next }
    /^#/ { next }
    {
        Count = split($3, Part, ".")
        Path = ""
        for (I = 1; I <= Count; I++)
            if (Part[I] !~ /^_[A-Z]/) Path = Path (Path == "" ? "" : ".") Part[I]
        if ($3 != "" && Path == "") next
        if ((($1, $2, Path) in Declared) && !Seen[$1, $2, Path]++) print $1, $2, Path, $4
    }' "$Work/declared" "$Tables/layout.tsv"
} >"$Here/abi_layout.tsv"

{
    printf '# name\tx64\tx86\tarm64\t(hexadecimal, 64-bit; "-" where not declared)\n'
    awk -F'\t' -v OFS='\t' '
    NR == FNR { if ($2 == "constant") Declared[$1, $3] = 1; next }
    /^#/ { next }
    {
        X64 = (("x64", $1) in Declared) ? $2 : "-"
        X86 = (("x86", $1) in Declared) ? $3 : "-"
        Arm64 = (("arm64", $1) in Declared) ? $4 : "-"
        if (X64 X86 Arm64 != "---") print $1, X64, X86, Arm64
    }' "$Work/declared" "$Tables/constants.tsv"
} >"$Here/abi_constants.tsv"

{
    printf '# kind\tname: declared by nt/, unknown to the tables\n'
    awk -F'\t' -v OFS='\t' '
    FILENAME == ARGV[1] { if (!/^#/) Known["structure", $2] = Known["member", $2 "." $3] = 1; next }
    FILENAME == ARGV[2] { if (!/^#/) Known["constant", $1] = 1; next }
    {
        Name = $3 ($2 == "member" ? "." $4 : "")
        if ($2 == "member" && !(("structure", $3) in Known)) next
        if (!(($2, Name) in Known)) print $2, Name
    }' "$Here/abi_layout.tsv" "$Here/abi_constants.tsv" "$Work/declared" | sort -u
} >"$Here/abi_unlisted.tsv"

wc -l "$Here"/abi_layout.tsv "$Here"/abi_constants.tsv "$Here"/abi_unlisted.tsv
