# SPDX-License-Identifier: MIT
"""Reads Windows images and judges them, with nothing but the format's description (Microsoft, "PE
Format"). Prints what is wrong and exits with 1, or prints nothing.

  read_image.py imports IMAGE ARCHITECTURE WINDOWS-VERSIONS DEF...
      IMAGE imports what the DEFs list, all of it and nothing else, and WINDOWS-VERSIONS knows each
      name, as at least as old as Windows 7
  read_image.py sections IMAGE
      no section can be both written and executed, and there is no debug information
  read_image.py header IMAGE native|dll
      relocatable, no execution of data, no time stamp, for Windows 6.1 (arm64 drivers: 10.0), the
      checksum is right
  read_image.py unwind IMAGE
      the functions of a 64-bit image have unwind data
  read_image.py data IMAGE NAME...
      each imported variable is used through its slot in the import address table
  read_image.py same-layout IMAGE DEBUG-IMAGE
      all sections of IMAGE are in DEBUG-IMAGE at the same addresses, and the code is the same
"""
import re
import struct
import sys

WRITE, EXECUTE = 0x80000000, 0x20000000
DLL_DYNAMIC_BASE, DLL_NX_COMPAT = 0x40, 0x100
NATIVE, GUI, CUI = 1, 2, 3
RELOCATIONS_STRIPPED = 0x1
EXPORT, IMPORT, EXCEPTION, RELOCATION = 0, 1, 3, 5
AMD64, ARM64, X86 = 0x8664, 0xAA64, 0x14C
VERSIONS = ["2000", "2000*", "XP", "Vista", "7"]


class Image:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.pe = self.u32(0x3C)
        assert self.bytes[self.pe : self.pe + 4] == b"PE\0\0"
        self.machine = self.u16(self.pe + 4)
        self.timestamp = self.u32(self.pe + 8)
        self.characteristics = self.u16(self.pe + 22)
        self.optional = self.pe + 24
        self.wide = self.u16(self.optional) == 0x20B
        self.base = self.u64(self.optional + 24) if self.wide else self.u32(self.optional + 28)
        self.system_version = (self.u16(self.optional + 40), self.u16(self.optional + 42))
        self.subsystem_version = (self.u16(self.optional + 48), self.u16(self.optional + 50))
        self.checksum_at = self.optional + 64
        self.subsystem = self.u16(self.optional + 68)
        self.dll_characteristics = self.u16(self.optional + 70)
        self.directories = self.optional + (112 if self.wide else 96)
        self.sections = []
        at = self.optional + self.u16(self.pe + 20)
        symbols = self.u32(self.pe + 12)
        strings = symbols + 18 * self.u32(self.pe + 16) if symbols else 0
        for index in range(self.u16(self.pe + 6)):
            row = at + 40 * index
            name = self.bytes[row : row + 8].rstrip(b"\0").decode()
            if name.startswith("/") and strings:
                name = self.text(strings + int(name[1:]))
            size, address, raw_size, raw = struct.unpack_from("<4I", self.bytes, row + 8)
            self.sections.append((name, address, size, raw, raw_size, self.u32(row + 36)))

    def u16(self, at):
        return struct.unpack_from("<H", self.bytes, at)[0]

    def u32(self, at):
        return struct.unpack_from("<I", self.bytes, at)[0]

    def u64(self, at):
        return struct.unpack_from("<Q", self.bytes, at)[0]

    def text(self, at):
        return self.bytes[at : self.bytes.index(b"\0", at)].decode()

    def pointer(self, at):
        return self.u64(at) if self.wide else self.u32(at)

    def at(self, address):
        for _, start, size, raw, raw_size, _ in self.sections:
            if start <= address < start + max(size, raw_size):
                return raw + address - start
        raise ValueError("no section has address %#x" % address)

    def directory(self, index):
        return struct.unpack_from("<2I", self.bytes, self.directories + 8 * index)

    def contents(self, name):
        for section, _, size, raw, raw_size, _ in self.sections:
            if section == name:
                return self.bytes[raw : raw + min(size, raw_size)]
        return b""

    def imports(self):
        """Yields DLL, name, address of the slot."""
        pointer_size = 8 if self.wide else 4
        row = self.at(self.directory(IMPORT)[0])
        while self.u32(row + 12):
            dll = self.text(self.at(self.u32(row + 12)))
            slots = self.u32(row + 16)
            names = self.at(self.u32(row) or slots)
            index = 0
            while self.pointer(names + pointer_size * index):
                value = self.pointer(names + pointer_size * index)
                by_number = value >> (8 * pointer_size - 1)
                name = "#%u" % (value & 0xFFFF) if by_number else self.text(self.at(value) + 2)
                yield dll, name, slots + pointer_size * index
                index += 1
            row += 20

    def checksum(self):
        total = 0
        padded = self.bytes + b"\0" * (len(self.bytes) % 2)
        for at in range(0, len(padded), 2):
            if at not in (self.checksum_at, self.checksum_at + 2):
                total += struct.unpack_from("<H", padded, at)[0]
                total = (total & 0xFFFF) + (total >> 16)
        return total + len(self.bytes)


def undecorated(name):
    return re.sub(r"@\d+$", "", name.lstrip("@"))


def def_imports(path):
    """Yields DLL, name; as the DEF says."""
    with open(path) as file:
        dll = None
        for line in file:
            words = line.split(";")[0].split()
            if words and words[0] == "LIBRARY":
                dll = words[1]
            elif words and words[0] != "EXPORTS":
                yield dll, undecorated(words[0])


def known_versions(path, architecture):
    versions = {}
    with open(path) as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            name, where, version, page = line.rstrip("\n").split("\t")
            if where == "all" or where == architecture or (where == "64-bit" and architecture != "x86"):
                versions[name] = (version, page)
    return versions


