#!/bin/bash
# SPDX-License-Identifier: MIT
# Checks culvert.cat of each architecture, and the program that makes it.
#
# usage: check_catalog.sh [BUILD-DIRECTORY]     default: build, with windows-*/driver in it
# Prints TAP. The exit status is 0 only if no line is "not ok".
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" 2>/dev/null && pwd) || { echo "Bail out! no build directory"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failures=0

check() { # NAME COMMAND...
  local name=$1
  shift
  count=$((count + 1))
  if "$@" >"$work/output" 2>&1; then
    echo "ok $count - $name"
  else
    failures=$((failures + 1))
    echo "not ok $count - $name"
    head -n 5 "$work/output" | cut -c 1-400 | sed 's/^/# /'
  fi
}

skip() { # NAME REASON
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

refuses() { # COMMAND...: a message, no crash and no file
  rm -f "$work/out/culvert.cat"
  "$@" >"$work/refused" 2>&1
  local status=$?
  cat "$work/refused"
  [ "$status" = 1 ] && grep -q '^make_catalog: ' "$work/refused" && [ ! -e "$work/out/culvert.cat" ]
}

not() { ! "$@"; }

# A changed copy of the package in $work/changed, and its catalog there.
change() { # COMMAND...: runs in the copy
  rm -rf "$work/changed"
  mkdir "$work/changed"
  cp "$package/culvert.sys" "$package/culvert.inf" "$work/changed/"
  (cd "$work/changed" && "$@")
}

remake() { "$work/make_catalog" "$architecture" "$oldest" "$work/changed/culvert.inf" "$work/changed/culvert.cat"; }

patch_byte() { # FILE OFFSET: another value there
  python3 - "$1" "$2" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2], 0))
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 0x55]))
PYTHON
}

pe_offset() { od -An -tu4 -j60 -N4 "$package/culvert.sys" | tr -d ' '; }

# The three below judge the copy against the catalog that the build made.
copy_matches() { python3 "$here/read_catalog.py" "$architecture" "$attribute" "$package/culvert.cat" \
  "$work/changed/culvert.inf" "$work/changed/culvert.sys"; }
copy_gives_same() { remake && cmp "$work/changed/culvert.cat" "$package/culvert.cat"; }
copy_gives_own() { # another catalog, and the right one
  remake && ! cmp -s "$work/changed/culvert.cat" "$package/culvert.cat" &&
    python3 "$here/read_catalog.py" "$architecture" "$attribute" "$work/changed/culvert.cat" \
      "$work/changed/culvert.inf" "$work/changed/culvert.sys"
}

openssl_reads() {
  # Not as CMS: that has an OCTET STRING where PKCS #7 has any content, here the list itself.
  openssl pkcs7 -inform DER -in "$package/culvert.cat" -noout -print >"$work/pkcs7" &&
    grep -q 'type: undefined (1\.3\.6\.1\.4\.1\.311\.10\.1)' "$work/pkcs7" &&
    openssl asn1parse -inform DER -in "$package/culvert.cat" >"$work/asn1" &&
    ! grep -q 'BAD\|Error' "$work/asn1"
}

sign() { # FILE SIGNED
  rm -f "$2"
  osslsigncode sign -h sha256 -certs "$work/cert.pem" -key "$work/key.pem" -in "$1" -out "$2"
}
verify_with_catalog() { # IMAGE
  osslsigncode verify -CAfile "$work/cert.pem" -catalog "$work/signed.cat" -in "$1"
}
refuses_with_catalog() { # IMAGE: because of what the catalog lists, not for anything else
  ! verify_with_catalog "$1" >"$work/verified" 2>&1 &&
    grep -q 'Catalog verification: failed\|not found in the specified catalog' "$work/verified"
}

check_images() {
  local pe offset
  pe=$(pe_offset)
  # Somewhere in the code: .text begins with the second sector.
  offset=$((pe + 0x400))
  change patch_byte culvert.sys $offset
  check "$architecture: one byte of culvert.sys changed is noticed" not copy_matches
  check "$architecture: ... and gives another catalog" copy_gives_own
  change patch_byte culvert.sys $((pe + 24 + 64))
  check "$architecture: the checksum of culvert.sys does not count" copy_gives_same
  change eval 'printf abc >>culvert.sys'
  check "$architecture: an image of an odd size is hashed with zeros behind" copy_gives_own
  cp "$work/changed/culvert.cat" "$work/odd.cat"
  change eval 'printf "abc\0\0\0\0\0" >>culvert.sys'
  check "$architecture: ... as if they were there" eval 'remake && cmp "$work/changed/culvert.cat" "$work/odd.cat"'
  change sed -i '1s/MIT/mit/' culvert.inf
  check "$architecture: one byte of culvert.inf changed is noticed" not copy_matches
  check "$architecture: ... and gives another catalog" copy_gives_own
}

