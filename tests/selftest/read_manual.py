# SPDX-License-Identifier: MIT
"""Lists what include/wintun.h, the API's manual, names and docs/api.md does not.

  read_manual.py WINTUN.H API.MD

A function's parameters must be named in a row of its section. An error that a function's comment lists
must be named in a row of its section, or of the section on what the text leaves open, or among what
cannot be provoked. Constants, types and what the head of the file promises must be named in any row.
Prints a line for each that is not; nothing if all are.
"""
import re
import sys

ANYWHERE = ("What the text leaves open", "What no test here can provoke")


def read_rows(path):
    """The rows of each section of docs/api.md, as one text a section."""
    rows, section = {}, ""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("## "):
                section = line[3:].strip()
            elif line.startswith("|"):
                rows[section] = rows.get(section, "") + line
    return rows


def names(text, name):
    return re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text)


def main():
    header, document = sys.argv[1:]
    rows = read_rows(document)
    everything = "".join(rows.values())
    anywhere = "".join(rows.get(section, "") for section in ANYWHERE)
    with open(header, encoding="utf-8") as file:
        text = file.read()
    comment = re.compile(r"/\*\*(.*?)\*/\s*typedef\s+(.*?);", re.S)
    functions = 0
    for body, declaration in comment.findall(text):
        name = re.search(r"(WINTUN_\w+_FUNC)\)", declaration)
        if not name:
            continue
        functions += 1
        function = "Wintun" + "".join(word.capitalize() for word in name[1].split("_")[1:-1])
        own = rows.get(function)
        if own is None:
            print(f"{function}: no section")
            continue
        for parameter in re.findall(r"@param\s+(\w+)", body):
            if not names(own, parameter):
                print(f"{function}: parameter {parameter}")
        for error in sorted(set(re.findall(r"\bERROR_\w+", body))):
            if not names(own + anywhere, error):
                print(f"{function}: {error}")
    if functions < 18:
        print(f"only {functions} functions were found in {header}")
    constants = re.findall(r"#define[ \t]+((?:WINTUN|MAX)_\w+)[ \t]+\S", text)
    constants += re.findall(r"^\s+(WINTUN_LOG_\w+)", text, re.M)
    constants += re.findall(r"typedef [^;(]*?\b(WINTUN_\w+HANDLE);", text)
    constants += re.findall(r"\*(WINTUN_\w+_CALLBACK)\)", text)
    constants += re.findall(r"\bERROR_\w+", text[: text.index("#ifndef WINTUN_H")])
    for constant in sorted(set(constants)):
        if not names(everything, constant):
            print(constant)


if __name__ == "__main__":
    main()
