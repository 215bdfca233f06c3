"""Digests of rows and of images, equal in Python and in Athena's SQL.

A row's text is its columns' texts, joined by a separator. A column's text is the attribute in DynamoDB JSON, in its
usual spelling: `{"S":"paid"}`, `{"N":"12.5"}`, `{"S":"2026-01-02T03:04:05.678Z"}`. So the text of an item in that
spelling is composed of the bytes of the Scan's reply; another spelling is read by `lake.values.expected` and written
again. An image's text is its canonical JSON.

A digest is the first 60 bits of a text's MD5. The keys are divided into 4,096 buckets by the MD5 of the key's text; a
bucket's digest is the number of its rows and the sum of their digests. Equal digests prove equal rows, without a row
leaving Athena. Different digests can also come from different spellings of equal values: only the rows decide.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from hashlib import md5
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from lake.athena import Cell, Row, quote
from lake.canonical import Canonical, RawItem, read_image
from lake.compiled import SAFE_DIGITS, compiled_columns, native
from lake.values import attribute, expected
from transform.schema import Column, KeyType, LakeTable

BUCKETS = 4096
_SEPARATOR, _NULL = b"\x1f", b"\x1e"
"""Between columns, and for NULL: control characters, which no usual text has."""
_BETWEEN_KEYS = re.compile(rb"(?<=\})\x1f(?=\{)")
_DIGEST_SHIFT = 4
_first_bits = struct.Struct(">Q").unpack_from
_BUCKET_SHIFT = 4
_MILLISECONDS = len("2026-01-02 03:04:05.678")
_MAX_FORMS = 1024


class Fingerprint(NamedTuple):
    """An item's key as text, and the digests of its row and of its image."""

    key: bytes
    row: int
    image: int


class _Form(NamedTuple):
    """The format of items with the same attributes: their present columns, and the row's text with placeholders.

    `usual` matches that text when every value has the spelling that Athena's SQL writes.
    """

    columns: Any
    text: bytes
    usual: re.Pattern[bytes]


