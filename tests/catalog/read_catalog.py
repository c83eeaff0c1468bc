# SPDX-License-Identifier: MIT
"""Reads a security catalog and compares it with the package that it is for, with nothing of what made it.

usage: read_catalog.py ARCHITECTURE OSATTR CATALOG INF FILE...

Exit status 0: the catalog lists exactly the INF and the files, each with the hash that Windows computes, and its
attributes are those of the INF. Otherwise 1, after a line that says what is wrong.

Images are hashed here step by step as "Windows Authenticode Portable Executable Signature Format" describes it,
section by section, where make_catalog takes the file as it lies.
"""

import hashlib
import os
import re
import struct
import sys

SIGNED_DATA = "1.2.840.113549.1.7.2"
MICROSOFT = "1.3.6.1.4.1.311."
HASHES = {"1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256"}
OS = {
    "amd64": {"6.1": "7X64,Server2008R2X64", "6.2": "8X64,Server2012X64", "6.3": "_v63_X64,_v63_Server_X64",
              "10.0": "_v100_X64,Server_v100_X64"},
    "x86": {"6.1": "7X86", "6.2": "8X86", "6.3": "_v63", "10.0": "_v100"},
    "arm64": {"10.0": "_v100_ARM64_RS3,Server_v100_ARM64"},
}


class Wrong(Exception):
    pass


def expect(found, wanted, what):
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, not {wanted!r}")


