"""An item in canonical JSON, and whether an image of the lake is the same item.

The canonical form is that of Trino's `json_format(json_parse(image))`: members in the order of their names, no space,
only the escapes that JSON requires, and of characters beyond 16 bits
(https://trino.io/docs/current/functions/json.html). Texts of one item can still differ in it, because DynamoDB JSON
does not order a set, and a number has several spellings. `same_value` compares values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple, cast

import msgspec
from msgspec import Raw

from lake.compiled import native
from lake.values import UnwritableError, number, typed

RawItem = dict[str, Raw]
"""An item's attributes by name, each in DynamoDB JSON, undecoded."""

_SHORTENED = "SHORTENED"
_REST = ""
_PLAIN = frozenset({b'{"S":"', b'{"N":"'})
_BOOLEANS = frozenset({b'{"BOOL":true}', b'{"BOOL":false}'})
_PARSED = frozenset({b'{"M":', b'{"L":'})
_ESCAPE = re.compile(rb"\\\\|\\u00[0-9a-f]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_WIDE = re.compile(rb"[\xf0-\xf4]")
_MAX_FORMS = 1024

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.decode
_decode_any = msgspec.json.Decoder().decode
_decode_image = msgspec.json.Decoder(RawItem).decode


class _Form(NamedTuple):
    """The format of items with the same attributes.

    It has their values in order, which of these are copied, and the text with placeholders.

    The values at the places `parsed` are maps and lists, whose members have an order.
    """

    values: Callable[[RawItem], tuple[Raw, ...]]
    copied: Callable[[RawItem], tuple[Raw, ...]]
    parsed: tuple[int, ...]
    text: bytes


class Canonical:
    """Writes items in canonical form; the format for each set of attributes is computed once."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, ...], _Form] = {}

    def item(self, item: RawItem) -> bytes:
        """Return the item's canonical text in UTF-8."""
        names = tuple(item)
        form = self._forms.get(names)
        if form is None:
            if len(self._forms) >= _MAX_FORMS:
                self._forms.clear()
            form = self._forms[names] = _form(item)
        values = form.values(item)
        if native is not None:
            found = native.canonical(form.text % values)
            if found is not None:
                return found
        copied = b"".join(form.copied(item))
        if (
            (not copied.isascii() and _WIDE.search(copied))
            or b"\\" in copied
            or b'{"M":' in copied
            or b'{"L":' in copied
            or b'": ' in copied
        ):
            return form.text % tuple(map(value_text, values))
        if form.parsed:
            written: list[Raw | bytes] = [*values]
            for at in form.parsed:
                written[at] = _canonical(_decode_any(values[at]))
            return form.text % tuple(written)
        return form.text % values


def _form(item: RawItem) -> _Form:
    names = sorted(item)
    parsed = tuple(at for at, name in enumerate(names) if bytes(item[name])[:5] in _PARSED)
    text = b",".join(_canonical(name).replace(b"%", b"%%") + b":%b" for name in names)
    return _Form(
        _getter(names), _getter([name for at, name in enumerate(names) if at not in parsed]), parsed, b"{" + text + b"}"
    )


def _getter(names: Sequence[str]) -> Callable[[RawItem], tuple[Raw, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda item: tuple(item[name] for name in names)


def read_image(text: str | Raw) -> RawItem:
    """Parse an image's or an item's attributes. Raises: msgspec.MsgspecError: the text is not an image."""
    return _decode_image(text)


def value_text(value: Raw) -> bytes:
    """Return a value's canonical text, which equals the input for strings, numbers and booleans without escapes."""
    text = bytes(value)
    if (text[:6] in _PLAIN and b"\\" not in text and not _WIDE.search(text)) or text in _BOOLEANS:
        return text
    return _canonical(_decode(text))


def unequal(item: RawItem, image: RawItem) -> Iterator[str]:
    """Return the attributes that differ between an item and an image, without those that the transform shortened."""
    rest_is_shortened = _REST in image
    for name in sorted(item.keys() | image.keys()):
        if name == _REST:
            continue
        if name not in image:
            if not rest_is_shortened:
                yield name
        elif name not in item or not same_value(item[name], image[name]):
            yield name


def shortened(image: RawItem) -> bool:
    """Return whether the transform replaced values of an image by `{"SHORTENED": bytes}` to fit the size limit."""
    return any(_is_mark(_decode(value)) for value in image.values())


def same_value(value: Raw, other: Raw) -> bool:
    """Return whether an item's value equals an image's, or the image's is shortened."""
    if value_text(value) == value_text(other):
        return True
    parsed = _decode(other)
    return _is_mark(parsed) or _normal(_decode(value)) == _normal(parsed)


def _is_mark(value: object) -> bool:
    return isinstance(value, dict) and _SHORTENED in value


def _canonical(value: object) -> bytes:
    text = _encode(value)
    return text if text.isascii() and b"\\" not in text else _ESCAPE.sub(_escaped, text)


def _escaped(match: re.Match[bytes]) -> bytes:
    """Return an escape as Trino's encoder writes it: upper-case digits, two escapes for a character beyond 16 bits."""
    found = match[0]
    if found.startswith(b"\\"):
        return b"\\u00" + found[4:].upper() if found[1:2] == b"u" else found
    units = found.decode().encode("utf-16-be").hex().upper()
    return f"\\u{units[:4]}\\u{units[4:]}".encode()


def _normal(value: object) -> object:
    """Convert a value in DynamoDB JSON to a comparable one: numbers by value, sets without an order."""
    kind, content = typed(value)
    match kind:
        case "N":
            return kind, _number(content)
        case "NS":
            return kind, frozenset(map(_number, cast("list[object]", content)))
        case "SS" | "BS":
            return kind, frozenset(cast("list[str]", content))
        case "L":
            return kind, [_normal(element) for element in cast("list[object]", content)]
        case "M":
            return kind, {name: _normal(member) for name, member in cast("dict[str, object]", content).items()}
        case _:
            return kind, content


def _number(text: object) -> object:
    try:
        return number(text)
    except UnwritableError:
        return text