class Fingerprints:
    """Computes digests of a table's items, and of rows and images as Athena returns them."""

    def __init__(self, table: LakeTable) -> None:
        self._table = table
        self._key_types: dict[tuple[str, ...], KeyType] = {(key.name,): key.type for key in table.keys}
        self._key_at = [table.columns.index(column) for column in table.key_columns]
        self._canonical = Canonical()
        self._forms: dict[tuple[str, ...], _Form | None] = {}
        self._compiled = compiled_columns(table)

    def of_text(self, item: Raw) -> Fingerprint:
        """Return the fingerprint of an item in DynamoDB JSON. Raises: UnwritableError, msgspec.MsgspecError."""
        if native is not None and self._compiled is not None:
            texts = native.texts(self._compiled, item)
            if texts is not None:
                key, row, image = texts
                return Fingerprint(key, digest(row), digest(image))
        return self.of_item(read_image(item))

    def of_item(self, item: RawItem) -> Fingerprint:
        """Return an item's fingerprint. Raises: UnwritableError: DynamoDB cannot have written the item."""
        image = digest(self._canonical.item(item))
        text = self._usual(item)
        if text is not None:
            return Fingerprint(self._item_key(item), digest(text), image)
        parts = list(map(self._text, self._table.columns, self.cells(item)))
        return Fingerprint(self._key(parts), digest(_SEPARATOR.join(parts)), image)

    def of_row(self, row: Row) -> tuple[bytes, int]:
        """Return the key and the digest of a row of the view, in canonical text."""
        parts = list(map(self._text, self._table.columns, row))
        return self._key(parts), digest(_SEPARATOR.join(parts))

    def of_image(self, key: Row, image: str) -> tuple[bytes, int]:
        """Return the key and the digest of an image of the change log; the key's cells are in canonical text."""
        text = _SEPARATOR.join(map(self._text, self._table.key_columns, key))
        try:
            return text, digest(self._canonical.item(read_image(image)))
        except msgspec.MsgspecError:
            return text, -1

    def cells(self, item: RawItem) -> Row:
        """Return the canonical text of an item's columns. Raises: UnwritableError."""
        parsed = {name: attribute(msgspec.json.decode(item[name])) for name in self._names if name in item}
        return tuple(expected(column, parsed, self._key_types.get(column.attribute)) for column in self._table.columns)

    def key_cells(self, key: bytes) -> Row:
        """The cells of a key's text."""
        return tuple(None if text == _NULL else text[6:-2].decode() for text in _BETWEEN_KEYS.split(key))

    def key_of(self, cells: Row) -> bytes:
        """The text of a key with these cells."""
        return _SEPARATOR.join(map(self._text, self._table.key_columns, cells))

    @property
    def _names(self) -> list[str]:
        return list({column.attribute[0]: None for column in self._table.columns})

    def _usual(self, item: RawItem) -> bytes | None:
        """The row's text of an item whose values all have their usual spelling."""
        names = tuple(item)
        try:
            form = self._forms[names]
        except KeyError:
            if len(self._forms) >= _MAX_FORMS:
                self._forms.clear()
            form = self._forms[names] = self._form(item)
        if form is None:
            return None
        text = form.text % form.columns(item)
        return text if form.usual.fullmatch(text) else None

    def _form(self, item: RawItem) -> _Form | None:
        present = [column for column in self._table.columns if column.attribute[0] in item]
        if any(column.type == "double" for column in present) or not present:
            return None
        places = [b"%b" if column in present else _NULL for column in self._table.columns]
        patterns = [_usual(column, self._table) if column in present else _NULL for column in self._table.columns]
        return _Form(_Columns(present), _SEPARATOR.join(places), re.compile(_SEPARATOR.join(patterns)))

    def _text(self, column: Column, cell: Cell) -> bytes:
        """A column's text by its cell in canonical text."""
        if cell is None:
            return _NULL
        text = cell.encode("utf-8", "surrogatepass")
        match column.type:
            case "boolean":
                return b'{"BOOL":%b}' % text
            case "timestamp":
                text = text[:_MILLISECONDS].replace(b" ", b"T") + b"Z"
            case "double":
                text = _double(text)
            case "string" | "int" | "bigint" | "date":
                pass
            case _:
                text = _TRAILING_ZEROS.sub(b"", text) if b"." in text else text
        return b'{"%b":"%b"}' % (self._table.descriptor(column).encode(), text)

    def _item_key(self, item: RawItem) -> bytes:
        """The key's text of an item in its usual spelling."""
        return _SEPARATOR.join([bytes(item[key.name]) for key in self._table.keys])

    def _key(self, parts: Sequence[bytes]) -> bytes:
        if len(self._key_at) == 1:
            return parts[self._key_at[0]]
        return _SEPARATOR.join([parts[at] for at in self._key_at])


_DAY = (
    rb"(?!0000)[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    rb"|(?:0[13578]|1[02])-31)"
)
"""Return a pattern of valid dates; leap days take the slow path."""
_TRAILING_ZEROS = re.compile(rb"\.?0+$")


class _Map(msgspec.Struct, frozen=True, gc=False):
    M: dict[str, Raw]


_decode_map = msgspec.json.Decoder(_Map).decode


