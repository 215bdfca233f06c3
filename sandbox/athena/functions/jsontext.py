"""JSON text as Trino reads and writes it: token by token, numbers as spelled, invalid text up to its first error.

Source: trino 435, io.trino.operator.scalar.JsonExtract, JsonPathTokenizer, io.trino.util.JsonUtil.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from sandbox.athena.doubles import java_double
from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.native import TrinoError
from sandbox.compiled import native

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
NUMBER = re.compile(r"-?(?:0(?![0-9])|[1-9][0-9]*+)(?P<inexact>(?:\.[0-9]++|(?!\.))(?:[eE][+-]?[0-9]++|(?![eE])))")
"""A number as Jackson reads it: what follows only matters to what is read next."""
_WORD = re.compile(r"(?:true|false|null)(?!\w)")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f\ud800-\udfff\U00010000-\U0010ffff]')
_INDEX = re.compile(r"[+-]?\d+")
_STEP = re.compile(r"""\.([\w:]+)|\[([\w]+)\]|\["((?:[^"\\]|\\["\\])*)"\]""")


class BrokenError(Exception):
    """The text is invalid JSON from this position on."""


@lru_cache(256)
def path_steps(path: str) -> tuple[str, ...]:
    """The keys and indexes of a JSON path; INVALID_FUNCTION_ARGUMENT for any other text."""
    steps, at = list[str](), 1
    if not path.startswith("$"):
        raise TrinoError(INVALID, f"Invalid JSON path: '{path}'")
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise TrinoError(INVALID, f"Invalid JSON path: '{path}'")
        plain = found[1] or found[2]
        steps.append(plain if plain is not None else re.sub(r'\\(["\\])', r"\1", found[3]))
        at = found.end()
    return tuple(steps)


def is_index(step: str) -> bool:
    """Whether a step of a path is also an index of an array: what Java's Integer.parseInt reads."""
    return _INDEX.fullmatch(step) is not None


def _start(text: str) -> int:
    """Where a text's value begins; BrokenError for a number that no space follows, as in Jackson."""
    at = _space(text, 0)
    number = NUMBER.match(text, at)
    if number is not None and number.end() < len(text) and _space(text, number.end()) == number.end():
        raise BrokenError
    return at


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _at(text: str, at: int) -> str:
    if at >= len(text):
        raise BrokenError
    return text[at]


def _scalar_end(text: str, at: int) -> int:
    for pattern in (_STRING, NUMBER, _WORD):
        found = pattern.match(text, at)
        if found:
            return found.end()
    raise BrokenError


