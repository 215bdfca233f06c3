"""The module compiled from native/, and a table's columns in its form; `native` is None where nothing is compiled.

The slow path does the same in Python, for other systems and for a checkout without compiled modules.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stack.commandline import refuse_outdated
from transform.schema import Column, LakeTable

if TYPE_CHECKING:
    from lake._native import Columns

try:
    if "t" in getattr(sys, "abiflags", ""):
        raise ImportError("a free-threaded Python has no stable ABI")
    from lake import _native
except ImportError:
    native = None
else:
    native = _native
    refuse_outdated(_native, Path(__file__).parent)

# In native/columns.h's order.
_KINDS = {"string": 0, "boolean": 1, "int": 2, "bigint": 2, "double": 4, "date": 5, "timestamp": 6}
_DECIMAL = 3
SAFE_DIGITS = {"int": 9, "bigint": 18}
"""The number of digits that always fit."""
_LONGEST_PATH = 8


def compiled_columns(table: LakeTable) -> Columns | None:
    """Return a table in the form that `native.texts` reads; None where nothing is compiled, or a path is too long."""
    if native is None or any(len(column.attribute) > _LONGEST_PATH for column in table.columns):
        return None
    return native.columns(
        tuple(_parts(table, column) for column in table.columns), tuple(key.name.encode() for key in table.keys)
    )


def _parts(table: LakeTable, column: Column) -> tuple[tuple[bytes, ...], bytes, bytes, int, int, int]:
    opening, closing = b'{"%b":"' % table.descriptor(column).encode(), b'"}'
    whole, fraction = SAFE_DIGITS.get(column.type, 0), 0
    kind = _KINDS.get(column.type, _DECIMAL)
    if column.type == "boolean":
        opening, closing = b'{"BOOL":', b"}"
    elif kind == _DECIMAL:
        precision, fraction = column.decimal
        whole = precision - fraction
    return tuple(name.encode() for name in column.attribute), opening, closing, kind, whole, fraction