class Value:
    """One DER value: tag, contents, and the whole of it."""

    def __init__(self, data, at=0):
        self.tag, size, start = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[start : start + count], "big")
            start += count
            shortest = 1 if size < 0x80 else 2 + (size.bit_length() - 1) // 8
            expect(start - at - 1, shortest, "bytes of a length")
        self.end = start + size
        if self.end > len(data):
            raise Wrong(f"a value of {size} bytes ends after what it is in")
        self.contents = data[start : self.end]
        self.encoded = data[at : self.end]

    def children(self, *tags):
        values, at = [], 0
        while at < len(self.contents):
            values.append(Value(self.contents, at))
            at = values[-1].end
        if tags:
            expect([hex(v.tag) for v in values], [hex(t) for t in tags], "tags")
        return values

    def identifier(self):
        expect(self.tag, 0x06, "tag of an identifier")
        arcs, arc = [self.contents[0] // 40, self.contents[0] % 40], 0
        for byte in self.contents[1:]:
            arc = arc << 7 | byte & 0x7F
            if byte < 0x80:
                arcs.append(arc)
                arc = 0
        return ".".join(map(str, arcs))


def image_parts(data):
    """What of an image is hashed, by the numbered steps of the description."""
    optional = struct.unpack_from("<I", data, 0x3C)[0] + 24
    sections, = struct.unpack_from("<H", data, optional - 18)
    optional_size, = struct.unpack_from("<H", data, optional - 4)
    plus = struct.unpack_from("<H", data, optional)[0] == 0x20B
    headers, = struct.unpack_from("<I", data, optional + 60)
    security = optional + (112 if plus else 96) + 4 * 8
    certificates_size, = struct.unpack_from("<I", data, security + 4)
    yield data[: optional + 64]
    yield data[optional + 68 : security]
    yield data[security + 8 : headers]
    hashed = headers
    table = [struct.unpack_from("<II", data, optional + optional_size + 40 * i + 16) for i in range(sections)]
    for size, offset in sorted((s for s in table if s[0]), key=lambda s: s[1]):
        yield data[offset : offset + size]
        hashed += size
    yield data[hashed : len(data) - certificates_size]
    yield bytes(-(len(data) - certificates_size) % 8)


def digest(data, algorithm):
    made = hashlib.new(algorithm)
    for part in image_parts(data) if data[:2] == b"MZ" else [data]:
        made.update(part)
    return made.digest()


def name_value(value):
    name, flags, text = value.children(0x1E, 0x02, 0x04)
    expect(flags.contents.hex(), "10010001", "flags of an attribute")
    text = text.contents.decode("utf-16-le")
    expect(text[-1:], "\0", f"end of {text!r}")
    return name.contents.decode("utf-16-be"), text[:-1]


def read_member(subject, version):
    """What the attributes of a member say: a dictionary."""
    tag, attributes = subject.children(0x04, 0x31)
    said = {"tag": tag.contents}
    encodings = [a.encoded for a in attributes.children()]
    expect(encodings, sorted(encodings), "order of attributes")
    for attribute in attributes.children():
        kind, values = attribute.children(0x06, 0x31)
        value, = values.children()
        kind = kind.identifier().removeprefix(MICROSOFT)
        if kind == "12.2.1":
            name, text = name_value(value)
        elif kind == "12.2.2" and version == 1:
            guid, number = value.children(0x1E, 0x02)
            expect(number.contents.hex(), "0200", "version of the subject's interface")
            name, text = "subject", guid.contents.decode("utf-16-be")
        elif kind == "12.2.3" and version == 2:
            name, text = "subject", (value.tag, value.contents)
        elif kind == "2.1.4":
            data, info = value.children(0x30, 0x30)
            algorithm, made = info.children(0x30, 0x04)
            name = "indirect"
            text = (data.contents.hex(), HASHES[algorithm.children(0x06, 0x05)[0].identifier()], made.contents)
        else:
            raise Wrong(f"attribute {kind} in a catalog of version {version}")
        if name in said:
            raise Wrong(f"{name} twice")
        said[name] = text
    return said


# Object identifier, and what the description of images and of cabinets says besides.
IMAGE_DATA = "060a2b060104018237" + "02010f" + "300a" + "030205a0" + "a004a2028000"
FLAT_DATA = "060a2b060104018237" + "020119" + "a2028000"


def wanted_member(path, version, algorithm, os_attribute):
    with open(path, "rb") as file:
        data = file.read()
    image = data[:2] == b"MZ"
    made = digest(data, algorithm)
    wanted = {"File": os.path.basename(path), "OSAttr": os_attribute}
    if version == 1:
        wanted["tag"] = (made.hex().upper() + "\0").encode("utf-16-le")
        wanted["subject"] = "{%s-8C47-00C04FC295EE}" % ("C689AAB8-8E78-11D0" if image else "DE351A42-8E59-11D0")
    else:
        wanted["tag"] = made
        wanted["subject"] = (0x80 if image else 0x82, b"")
    if version == 1 or algorithm == "sha256":
        wanted["indirect"] = (IMAGE_DATA if image else FLAT_DATA, algorithm, made)
    return wanted


def trust_list(catalog):
    with open(catalog, "rb") as file:
        data = file.read()
    whole = Value(data)
    expect(whole.end, len(data), "size")
    kind, content = whole.children(0x06, 0xA0)
    expect(kind.identifier(), SIGNED_DATA, "content type")
    version, digests, inner, signers = content.children(0x30)[0].children(0x02, 0x31, 0x30, 0x31)
    expect((version.contents, digests.contents, signers.contents), (b"\1", b"", b""), "version and signers")
    kind, content = inner.children(0x06, 0xA0)
    expect(kind.identifier(), MICROSOFT + "10.1", "type of what is signed")
    return content.children(0x30)[0].children(0x30, 0x04, 0x17, 0x30, 0x30, 0xA0)


def check(architecture, os_attribute, catalog, inf, *files):
    usage, identifier, date, algorithm, subjects, extensions = trust_list(catalog)
    versions = os_attribute.replace("2:", "").split(",")
    version = 1 if versions[0] == "6.1" else 2
    with open(inf, encoding="ascii", newline="") as file:
        text = file.read()

    expect([v.identifier() for v in usage.children()], [MICROSOFT + "12.1.1"], "usage")
    expect(len(identifier.contents), 16, "size of the list's identifier")
    month, day, year = re.search(r"^DriverVer\s*=\s*(\d+)/(\d+)/\d\d(\d\d),", text, re.M).groups()
    expect(date.contents.decode(), f"{year}{month}{day}000000Z", "date")
    expect(algorithm.children(0x06, 0x05)[0].identifier(), MICROSOFT + f"12.1.{version + 1}", "algorithm")

    found = [read_member(subject, version) for subject in subjects.children()]
    wanted = [wanted_member(path, version, name, os_attribute)
              for path in (inf, *files) for name in (["sha1"] if version == 1 else ["sha1", "sha256"])]
    expect(found, sorted(wanted, key=lambda member: member["tag"]), "members")

    named = []
    for extension in extensions.children(0x30)[0].children():
        kind, contents = extension.children(0x06, 0x04)
        expect(kind.identifier(), MICROSOFT + "12.2.1", "kind of an extension")
        named.append(name_value(Value(contents.contents)))
    ids = re.findall(r'^"Culvert Tunnel"\s*=[^,]*,\s*(\S+)', text, re.M)
    expect(named, [("OS", ",".join(OS[architecture][v] for v in versions)), ("HWID1", ids[0].lower())], "extensions")


if __name__ == "__main__":
    try:
        check(*sys.argv[1:])
    except Wrong as error:
        print(f"{sys.argv[3]}: {error}")
        sys.exit(1)