def judge_imports(path, architecture, versions_path, *defs):
    listed = {item for path_of_def in defs for item in def_imports(path_of_def)}
    imported = {(dll, name) for dll, name, _ in Image(path).imports()}
    versions = known_versions(versions_path, architecture)
    for dll, name in sorted(imported - listed):
        yield "imported, but in no .def: %s of %s" % (name, dll)
    for dll, name in sorted(listed - imported):
        yield "in a .def, but not imported: %s of %s" % (name, dll)
    names = {name for _, name in imported | listed}
    for name in sorted(names - set(versions)):
        yield "no first version of Windows is known: %s" % name
    for name in sorted(set(versions) - names):
        yield "a version is listed, but nothing imports it: %s" % name
    for name in sorted(names & set(versions)):
        version, page = versions[name]
        if version not in VERSIONS:
            yield "not on Windows 7: %s began with %s" % (name, version)
        if not re.match(r"(wdm|ndis|nblapi)/nf-", page):
            yield "no page documents %s" % name


def judge_sections(path):
    image = Image(path)
    if not any(flags & EXECUTE for *_, flags in image.sections):
        yield "no section is executable"
    for name, *_, flags in image.sections:
        if flags & WRITE and flags & EXECUTE:
            yield "section %s can be written and executed" % name
        if name.startswith((".debug", ".zdebug", ".stab", "/")):
            yield "section %s is debug information" % name
    if image.u32(image.pe + 12):
        yield "there is a symbol table"


def judge_header(path, kind):
    image = Image(path)
    if not image.dll_characteristics & DLL_DYNAMIC_BASE:
        yield "no DYNAMIC_BASE"
    if not image.dll_characteristics & DLL_NX_COMPAT:
        yield "no NX_COMPAT"
    if image.characteristics & RELOCATIONS_STRIPPED or not image.directory(RELOCATION)[1]:
        yield "no relocations"
    if image.timestamp:
        yield "time stamp %#x" % image.timestamp
    oldest = (10, 0) if kind == "native" and image.machine == ARM64 else (6, 1)
    if image.subsystem_version != oldest:
        yield "subsystem version %u.%u" % image.subsystem_version
    if kind == "native" and image.machine == ARM64 and image.system_version != oldest:
        yield "operating system version %u.%u" % image.system_version
    if (image.subsystem == NATIVE) != (kind == "native") or image.subsystem not in (NATIVE, GUI, CUI):
        yield "subsystem %u" % image.subsystem
    stored = image.u32(image.checksum_at)
    if stored != image.checksum():
        yield "checksum %#x, but it is %#x" % (stored, image.checksum())


def judge_unwind(path):
    image = Image(path)
    if image.machine == X86:
        yield "x86 has no unwind data"
        return
    address, size = image.directory(EXCEPTION)
    if not size:
        yield "no exception directory"
        return
    width = 12 if image.machine == AMD64 else 8
    code = [(start, start + length) for _, start, length, _, _, flags in image.sections if flags & EXECUTE]
    covered = 0
    last = 0
    for row in range(image.at(address), image.at(address) + size, width):
        begin = image.u32(row)
        if begin < last or not any(start <= begin < end for start, end in code):
            yield "the entry for %#x is out of order or outside the code" % begin
        last = begin
        if image.machine == AMD64:
            covered += image.u32(row + 4) - begin
        else:
            # Packed (bits 2-12) or in .xdata (bits 0-17): the function's length in 4 bytes.
            packed = image.u32(row + 4)
            length = packed >> 2 & 0x7FF if packed & 3 else image.u32(image.at(packed)) & 0x3FFFF
            covered += 4 * length
    # The rest are functions without a frame, import thunks and padding.
    total = sum(end - start for start, end in code)
    if covered < total * 3 // 4:
        yield "unwind data covers %u of %u bytes of code" % (covered, total)


def judge_data(path, *names):
    image = Image(path)
    slots = {name: slot for _, name, slot in image.imports()}
    pointer = "<Q" if image.wide else "<I"
    for name in names:
        if name not in slots:
            yield "%s is not imported" % name
            continue
        # A pointer to the slot in constant data, or, on x86, a load from the slot: mov eax, [slot] or
        # mov register, [slot]. Not the jump of a thunk: reading that as the variable reads code.
        wanted = struct.pack(pointer, image.base + slots[name])
        found = False
        for _, _, _, raw, raw_size, flags in image.sections:
            contents = image.bytes[raw : raw + raw_size]
            if not flags & EXECUTE:
                found = found or wanted in contents
            elif not image.wide:
                found = found or re.search(b"(\xa1|\x8b[\x05\x0d\x15\x1d\x25\x2d\x35\x3d])" + re.escape(wanted), contents)
        if not found:
            yield "nothing reads the slot of %s" % name


def judge_same_layout(path, debug_path):
    image, debug = Image(path), Image(debug_path)
    places = {name: (address, size) for name, address, size, *_ in debug.sections}
    for name, address, size, *_ in image.sections:
        if name != ".rsrc" and name != ".reloc" and places.get(name) != (address, size):
            yield "section %s is at %#x (%u bytes), not %s" % (name, address, size, places.get(name))
    if image.contents(".text") != debug.contents(".text"):
        yield "the code differs"
    if not any(name.startswith(".debug_info") for name, *_ in debug.sections):
        yield "%s has no debug information" % debug_path


def main():
    judges = {
        "imports": judge_imports,
        "sections": judge_sections,
        "header": judge_header,
        "unwind": judge_unwind,
        "data": judge_data,
        "same-layout": judge_same_layout,
    }
    complaints = list(judges[sys.argv[1]](*sys.argv[2:]))
    print("\n".join(complaints))
    sys.exit(1 if complaints else 0)


main()
