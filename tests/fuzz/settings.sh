# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# How fuzz targets are run, for scripts/fuzz.sh and check_fuzz.sh. Sourced at the root.
# shellcheck disable=SC2034
fuzz_programs=build/native/tests/fuzz
fuzz_options=(-detect_leaks=0 -timeout=60 -max_len=512)
# The address sanitizer's leak check knows nothing of pools; ntsim counts what each input leaves.
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16:${ASAN_OPTIONS-}
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19)
export ASAN_SYMBOLIZER_PATH

# The report of a failed run: from its first line on, and which input it was if it was one of the files.
fuzz_report() { # LOG LINES
  awk -v most="$2" '
    /^Running: / { input = $2 }
    !found && (/^(fuzz|ntsim): / || /runtime error:/ || /ERROR: (AddressSanitizer|libFuzzer)/) {
      found = 1
      if (input) print "with the input " input
    }
    found && lines++ < most
    /Test unit written/ && found && lines > most' "$1" | grep . || tail -n "$2" "$1"
}
