"""Conversion of JSON lines to lines of text values, one per column, by the rules of the OpenX JSON SerDe.

DuckDB's JSON reader converts numbers to doubles, so a decimal of more than 17 digits would change. Here a number's text
is kept unchanged and cast once, to its column's type. Source of the rules: Trino's OpenXJsonDeserializer, which
Athena's engine 3 is built on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from sandbox.athena.errors import StatementError

_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NULL = b"null"


class LineReader:
    """Converts lines of a table's objects to rows of raw JSON strings or nulls.

    `columns` are the table's stored columns in order. The supported SerDe parameters: case.insensitive (true),
    dots.in.keys (false), mapping.<column>, and ignore.malformed.json (false).
    """

    def __init__(self, columns: Sequence[str], parameters: Mapping[str, str]) -> None:
        options = {name.lower(): value for name, value in parameters.items()}
        self.ignore_malformed = _flag(options, "ignore.malformed.json", default=False)
        self._lower = _flag(options, "case.insensitive", default=True)
        self._dots = _flag(options, "dots.in.keys", default=False)
        mapped = {name: options.get(f"mapping.{name}", name) for name in columns}
        self._keys = [key.lower() if self._lower else key for key in mapped.values()]
        fields = "".join(f',"c{i}":%b' for i in range(len(columns)))
        self._template = f'{{"object":%d{fields}}}\n'.encode()
        self._blank = (_NULL,) * len(columns)

    def lines(self, text: bytes, number: int, source: str) -> list[bytes]:
        """The rows of one object: {"object": number, "c0": the first column's value as a string or null, …}.

        A line that is not a JSON object raises StatementError, or is a row of nulls if the SerDe ignores malformed
        JSON. `source` names the object.
        """
        template, keys, lower, dots = self._template, self._keys, self._lower, self._dots
        try:
            text.decode()
        except UnicodeDecodeError:
            text = text.decode(errors="replace").encode()
        rows: list[bytes] = []
        for line in text.splitlines() if b"\r" in text else text.split(b"\n"):
            if not line or line.isspace():
                continue
            try:
                values = _DECODER.decode(line)
            except msgspec.DecodeError as error:
                if not self.ignore_malformed and line.lstrip()[:1] in {b"{", b"["}:
                    message = f"Row is not a valid JSON Object - {error}: {source}"
                    raise StatementError("HIVE_CURSOR_ERROR", message) from error
                rows.append(template % (number, *self._blank))
                continue
            if dots or (lower and not _all_lower(values)):
                values = {_key(key, lower=lower, dots=dots): value for key, value in values.items()}
            row = [_text(values[key]) if key in values else _NULL for key in keys]
            rows.append(template % (number, *row))
        return rows


def _all_lower(values: Mapping[str, object]) -> bool:
    return "".join(values).islower()


def _key(key: str, *, lower: bool, dots: bool) -> str:
    key = key.lower() if lower else key
    return key.replace(".", "_") if dots else key


def _text(value: msgspec.Raw) -> bytes:
    raw = bytes(value)
    first = raw[:1]
    if first == b'"' or raw == _NULL:
        return raw
    if first in {b"{", b"["}:
        return msgspec.json.encode(raw.decode())
    return b'"%s"' % raw


def _flag(options: Mapping[str, str], name: str, *, default: bool) -> bool:
    return str(options.get(name, default)).strip().lower() == "true"