check_signing() {
  if ! command -v osslsigncode >/dev/null; then
    skip "$architecture: a signed catalog vouches for culvert.sys" "osslsigncode is not installed"
    return
  fi
  check "$architecture: the catalog can be signed" sign "$package/culvert.cat" "$work/signed.cat"
  check "$architecture: a signed catalog vouches for culvert.sys" verify_with_catalog "$package/culvert.sys"
  change patch_byte culvert.sys $(($(pe_offset) + 0x400))
  check "$architecture: ... not for a changed one" refuses_with_catalog "$work/changed/culvert.sys"
  change sign "$package/culvert.sys" "$work/changed/signed.sys" >/dev/null 2>&1
  mv "$work/changed/signed.sys" "$work/changed/culvert.sys"
  check "$architecture: culvert.sys with a signature of its own has the same hash" copy_gives_same
}

check_refusals() {
  local make="$work/make_catalog $architecture $oldest" size
  mkdir -p "$work/out"
  for size in 10 100 200 350 4096; do
    change truncate -s $size culvert.sys
    check "$architecture: an image of $size bytes is refused" \
      refuses $make "$work/changed/culvert.inf" "$work/out/culvert.cat"
  done
  change patch_byte culvert.sys $(($(pe_offset) + 24))
  check "$architecture: an image with an unknown magic number is refused" \
    refuses $make "$work/changed/culvert.inf" "$work/out/culvert.cat"
  change rm culvert.sys
  check "$architecture: a file that is missing is refused" \
    refuses $make "$work/changed/culvert.inf" "$work/out/culvert.cat"
  for size in DriverVer CatalogFile 'culvert.sys = 1' "Culvert Tunnel"; do
    change sed -i "/$size/d" culvert.inf
    check "$architecture: an INF without $size is refused" \
      refuses $make "$work/changed/culvert.inf" "$work/out/culvert.cat"
  done
}

check "make_catalog builds with the sanitizers" \
  gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all \
  -o "$work/make_catalog" "$root"/driver/catalog/*.c -lcrypto
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 7 \
  -subj '/CN=Culvert catalog test' -addext extendedKeyUsage=codeSigning >/dev/null 2>&1

for architecture in amd64 x86 arm64; do
  package=$build/windows-$architecture/driver
  oldest=6.1
  attribute=2:6.1,2:6.2,2:6.3,2:10.0
  if [ $architecture = arm64 ]; then
    oldest=10.0
    attribute=2:10.0
  fi
  change true 2>/dev/null
  check "$architecture: culvert.cat is right, read independently" copy_matches
  check "$architecture: OpenSSL reads culvert.cat" openssl_reads
  check "$architecture: made again it is the same, byte for byte" copy_gives_same
  if [ ! -f "$package/culvert.cat" ]; then
    continue
  fi
  check_images
  check_signing
  check_refusals
done

# A build that signs: what the DLL carries is what was signed.
build_signed() {
  cmake -S "$root" -B "$work/build" -G Ninja --toolchain "$root/cmake/windows-toolchain.cmake" \
    -DCULVERT_ARCHITECTURE=amd64 -DCULVERT_SIGN_CERTIFICATE="$work/cert.pem" -DCULVERT_SIGN_KEY="$work/key.pem" &&
    ninja -C "$work/build" culvert
}
dll_carries() { # FILE
  python3 -c 'import sys; sys.exit(open(sys.argv[1], "rb").read() not in open(sys.argv[2], "rb").read())' \
    "$1" "$work/build/api/culvert.dll"
}
if command -v osslsigncode >/dev/null; then
  check "a build with a certificate and its key" build_signed
  signed=$work/build/driver
  cp "$signed/culvert.cat" "$work/signed.cat"
  check "... signs culvert.sys" osslsigncode verify -CAfile "$work/cert.pem" -in "$signed/culvert.sys"
  check "... and culvert.cat, which vouches for the signed culvert.sys" verify_with_catalog "$signed/culvert.sys"
  check "... the DLL carries the signed culvert.sys" dll_carries "$signed/culvert.sys"
  check "... and the signed culvert.cat" dll_carries "$signed/culvert.cat"
  check "... without a certificate nothing is signed" \
    not osslsigncode verify -CAfile "$work/cert.pem" -in "$build/windows-amd64/driver/culvert.sys"
else
  skip "a build that signs" "osslsigncode is not installed"
fi

architecture=amd64
oldest=6.2
attribute=2:6.2,2:6.3,2:10.0
package=$build/windows-amd64/driver
change true 2>/dev/null
check "amd64 without Windows 7 gets SHA-256" copy_gives_own
mkdir -p "$work/out"
check "arm64 with no Windows to run it is refused" \
  refuses "$work/make_catalog" arm64 11.0 "$work/changed/culvert.inf" "$work/out/culvert.cat"
echo "1..$count"
[ "$failures" = 0 ]
