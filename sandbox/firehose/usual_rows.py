"""Records in their usual form, which are rows already: `parquet` would not change their values.

A usual record is one JSON object with exactly the columns' members: strings, whole numbers and booleans for columns of
these types; for decimals, times and dates a string of nothing but their digits. Every other record is not usual.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta, Struct, defstruct

# Every day of a year except February 29.
_MONTH_AND_DAY = "(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"
_DAY = f"(?!0000)[0-9]{{4}}-(?:{_MONTH_AND_DAY})"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3}(?:[0-9]{3})?)?"
_TYPES: dict[str, Any] = {
    "VARCHAR": str,
    "BOOLEAN": bool,
    "TINYINT": Annotated[int, Meta(ge=-(2**7), lt=2**7)],
    "SMALLINT": Annotated[int, Meta(ge=-(2**15), lt=2**15)],
    "INTEGER": Annotated[int, Meta(ge=-(2**31), lt=2**31)],
    "BIGINT": Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],
}
_PATTERNS = {"DATE": _DAY, "TIMESTAMP": f"{_DAY}[ T]{_TIME}"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_TOGETHER = 256
"""How many records are decoded before their columns are checked: as many as fit into a processor's cache."""


class _Check:
    """A column of texts and the pattern that each of them must match."""

    def __init__(self, field: str, pattern: str) -> None:
        self._values_of = attrgetter(field)
        self._one = re.compile(pattern).fullmatch
        # One call for all rows costs a tenth of a call for each.
        self._all = re.compile(f"(?:(?:{pattern})\n)*+").fullmatch

    def misfits(self, rows: Sequence[Struct]) -> Iterator[int]:
        """The indices of the rows whose text does not match."""
        values: list[str | None] = list(map(self._values_of, rows))
        texts = [value for value in values if value is not None] if None in values else cast("list[str]", values)
        joined = "\n".join([*texts, ""])
        if joined.count("\n") == len(texts) and self._all(joined) is not None:
            return
        for number, value in enumerate(values):
            if value is not None and self._one(value) is None:
                yield number


class UsualRecords:
    """Recognizes the usual records for columns, given by their names and DuckDB types.

    Of a column of an unsupported type, only null is usual. No record is usual for columns whose names JSON would write
    with escapes.
    """

    def __init__(self, columns: Sequence[tuple[str, str]]) -> None:
        fields = [(f"c{number}", _type(sql_type)) for number, (_, sql_type) in enumerate(columns)]
        names = {f"c{number}": name for number, (name, _) in enumerate(columns)}
        self._checks = [
            _Check(f"c{number}", pattern)
            for number, (_, sql_type) in enumerate(columns)
            if (pattern := _pattern(sql_type)) is not None
        ]
        self._decode: Callable[[bytes], Struct] | None
        try:
            row = defstruct("Row", fields, rename=names, gc=False, forbid_unknown_fields=True)
            self._decode = msgspec.json.Decoder(row).decode
        except ValueError:
            self._decode = None

    def among(self, records: Sequence[bytes]) -> list[bool]:
        """Return for each record whether it is usual."""
        found: list[bool] = []
        for start in range(0, len(records), _TOGETHER):
            found += self._among(records[start : start + _TOGETHER])
        return found

    def _among(self, records: Sequence[bytes]) -> list[bool]:
        decode = self._decode
        usual = [decode is not None] * len(records)
        if decode is None:
            return usual
        rows: list[Struct] = []
        for number, record in enumerate(records):
            try:
                rows.append(decode(record))
            except msgspec.DecodeError:
                usual[number] = False
        numbers = [number for number, is_usual in enumerate(usual) if is_usual]
        for check in self._checks:
            for misfit in check.misfits(rows):
                usual[numbers[misfit]] = False
        return usual


def _type(sql_type: str) -> Any:
    kind: Any = str if _pattern(sql_type) else _TYPES.get(sql_type)
    return type(None) if kind is None else kind | None


def _pattern(sql_type: str) -> str | None:
    match = _DECIMAL.fullmatch(sql_type)
    if match is None:
        return _PATTERNS.get(sql_type)
    precision, scale = int(match[1]), int(match[2])
    if precision == scale:
        return None
    fraction = rf"(?:\.[0-9]{{1,{scale}}})?" if scale else ""
    return rf"-?[0-9]{{1,{precision - scale}}}{fraction}"
