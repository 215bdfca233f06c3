"""What an ELF library asks of others: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html"""

from __future__ import annotations

import struct

_SECTION_HEADERS_AT = 0x28
_SECTION_SIZE_AT = 0x3A
_DYNSYM = 11
_DYNAMIC = 6
_NEEDED = 1
_UNDEFINED = 0


def undefined(library: bytes) -> set[str]:
    """The names that a 64-bit little-endian library does not define itself."""
    names: set[str] = set()
    for kind, offset, size, strings in _sections(library):
        for at in range(offset, offset + size, 24) if kind == _DYNSYM else ():
            name, _, section = struct.unpack_from("<IHH", library, at)
            if section == _UNDEFINED and name:
                names.add(_string(library, strings + name))
    return names


def needed(library: bytes) -> list[str]:
    """The libraries that it has loaded with it."""
    return [
        _string(library, strings + value)
        for kind, offset, size, strings in _sections(library)
        if kind == _DYNAMIC
        for tag, value in struct.iter_unpack("<QQ", library[offset : offset + size])
        if tag == _NEEDED
    ]


def _sections(library: bytes) -> list[tuple[int, int, int, int]]:
    """Of each section its type, where it begins, its size, and where the strings that it refers to begin."""
    (headers,) = struct.unpack_from("<Q", library, _SECTION_HEADERS_AT)
    size, count = struct.unpack_from("<HH", library, _SECTION_SIZE_AT)
    found = [struct.unpack_from("<IIQQQQI", library, headers + size * index) for index in range(count)]
    return [(kind, at, length, found[link][4]) for _, kind, _, _, at, length, link in found]


def _string(library: bytes, at: int) -> str:
    return library[at : library.index(0, at)].decode()