class Walk:
    """A reader of one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def find(self, at: int, steps: tuple[str, ...]) -> int | None:
        """The start of the value of a path, from the value at a position; None if it is missing."""
        for step in steps:
            found = self._member(at, step)
            if found is None:
                return None
            at = found
        return at

    def _member(self, at: int, step: str) -> int | None:
        opening = _at(self.text, at)
        if opening == "[":
            return self._element(at, int(step)) if is_index(step) else None
        if opening != "{":
            return None
        at = _space(self.text, at + 1)
        while _at(self.text, at) != "}":
            name, at = self._name(at)
            if name == step:
                return at
            at = self.following(self.skip(at), "}")
        return None

    def _name(self, at: int) -> tuple[str, int]:
        """The name of the member that begins here, and the start of its value."""
        key = _STRING.match(self.text, at)
        if key is None:
            raise BrokenError
        at = _space(self.text, key.end())
        if _at(self.text, at) != ":":
            raise BrokenError
        return unescaped(key[0]), _space(self.text, at + 1)

    def _element(self, at: int, index: int) -> int | None:
        at = _space(self.text, at + 1)
        while _at(self.text, at) != "]":
            if index == 0:
                return at
            index -= 1
            at = self.following(self.skip(at), "]")
        return None

    def following(self, at: int, closing: str) -> int:
        """The start of the next item after one that ends at a position, or the closing bracket."""
        at = _space(self.text, at)
        if _at(self.text, at) == closing:
            return at
        if self.text[at] != ",":
            raise BrokenError
        at = _space(self.text, at + 1)
        if _at(self.text, at) == closing:
            raise BrokenError
        return at

    def skip(self, at: int) -> int:
        """The end of the value that begins at a position."""
        opening = _at(self.text, at)
        if opening not in "{[":
            return _scalar_end(self.text, at)
        return self.canonical(at, ordered=False)[1]

    def whole(self, *, ordered: bool) -> str:
        """The text of one value in canonical text; BrokenError for any other text."""
        value, end = self.canonical(_space(self.text, 0), ordered=ordered)
        if _space(self.text, end) != len(self.text):
            raise BrokenError
        return value

    def canonical(self, at: int, *, ordered: bool) -> tuple[str, int]:
        """The value at a position in canonical text, and its end; `ordered` sorts keys, of equal ones the last."""
        opening = _at(self.text, at)
        if opening == "{":
            return self._object(at, ordered=ordered)
        if opening == "[":
            return self._array(at, ordered=ordered)
        end = _scalar_end(self.text, at)
        return self.scalar(self.text[at:end]), end

    def scalar(self, text: str) -> str:
        """A number, string or word in canonical text."""
        return canonical_scalar(text)

    def _object(self, at: int, *, ordered: bool) -> tuple[str, int]:
        members: list[tuple[str, str]] = []
        at = _space(self.text, at + 1)
        while _at(self.text, at) != "}":
            name, at = self._name(at)
            value, at = self.canonical(at, ordered=ordered)
            members.append((name, value))
            at = self.following(at, "}")
        return self.written(members, ordered=ordered), at + 1

    def written(self, members: list[tuple[str, str]], *, ordered: bool) -> str:
        """An object's text."""
        if ordered:
            members = sorted(dict(members).items())
        return "{" + ",".join(f"{self.quoted(key)}:{value}" for key, value in members) + "}"

    def quoted(self, text: str) -> str:
        """A JSON string."""
        return quoted(text)

    def _array(self, at: int, *, ordered: bool) -> tuple[str, int]:
        items: list[str] = []
        at = _space(self.text, at + 1)
        while _at(self.text, at) != "]":
            value, at = self.canonical(at, ordered=ordered)
            items.append(value)
            at = self.following(at, "]")
        return "[" + ",".join(items) + "]", at + 1

    def elements(self) -> Iterator[str]:
        """The elements of an array, as spelled, up to the text's first error; BrokenError there."""
        at = _space(self.text, 0)
        if _at(self.text, at) != "[":
            raise BrokenError
        at = _space(self.text, at + 1)
        while _at(self.text, at) != "]":
            end = self.skip(at)
            yield self.text[at:end]
            at = self.following(end, "]")


def unescaped(quoted_text: str) -> str:
    """The text of a JSON string."""
    return quoted_text[1:-1] if "\\" not in quoted_text else str(json.loads(quoted_text))


def varchar(quoted_text: str) -> str:
    """The text of a JSON string as Trino's varchar: half a surrogate pair is a question mark, as in Java's UTF-8."""
    text = unescaped(quoted_text)
    return text if text.isascii() else text.encode(errors="replace").decode()


def quoted(text: str) -> str:
    """A JSON string as in Jackson: characters beyond 16 bits are two escapes."""
    return f'"{_TO_ESCAPE.sub(escaped, text)}"'


def escaped(found: re.Match[str]) -> str:
    """The escape of a character in a JSON string."""
    letter = found[0]
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02X}{units[i + 1]:02X}" for i in range(0, len(units), 2))


def canonical_scalar(text: str) -> str:
    """A number, string or word in canonical text."""
    if text.startswith('"'):
        return quoted(unescaped(text))
    number = NUMBER.fullmatch(text)
    if number is None:
        return text
    if not number["inexact"]:
        return "0" if text == "-0" else text
    value = float(text)
    return java_double(value) if math.isfinite(value) else f'"{java_double(value)}"'


