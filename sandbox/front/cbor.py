"""CBOR (RFC 8949), to the extent that AWS's two CBOR protocols use it.

`application/x-amz-cbor-1.1` is the Java SDK's protocol for Kinesis: AWS's JSON protocol with its body in CBOR, and
times in milliseconds (aws-sdk-java-v2, core/protocols/aws-cbor-protocol, AwsCborProtocolFactory and SdkCborGenerator).
`application/cbor` is Smithy's RPC v2, with times in seconds:
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html.

This module exists because no package of the sandbox reads and writes both.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

MILLISECONDS = 1000
SECONDS = 1
_EPOCH = datetime.fromtimestamp(0, UTC)
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _OTHER = range(8)
_INDEFINITE = 31
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_SIMPLE: dict[int, bool | None] = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_TIME_TAG = 1
_MAX_DEPTH = 64
_BREAK = object()


class CborError(ValueError):
    """The bytes are not valid CBOR, or have a type that AWS's protocols lack."""


def decode(content: bytes, ticks_per_s: int) -> Any:
    """Decode the one value in `content`; a time (tag 1, in ticks) becomes an aware datetime.

    Raises:
        CborError: the content is invalid, or bytes follow the value.
    """
    reader = _Reader(content, ticks_per_s)
    try:
        value = reader.value(0)
    except (IndexError, OverflowError, UnicodeDecodeError, struct.error) as error:
        raise CborError(f"The body is not valid CBOR: {error}") from None
    if value is _BREAK or reader.at != len(content):
        raise CborError("The body is not one value in CBOR.")
    return value


def encode(value: object, ticks_per_s: int) -> bytes:
    """Encode a value of JSON's types, bytes or aware datetimes; times become whole milliseconds, or seconds."""
    out = bytearray()
    _write(out, value, ticks_per_s)
    return bytes(out)


class _Reader:
    def __init__(self, content: bytes, ticks_per_s: int) -> None:
        self.at = 0
        self._content = content
        self._ticks_per_s = ticks_per_s

    def value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise CborError(f"The body is nested deeper than {_MAX_DEPTH} levels.")
        major, detail = divmod(self._content[self.at], 32)
        self.at += 1
        if major == _OTHER:
            return self._other(detail)
        if detail == _INDEFINITE:
            return self._indefinite(major, depth)
        number = self._number(detail)
        if major == _UNSIGNED:
            return number
        if major == _NEGATIVE:
            return -1 - number
        if major == _BYTES:
            return self._take(number)
        if major == _TEXT:
            return self._take(number).decode()
        if major == _LIST:
            return [self._item(depth) for _ in range(number)]
        if major == _MAP:
            return {self._item(depth): self._item(depth) for _ in range(number)}
        return self._tagged(number, depth)

    def _item(self, depth: int) -> Any:
        value = self.value(depth + 1)
        if value is _BREAK:
            raise CborError("The body has a break inside a list or map of definite length.")
        return value

    def _indefinite(self, major: int, depth: int) -> Any:
        """An item of indefinite length, which ends with a break: section 3.2."""
        items: list[Any] = []
        while (item := self.value(depth + 1)) is not _BREAK:
            items.append(item)
        if major == _LIST:
            return items
        if major == _MAP and len(items) % 2 == 0:
            return dict(zip(items[::2], items[1::2], strict=True))
        if major == _TEXT and all(isinstance(item, str) for item in items):
            return "".join(items)
        if major == _BYTES and all(isinstance(item, bytes) for item in items):
            return b"".join(items)
        raise CborError("The body has an item of indefinite length that must have a length.")

    def _other(self, detail: int) -> Any:
        if detail == _INDEFINITE:
            return _BREAK
        if detail in _FLOATS:
            return struct.unpack(_FLOATS[detail], self._take(_WIDTHS[detail]))[0]
        if detail in _SIMPLE:
            return _SIMPLE[detail]
        raise CborError(f"The body has the simple value {detail}, which AWS's protocols do not have.")

    def _tagged(self, tag: int, depth: int) -> Any:
        value = self._item(depth)
        if tag != _TIME_TAG:
            return value
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise CborError("The body has a time that is not a number.")
        return datetime.fromtimestamp(value / self._ticks_per_s, UTC)

    def _number(self, detail: int) -> int:
        if detail < 24:
            return detail
        if detail not in _WIDTHS:
            raise CborError(f"The body has a length of the kind {detail}, which CBOR does not have.")
        return int.from_bytes(self._take(_WIDTHS[detail]), "big")

    def _take(self, count: int) -> bytes:
        taken = self._content[self.at : self.at + count]
        if len(taken) < count:
            raise CborError("The body ends in the middle of a value.")
        self.at += count
        return taken


def _write(out: bytearray, value: object, ticks_per_s: int) -> None:
    if value is None:
        out.append(0xF6)
    elif isinstance(value, bool):
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        _head(out, _UNSIGNED, value) if value >= 0 else _head(out, _NEGATIVE, -1 - value)
    elif isinstance(value, float):
        out += b"\xfb" + struct.pack(">d", value)
    elif isinstance(value, bytes):
        _head(out, _BYTES, len(value))
        out += value
    elif isinstance(value, str):
        content = value.encode()
        _head(out, _TEXT, len(content))
        out += content
    elif isinstance(value, datetime):
        _head(out, _TAG, _TIME_TAG)
        seconds = (value - _EPOCH).total_seconds()
        _write(out, seconds if ticks_per_s == SECONDS else round(seconds * ticks_per_s), ticks_per_s)
    else:
        _write_many(out, value, ticks_per_s)


def _write_many(out: bytearray, value: object, ticks_per_s: int) -> None:
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        _head(out, _MAP, len(fields))
        for name, member in fields.items():
            _write(out, name, ticks_per_s)
            _write(out, member, ticks_per_s)
    elif isinstance(value, Sequence):
        items = cast("Sequence[object]", value)
        _head(out, _LIST, len(items))
        for item in items:
            _write(out, item, ticks_per_s)
    else:
        raise TypeError(f"{type(value).__name__} has no form in CBOR")


def _head(out: bytearray, major: int, number: int) -> None:
    """Write a major type and its length or value in as few bytes as possible."""
    if number < 24:
        out.append(major << 5 | number)
        return
    detail, width = next((detail, width) for detail, width in _WIDTHS.items() if number < 1 << 8 * width)
    out.append(major << 5 | detail)
    out += number.to_bytes(width, "big")
