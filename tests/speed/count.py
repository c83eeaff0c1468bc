#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions that a packet costs, with callgrind: see bench/count.c.

usage: count.py PROGRAM                 prints a table
       count.py PROGRAM TABLE [CASES]   compares (the first CASES) with a table, in TAP: more than 5 %
                                        more is not ok

Counted are the calls of the data path alone (CALLS), and of them what the driver and the DLL do by
themselves: neither the C library's memcpy, which depends on the processor, nor the simulated system.
"""
import os
import re
import subprocess
import sys
import tempfile
from multiprocessing.pool import ThreadPool

FIELDS = ["direction", "size", "burst", "driver", "dll"]
CASES = [("out", 64, 1), ("out", 64, 32), ("out", 1400, 32), ("in", 64, 1), ("in", 1400, 32)]
PACKETS = 1600  # fit the ring at once
TOLERANCE = 1.05
CALLS = {
    "out": ["AdapterSendNetBufferLists", "WintunReceivePacket", "WintunReleaseReceivePacket"],
    "in": ["WintunAllocateSendPacket", "WintunSendPacket", "InjectBurst"],
}


def instructions(path):
    """The instructions of the driver's and the DLL's own functions in a file of callgrind's."""
    names, totals = {}, {"driver": 0, "dll": 0}
    objects, source, skip = "", "", False

    def name(kind, word):
        number, _, text = word.partition(" ")
        if text:
            names[kind, number] = text
        return names[kind, number]

    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        match = re.match(r"(c?)(ob|fl|fi|fe|fn)=(.*)", line) or re.match(r"(c)(fi|fl)=(.*)", line)
        if match:
            called, kind, word = match.groups()
            kind = "fl" if kind in ("fi", "fe") else kind
            text = name(kind, word)
            if not called and kind == "ob":
                objects = text
            # What is inlined counts for the function that it is inlined in.
            if line.startswith("fl="):
                source = text
        elif line.startswith("calls="):
            skip = True  # the next line is what the called function cost
        elif re.match(r"[+*\-0-9]", line):
            if skip:
                skip = False
            elif objects.endswith("_driver.so"):
                totals["driver"] += int(line.split()[1])
            elif "/api/" in source:
                totals["dll"] += int(line.split()[1])
    return totals


def count(program, case):
    direction, size, burst = case
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", "--collect-atstart=no"]
        command += [f"--toggle-collect={call}" for call in CALLS[direction]]
        command += [program, direction, str(size), str(burst), str(PACKETS)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        counted = os.path.join(folder, "out.1")  # written at the program's request
        if done.returncode != 0 or not os.path.exists(counted):
            raise SystemExit(f"count.py: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        totals = instructions(counted)
    if not all(totals.values()):
        raise SystemExit("count.py: callgrind saw no instructions of the driver or of the DLL")
    return {side: total / PACKETS for side, total in totals.items()}


def read_table(path):
    lines = [line.split() for line in open(path, encoding="utf-8") if not line.startswith("#")]
    if lines[0] != FIELDS:
        sys.exit(f"count.py: {path} does not have the columns {FIELDS}")
    return {(line[0], int(line[1]), int(line[2])): (float(line[3]), float(line[4])) for line in lines[1:]}


def count_all(program, cases):
    """Pairs of a case and what it costs."""
    with ThreadPool(2) as pool:
        yield from zip(cases, pool.imap(lambda case: count(program, case), cases))


def compare(program, path, cases):
    before, number, failed = read_table(path), 0, 0
    for case, now in count_all(program, cases):
        for side, old in zip(FIELDS[3:], before[case]):
            number += 1
            words = f"{case[0]}, {case[1]} bytes, bursts of {case[2]}: {side} {now[side]:.1f} instructions " \
                    f"a packet, {old:.1f} before"
            if now[side] > old * TOLERANCE:
                failed += 1
                print(f"not ok {number} - {words}")
            else:
                print(f"ok {number} - {words}")
    print(f"1..{number}")
    if failed:
        print("# If that is meant to be: tests/speed/check_speed.sh --renew")
    return failed != 0


def main():
    if len(sys.argv) > 2:
        return compare(sys.argv[1], sys.argv[2], CASES[:int(sys.argv[3]) if len(sys.argv) > 3 else None])
    print("\t".join(FIELDS))
    for case, now in count_all(sys.argv[1], CASES):
        print(f"{case[0]}\t{case[1]}\t{case[2]}\t{now['driver']:.1f}\t{now['dll']:.1f}", flush=True)
    return 0


sys.exit(main())
