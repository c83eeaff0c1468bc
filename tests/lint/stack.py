#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The driver's use of the kernel stack, as compilers tell it.

usage: stack.py frames BUILD-DIRECTORY BYTES   compiles driver/ as the build does; no frame above BYTES
       stack.py depth BYTES FILE.ci...         the deepest chain of calls, by GCC's -fcallgraph-info=su
"""
import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

FUNCTIONS_LEAST = 40  # that the driver has; fewer: something was not looked at


def frames(build, limit):
    """Prints the largest frames. Returns whether all are within limit."""
    commands = json.loads(Path(build, "compile_commands.json").read_text())
    sizes = []
    with tempfile.TemporaryDirectory() as work:
        for command in commands:
            source = Path(command["file"])
            if source.parent.name != "driver" or source.suffix != ".c":
                continue
            arguments = shlex.split(command["command"])
            arguments[arguments.index("-o") + 1] = f"{work}/{source.stem}.o"
            subprocess.run(arguments + ["-fstack-usage"], cwd=command["directory"], check=True)
            for line in Path(work, source.stem + ".su").read_text().splitlines():
                place, size, kind = line.split("\t")
                if kind != "static":
                    raise SystemExit(f"{place}: the frame has no fixed size ({kind})")
                sizes.append((int(size), place.rsplit(":", 1)[1], source.name))
    sizes.sort(reverse=True)
    for size, function, source in sizes[:3]:
        print(f"{size} bytes: {function} ({source})")
    if len(sizes) < FUNCTIONS_LEAST:
        print(f"only {len(sizes)} functions")
        return False
    return sizes[0][0] <= limit


def depth(limit, files):
    """Prints the chain of calls whose frames, with return addresses, have the largest sum."""
    own, calls = {}, {}
    for file in files:
        text = Path(file).read_text()
        for title, size in re.findall(r'node: \{ title: "([^"]+)" label: "[^"]*?(\d+) bytes \(static\)', text):
            own[title] = int(size)
        for source, target in re.findall(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', text):
            calls.setdefault(source, set()).add(target)

    def deepest(function, above):
        if function in above:
            raise SystemExit(f"{function} calls itself")
        below = [deepest(target, above | {function}) for target in calls.get(function, ()) if target in own]
        bytes_below, chain = max(below, default=(0, []))
        return own[function] + 8 + bytes_below, [function.rsplit(":", 1)[-1]] + chain

    total, chain = max(deepest(function, frozenset()) for function in own)
    print(f"{total} bytes: " + " > ".join(chain))
    return len(own) >= FUNCTIONS_LEAST // 2 and total <= limit


if sys.argv[1] == "frames":
    sys.exit(not frames(sys.argv[2], int(sys.argv[3])))
sys.exit(not depth(int(sys.argv[2]), sys.argv[3:]))
