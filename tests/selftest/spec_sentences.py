# SPDX-License-Identifier: MIT
"""Takes the text of the specification apart: its licence does not let us keep it here, but what each
of its sentences has become in docs/api.md is kept by the sentence's digest, in specification.tsv.

  spec_sentences.py digests SPECIFICATION    prints section and digest of each sentence, in order
  spec_sentences.py text SPECIFICATION       the same with the sentences, to read

A sentence belongs to the section that it is in, so the same words in two sections are two. A section
begins with a line that is a name of the API, or one of the text's own headings.
"""
import hashlib
import re
import sys

HEADING = re.compile(
    r"^(WINTUN_\w+|Wintun\w+\(\)|Installation|Usage|Reference|Macro Definitions|Typedefs|"
    r"Enumeration Types|Functions|Building|License)$"
)
BREAK = re.compile(r"(?<=[.;])\s+(?=[A-Z])|\s+(?=- [A-Z]\w+: )|(?<=following:)\s+(?=ERROR_)")


def sentences(path):
    """Pairs of section and sentence."""
    section, text = "Introduction", []

    def flush():
        for piece in BREAK.split(" ".join(text)):
            piece = " ".join(piece.split())
            if piece:
                yield section, piece
        text.clear()

    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if HEADING.match(line) and not (text and text[-1].endswith(("the", "the "))):
                yield from flush()
                section = line.removesuffix("()")
            else:
                text.append(line)
    yield from flush()


def digest(section, sentence):
    return hashlib.sha256(f"{section}\n{sentence}".encode()).hexdigest()[:16]


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("digests", "text"):
        sys.exit(__doc__)
    for section, sentence in sentences(sys.argv[2]):
        print(section, digest(section, sentence), *([sentence] if sys.argv[1] == "text" else []), sep="\t")


if __name__ == "__main__":
    main()
