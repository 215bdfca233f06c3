"""The module compiled from native/, and a table's schema in its form; `native` is None where nothing is compiled.

The slow path does the same in Python, for other systems and for a checkout without compiled modules.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from transform.schema import IMAGES, Column, LakeTable


def _is_outdated(digest: str | None) -> bool:
    """Whether a module has another digest than the C beside it, as of components.compiler; False where no C is there.

    A Lambda's zip has no C.
    """
    package = os.path.dirname(__file__)  # noqa: PTH120 - pathlib takes a millisecond of a cold start
    headers = [f"{package}/native", f"{os.path.dirname(package)}/components/native"]  # noqa: PTH120
    if not all(map(os.path.isdir, headers)):
        return False
    from pathlib import Path
    from zlib import crc32

    sources = [path for directory in headers for path in sorted(Path(directory).iterdir())]
    return digest != f"{crc32(b''.join(path.read_bytes() for path in sources if path.suffix in {'.c', '.h'})):08x}"


try:
    if "t" in getattr(sys, "abiflags", ""):
        raise ImportError("a free-threaded Python has no stable ABI")
    from transform import _native

    if _is_outdated(_native.__doc__):
        raise ImportError(f"{_native.__file__} is compiled from other sources")
except ImportError as error:
    native = None
    missing = f"{error}; `python -m components.compiler transform` compiles it"
else:
    native = _native
    missing = None
# `missing` is the reason why there is no module, and what to do. Then every record takes the slow path.


def keep_memory() -> None:
    """Have this process keep the memory of a batch for the next one; nothing where nothing is compiled.

    Lambda's runtime and the transform allocate some five times a batch's bytes in each invocation. By default glibc
    gives much of it back to the system at the end, which clears every page again at the next one.
    """
    if native is not None:
        native.keep_memory()


_NONE = -1
# In native/table.h's order.
_KINDS = {"string": 0, "boolean": 1, "int": 2, "bigint": 2, "double": 4, "date": 5, "timestamp": 6}
_DECIMAL = 3
# The digits before and after the point that every number of these types may have.
_DIGITS = {"int": (9, 0), "bigint": (18, 0), "double": (38, 20)}
_BOOLEAN = ord("O")


ColumnParts = tuple[bytes, int, int, int, int, bool, int]
"""A column: its prefix, kind, descriptor, digits before and after the point, whether it is a key, and the next one."""


class Description(NamedTuple):
    """A table as `_native.table` takes it: tuples of integers and encoded names, in native/table.h's order.

    `prefixes` are the texts before the row's values that are not of a schema column, `columns` the texts before the
    others with the value's conversion, and `nodes` the attributes that columns read: each one's name, the node of the
    map that contains it, and its last column; -1 where there is no such node or column.
    """

    prefixes: tuple[bytes, ...]
    columns: tuple[ColumnParts, ...]
    nodes: tuple[tuple[bytes, int, int], ...]

    @property
    def prefix_bytes(self) -> int:
        """The bytes of the columns' names in a row."""
        return sum(map(len, self.prefixes)) + sum(len(column[0]) for column in self.columns)


def describe(table: LakeTable) -> Description:
    """Return a table in the form that the compiled module reads."""
    prefixes = [f',"{column.name}":'.encode() for column in table.change_log_columns]
    prefixes[0] = b"{" + prefixes[0][1:]
    envelope = len(prefixes) - len(table.columns) - len(IMAGES)
    places = _places(table)
    last = dict.fromkeys(places, _NONE)
    columns: list[ColumnParts] = []
    for index, (column, prefix) in enumerate(zip(table.columns, prefixes[envelope:], strict=False)):
        columns.append(_column(table, column, prefix, last[column.attribute]))
        last[column.attribute] = index
    nodes = tuple((path[-1].encode(), places.get(path[:-1], _NONE), last[path]) for path in places)
    return Description((*prefixes[:envelope], *prefixes[-len(IMAGES) :]), tuple(columns), nodes)


def _places(table: LakeTable) -> dict[tuple[str, ...], int]:
    """Return a node for each attribute that a column reads, and for each map on its path."""
    places: dict[tuple[str, ...], int] = {}
    for column in table.columns:
        for depth in range(len(column.attribute)):
            places.setdefault(column.attribute[: depth + 1], len(places))
    return places


def _column(table: LakeTable, column: Column, prefix: bytes, following: int) -> ColumnParts:
    descriptor = table.descriptor(column)
    if column.type.startswith("decimal"):
        precision, scale = column.decimal
        whole, fraction = precision - scale, scale
    else:
        whole, fraction = _DIGITS.get(column.type, (0, 0))
    return (
        prefix,
        _KINDS.get(column.type, _DECIMAL),
        _BOOLEAN if descriptor == "BOOL" else ord(descriptor),
        whole,
        fraction,
        column in table.key_columns,
        following,
    )