def extract(text: str, path: str) -> str | None:
    """json_extract of text: canonical, with keys in the order of the text."""
    steps = path_steps(path)
    walk = Walk(text)
    try:
        at = walk.find(_start(text), steps)
        return None if at is None else walk.canonical(at, ordered=False)[0]
    except BrokenError:
        return None


def extract_scalar(text: str, path: str) -> str | None:
    """json_extract_scalar: a string's text, a number's or word's spelling; NULL for null, arrays and objects."""
    steps = path_steps(path)
    try:
        at = Walk(text).find(_start(text), steps)
        if at is None or _at(text, at) in "{[":
            return None
        found = text[at : _scalar_end(text, at)]
    except BrokenError:
        return None
    return None if found == "null" else varchar(found) if found.startswith('"') else found


def first_value(text: str) -> str:
    """The JSON value that the text begins with, or null if it has only spaces; BrokenError for any other text.

    Text after the value is ignored, as in Jackson, but a number must be followed by a space.
    """
    start = _start(text)
    return "null" if start == len(text) else text[start : Walk(text).skip(start)]


class _NumberError(Exception):
    """The text has a number that is not read as in Trino."""


def _number(_: str) -> float:
    raise _NumberError


def _without_numbers() -> Any:
    """The type of JSON without a number, up to a depth: such as an image in DynamoDB JSON."""
    value: Any = str | bool | None
    for _ in range(_DEPTH):
        value = str | bool | None | list[value] | dict[str, value]
    return value


_DEPTH = 12
_decode_texts = msgspec.json.Decoder(_without_numbers()).decode
_decode = msgspec.json.Decoder(float_hook=_number).decode
_encode = msgspec.json.Encoder(order="sorted").encode
_LONG_NUMBER = re.compile(r"[\[,:\s](?:-0|-?[0-9]{18})")
_WIDE = re.compile(r"[\ud800-\udfff\U00010000-\U0010ffff]")


def _usual(text: str) -> str | None:
    """The canonical text of most JSON, in a fiftieth of the time; None for text that needs the slow path."""
    if native is not None:
        try:
            found = native.canonical(text.encode())
        except UnicodeEncodeError:
            return None
        if found is not None:
            return found.decode()
    if text[:1] not in ("{", "[") or "\\u" in text:
        return None
    if not text.isascii() and _WIDE.search(text):
        return None
    with suppress(msgspec.MsgspecError):
        return _encode(_decode_texts(text)).decode()
    if _LONG_NUMBER.search(text):
        return None
    try:
        return _encode(_decode(text)).decode()
    except (msgspec.MsgspecError, _NumberError, RecursionError):
        return None


def parse(text: str) -> str:
    """json_parse: canonical text with sorted keys; INVALID_FUNCTION_ARGUMENT for invalid JSON."""
    usual = _usual(text)
    if usual is not None:
        return usual
    try:
        return Walk(text).whole(ordered=True)
    except BrokenError:
        raise TrinoError(INVALID, f"Cannot convert value to JSON: '{text}'") from None


def size(text: str, path: str) -> int | None:
    """json_size: members of an object or array, 0 for a scalar."""
    steps = path_steps(path)
    walk = Walk(text)
    try:
        at = walk.find(_start(text), steps)
        if at is None:
            return None
        opening = _at(text, at)
        if opening not in "{[":
            if opening != '"':  # Jackson reads a string only if it is asked for its text
                _scalar_end(text, at)
            return 0
        value = json.loads(walk.canonical(at, ordered=False)[0], object_pairs_hook=list)
    except BrokenError:
        return None
    return len(value)


def is_scalar(text: str) -> bool:
    """is_json_scalar: whether the whole text is one JSON scalar."""
    try:
        Walk(text).whole(ordered=False)
    except BrokenError:
        raise TrinoError(INVALID, f"Invalid JSON value: {text}") from None
    return text[_space(text, 0)] not in "{["
