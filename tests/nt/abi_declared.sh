#!/bin/sh
# SPDX-License-Identifier: MIT
# Lists what nt/ declares for one architecture, as clang sees it: structures, their members (members of
# unnamed unions and structures under their own name) and constants.
#
# usage: abi_declared.sh NT-DIR x64|x86|arm64
# Output, tab-separated: "structure NAME", "member NAME PATH", "constant NAME".
set -eu
export LC_ALL=C

NtDir=$1
Architecture=$2
Clang=${CULVERT_CLANG:-clang-19}

case $Architecture in
x64) Target=x86_64-w64-mingw32 ;;
x86) Target=i686-w64-mingw32 ;;
arm64) Target=aarch64-w64-mingw32 ;;
*)
    echo "abi_declared.sh: unknown architecture $Architecture" >&2
    exit 2
    ;;
esac

Work=$(mktemp -d)
trap 'rm -rf "$Work"' EXIT
printf '#include "nt.h"\n' >"$Work/all.c"
printf '#include <stddef.h>\n#include <stdint.h>\n' >"$Work/empty.c"

# Freestanding: the C library's own structures and macros stay out of the lists.
Compile() {
    "$Clang" --target="$Target" -std=gnu11 -ffreestanding -I"$NtDir" "$@"
}

# Records. The dump shows a record's members indented by two spaces a level; unnamed ones have no name.
# Tags are "_NAME" with a typedef NAME, except for the few that are renamed here.
Compile -fsyntax-only -Xclang -fdump-record-layouts-complete "$Work/all.c" |
    awk '
    /^\*\*\* Dumping/ { Record = ""; next }
    / \| \[sizeof=/ || !/\|/ { next }
    {
        Bar = index($0, "|")
        Rest = substr($0, Bar + 1)
        match(Rest, /^ */)
        Depth = (RLENGTH - 1) / 2
        sub(/^ +/, "", Rest)
        if (Depth == 0) {
            Record = Rest
            if (Record ~ /\((anonymous|unnamed) at/) { Record = ""; next }
            sub(/^(struct|union) /, "", Record)
            if (Record !~ /^_?[A-Z]/) { Record = ""; next }
            sub(/^_/, "", Record)
            if (Record == "OSVERSIONINFOEXW") Record = "RTL_OSVERSIONINFOEXW"
            if (Record == "OSVERSIONINFOW") Record = "RTL_OSVERSIONINFOW"
            print "structure\t" Record
            if (Record == "LARGE_INTEGER") print "structure\tPHYSICAL_ADDRESS"
            next
        }
        if (Record == "") next
        Name = Rest
        if (Name ~ /\((anonymous|unnamed) at [^)]*\) *$/) Name = ""
        sub(/.* /, "", Name)
        Stack[Depth] = Name
        if (Name == "") next
        Path = ""
        for (I = 1; I <= Depth; I++)
            if (Stack[I] != "") Path = Path (Path == "" ? "" : ".") Stack[I]
        print "member\t" Record "\t" Path
        if (Record == "LARGE_INTEGER") print "member\tPHYSICAL_ADDRESS\t" Path
    }' >"$Work/records"
grep -q '^structure' "$Work/records"

# Constants: macros without parameters and with a value, and enumerators.
Compile -dM -E "$Work/empty.c" | sort >"$Work/predefined"
Compile -dM -E "$Work/all.c" | sort >"$Work/defined"
comm -13 "$Work/predefined" "$Work/defined" |
    awk '$1 == "#define" && $2 !~ /\(/ && NF > 2 && $2 !~ /^(CULVERT_|_)/ { print "constant\t" $2 }' >"$Work/constants"
Compile -fsyntax-only -Xclang -ast-dump "$Work/all.c" |
    awk '/EnumConstantDecl/ { for (I = 1; I <= NF; I++) if ($I ~ /^\047/) { print "constant\t" $(I - 1); break } }' \
        >>"$Work/constants"
grep -q '^constant' "$Work/constants"

sort -u "$Work/records" "$Work/constants"
