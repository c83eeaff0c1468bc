#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs what building and testing need and is missing, on Debian 12 as root. Prints nothing if
# all is there.
#   setup.sh build    compilers and libraries
#   setup.sh run      the same, and what running Windows programs needs
#   setup.sh test     the same, and what the tests need
#   setup.sh sign     what signing the driver package needs
set -u
LC_ALL=C; export LC_ALL

build="clang-19 lld-19 llvm-19 mingw-w64-common gcc-mingw-w64-x86-64-win32 gcc-mingw-w64-i686-win32 cmake ninja-build git libssl-dev"
run="wine wine64 iproute2 iputils-ping util-linux procps"
test="gcc libc6-dev libclang-rt-19-dev libcmocka-dev pkgconf iperf3 python3 xz-utils patch openssl osslsigncode clang-format-19 clang-tidy-19 cppcheck shellcheck spin libck-dev valgrind"

case ${1-} in
  build) packages=$build ;;
  run) packages="$build $run" ;;
  test) packages="$build $run $test" ;;
  sign) packages=osslsigncode ;;
  *) echo "usage: setup.sh build|run|test|sign" >&2; exit 2 ;;
esac

missing=
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
  echo "These Debian packages are missing, and only root can install them:$missing" >&2
  exit 1
fi
echo "Installing:$missing"
log=$(mktemp)
# A mirror that is being updated may lack for a moment what its index lists.
# shellcheck disable=SC2086
install_missing() {
  local try
  for try in 1 2 3; do
    [ $try = 1 ] || sleep 20
    apt-get -o Acquire::Retries=3 update &&
      DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 install -y --no-install-recommends $missing && return
  done
  return 1
}
if install_missing >"$log" 2>&1 </dev/null; then
  rm -f "$log"
else
  tail -n 20 "$log" >&2
  rm -f "$log"
  echo "Installing failed." >&2
  exit 1
fi
