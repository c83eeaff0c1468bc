#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws columns of a table as a bar chart in SVG.

usage: plot.py TITLE LABEL[,LABEL...] COLUMN[,COLUMN...] [NAME=VALUE...] <TABLE.tsv >PLOT.svg

Each line of the table whose NAMEs have these VALUEs is a group of bars, one for each COLUMN; the
LABELs are the columns that name the group.
"""
import sys

BAR, GAP, HEIGHT, LEFT, TOP, BOTTOM = 16, 14, 260, 70, 60, 70
COLOURS = ["#2b6cb0", "#a0aec0", "#dd6b20", "#38a169"]


def text(x, y, words, anchor="middle", size=11):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{words}</text>'


def main():
    title, labels, columns = sys.argv[1], sys.argv[2].split(","), sys.argv[3].split(",")
    wanted = dict(pair.split("=", 1) for pair in sys.argv[4:])
    lines = [line.rstrip("\n").split("\t") for line in sys.stdin]
    rows = [dict(zip(lines[0], line)) for line in lines[1:]]
    rows = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    if not rows:
        sys.exit("plot.py: no line of the table fits")
    top = max(float(row[column]) for row in rows for column in columns) or 1
    group = BAR * len(columns) + GAP
    width = LEFT + max(group * len(rows), 320) + GAP
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + HEIGHT + BOTTOM}" '
           'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>',
           text(width / 2, 22, title, size=14)]
    for step in range(5):
        y = TOP + HEIGHT * (1 - step / 4)
        out.append(f'<line x1="{LEFT}" x2="{width - GAP}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(text(LEFT - 6, y + 4, f"{top * step / 4:.4g}", "end"))
    for index, column in enumerate(columns):
        x = LEFT + index * 110
        out.append(f'<rect x="{x}" y="34" width="10" height="10" fill="{COLOURS[index % 4]}"/>')
        out.append(text(x + 14, 43, column, "start"))
    for number, row in enumerate(rows):
        x = LEFT + GAP / 2 + number * group
        for index, column in enumerate(columns):
            height = HEIGHT * float(row[column]) / top
            out.append(f'<rect x="{x + index * BAR:.1f}" y="{TOP + HEIGHT - height:.1f}" width="{BAR - 2}" '
                       f'height="{height:.1f}" fill="{COLOURS[index % 4]}"/>')
        for line, label in enumerate(labels):
            out.append(text(x + BAR * len(columns) / 2, TOP + HEIGHT + 16 + 14 * line, row[label]))
    out.append(text(LEFT - 6, TOP + HEIGHT + 16, ", ".join(labels), "end", 10))
    out.append("</svg>")
    print("\n".join(out))


main()
