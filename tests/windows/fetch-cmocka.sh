#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian has CMocka for Linux only: brings the source package of the same version, for the unit
# tests that also run as Windows programs.
#   fetch-cmocka.sh DIRECTORY    leaves DIRECTORY/src/cmocka.c and DIRECTORY/include/cmocka.h
# Uses the machine's own package mirrors, with lists of its own: nothing of the system is changed.
set -eu
target=$(realpath -m "$1")
[ ! -f "$target/src/cmocka.c" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts" "$work/source"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ ! -f "$file" ] || sed -nE 's/^deb(\s)/deb-src\1/p' "$file" >>"$work/parts/$(basename "$file")"
done
for file in /etc/apt/sources.list.d/*.sources; do
  [ ! -f "$file" ] || sed -E 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/$(basename "$file")"
done
options=(-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/parts"
         -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
cd "$work/source"
apt-get "${options[@]}" -qq update
apt-get "${options[@]}" -qq source --download-only cmocka
mkdir tree
tar -xf "$(ls cmocka_*.orig.tar.?z)" -C tree --strip-components 1
mkdir -p "$target"
cp -r tree/src tree/include "$target/"