class _Columns:
    """Return a function for the values of columns in an item, as the tuple for `%`; NULL for a missing path."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._get = itemgetter(*(column.attribute[0] for column in columns))
        self._single = len(columns) == 1
        self._nested = [(at, column.attribute[1:]) for at, column in enumerate(columns) if column.attribute[1:]]

    def __call__(self, item: RawItem) -> tuple[object, ...]:
        values = (self._get(item),) if self._single else self._get(item)
        if not self._nested:
            return values
        values = list(values)
        for at, path in self._nested:
            values[at] = _at(values[at], path)
        return tuple(values)


def _at(value: Raw, path: Sequence[str]) -> Raw | bytes:
    for name in path:
        try:
            members = _decode_map(value).M
        except msgspec.MsgspecError:
            return _NULL
        if name not in members:
            return _NULL
        value = members[name]
    return value


def _usual(column: Column, table: LakeTable) -> bytes:
    """Return a pattern of a column's text in its usual spelling, or of NULL for a nested column."""
    null = b"|" + _NULL if column.attribute[1:] else b""
    match column.type:
        case "boolean":
            content = rb'\{"BOOL":(?:true|false)\}'
            return b"(?:%b%b)" % (content, null)
        case "string":
            content = rb'[^"\\\x1e\x1f]*' if table.descriptor(column) != "N" else rb"[^\"\\]*"
        case "timestamp":
            content = _DAY + rb"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
        case "date":
            content = _DAY
        case "int" | "bigint":
            content = rb"(?:0|-?[1-9][0-9]{0,%d})" % (SAFE_DIGITS[column.type] - 1)
        case _:
            precision, scale = column.decimal
            whole = rb"(?:0|[1-9][0-9]{0,%d})" % (precision - scale - 1) if precision > scale else b"0"
            fraction = rb"(?:\.[0-9]{0,%d}[1-9])?" % (scale - 1) if scale else b""
            content = b'(?!-0")-?' + whole + fraction
    return rb'(?:\{"%b":"%b"\}%b)' % (table.descriptor(column).encode(), content, null)


def _double(text: bytes) -> bytes:
    try:
        return struct.pack(">d", float(text)).hex().upper().encode()
    except ValueError:
        return text


def digest(text: bytes) -> int:
    """The first 60 bits of a text's MD5."""
    return _first_bits(md5(text, usedforsecurity=False).digest())[0] >> _DIGEST_SHIFT


def bucket_of(key: bytes) -> int:
    """The bucket of a key's text."""
    first, second = md5(key, usedforsecurity=False).digest()[:2]
    return first << _BUCKET_SHIFT | second >> _BUCKET_SHIFT


# The same in Athena's SQL


def texts_sql(table: LakeTable, columns: Sequence[Column]) -> str:
    """SQL for the text of these columns."""
    texts = [f"coalesce({_text_sql(table, column)}, chr({_NULL[0]}))" for column in columns]
    return texts[0] if len(texts) == 1 else f"concat_ws(chr({_SEPARATOR[0]}), {', '.join(texts)})"


def _text_sql(table: LakeTable, column: Column) -> str:
    name = quote(column.name)
    match column.type:
        case "boolean":
            return f"""'{{"BOOL":' || CAST({name} AS varchar) || '}}'"""
        case "string":
            text = name
        case "timestamp":
            text = f"replace(substr(date_format({name}, '%Y-%m-%d %H:%i:%s.%f'), 1, {_MILLISECONDS}), ' ', 'T') || 'Z'"
        case "double":
            text = f"to_hex(to_ieee754_64({name}))"
        case "int" | "bigint" | "date":
            text = f"CAST({name} AS varchar)"
        case _:
            text = f"CAST({name} AS varchar)"
            if column.decimal[1]:
                text = f"trim(TRAILING '.' FROM trim(TRAILING '0' FROM {text}))"
    return f"""'{{"{table.descriptor(column)}":"' || {text} || '"}}'"""


def hash_sql(text: str) -> str:
    """SQL for the MD5 of a text's UTF-8, in hexadecimal."""
    return f"to_hex(md5(to_utf8({text})))"


def digest_sql(hash_: str) -> str:
    """SQL for a digest of a hash, as an exact number: a sum of bigints can overflow."""
    return f"CAST(from_base(substr({hash_}, 1, 15), 16) AS decimal(38,0))"


def bucket_sql(hash_: str) -> str:
    """SQL for the bucket of a key's hash: three hexadecimal digits."""
    return f"substr({hash_}, 1, 3)"


def bucket_name(bucket: int) -> str:
    """A bucket as `bucket_sql` has it."""
    return f"{bucket:03X}"
