#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds everything into build/ and lays out build/dist/. --quiet: print only what goes wrong.
#   build.sh [--quiet] [--sign CERTIFICATE KEY] [PRESET...]
# PRESETs are those of CMakePresets.json; without any, the product is built. CERTIFICATE and KEY are PEM
# files with which the driver package is signed; without them it is not.
set -u
quiet=
certificate=
key=
while :; do
  case ${1-} in
    --quiet)
      quiet=1
      shift
      ;;
    --sign)
      [ $# -ge 3 ] || { echo "build.sh: --sign needs a certificate and its key" >&2; exit 2; }
      certificate=$(realpath -e "$2") && key=$(realpath -e "$3") || exit 2
      shift 3
      ;;
    -*)
      echo "build.sh: there is no option \"$1\"" >&2
      exit 2
      ;;
    *) break ;;
  esac
done
cd "$(dirname "$0")/.." || exit 1
./scripts/setup.sh build || exit 1
[ -z "$certificate" ] || ./scripts/setup.sh sign || exit 1
[ $# -gt 0 ] || set -- windows-amd64 windows-x86 windows-arm64

mkdir -p build
# Two commands at once share build/.
exec 9>build/.lock
if ! flock -n 9; then
  echo "Waiting for another build to finish" >&2
  flock 9
fi

run_logged() { # LOG COMMAND...
  local log=$1
  shift
  if "$@" >"$log" 2>&1 9>&-; then
    [ -n "$quiet" ] || grep -hE 'warning:' "$log"
    return 0
  fi
  cat "$log" >&2
  return 1
}

for preset in "$@"; do
  [ -n "$quiet" ] || echo "Building $preset"
  # CMocka's source may have come since (tests/windows/fetch-cmocka.sh).
  if [ ! -f "build/$preset/build.ninja" ] || [ build/cmocka -nt "build/$preset/build.ninja" ] ||
    ! grep -qxF "CULVERT_SIGN_CERTIFICATE:FILEPATH=$certificate" "build/$preset/CMakeCache.txt" ||
    ! grep -qxF "CULVERT_SIGN_KEY:FILEPATH=$key" "build/$preset/CMakeCache.txt"; then
    run_logged "build/$preset.log" cmake --preset "$preset" "-DCULVERT_SIGN_CERTIFICATE:FILEPATH=$certificate" \
      "-DCULVERT_SIGN_KEY:FILEPATH=$key" || exit 1
  fi
  run_logged "build/$preset.log" cmake --build --preset "$preset" || exit 1
done

dist=build/dist
install_file() { # SOURCE DIRECTORY: copied only if it differs, so that nothing looks newer than it is
  mkdir -p "$2"
  cmp -s "$1" "$2/$(basename "$1")" || install -m 644 "$1" "$2/"
}
install_file LICENSE $dist
install_file README.md $dist
install_file include/wintun.h $dist/include
install_file include/culvert.h $dist/include
for architecture in amd64 x86 arm64; do
  from=build/windows-$architecture
  [ -f "$from/driver/culvert.sys" ] || continue
  install_file "$from/driver/culvert.sys" $dist/driver/$architecture
  install_file "$from/driver/culvert.inf" $dist/driver/$architecture
  [ ! -f "$from/driver/culvert.cat" ] || install_file "$from/driver/culvert.cat" $dist/driver/$architecture
  [ ! -f "$from/api/culvert.dll" ] || install_file "$from/api/culvert.dll" $dist/bin/$architecture
done
for file in build/windows-amd64/winehost/*.sys build/windows-amd64/winehost/*.dll winehost/host.reg; do
  [ ! -f "$file" ] || install_file "$file" $dist/host
done
if [ -f build/windows-amd64/example/example.exe ]; then
  install_file build/windows-amd64/example/example.exe $dist/example
  install_file build/windows-amd64/example/culvert_example.exe $dist/example
  install_file $dist/bin/amd64/culvert.dll $dist/example
fi
[ -n "$quiet" ] || echo "The files for users lie in $dist/"
