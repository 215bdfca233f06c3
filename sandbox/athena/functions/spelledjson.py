"""JSON text for a cast of json_parse to an array, a map or a row: without spaces, keys and numbers as spelled.

Trino reads such text in one step. Source: trino 435, io.trino.operator.scalar.JsonStringToMapCast and JsonUtil.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal

import msgspec

from sandbox.athena.functions.jsontext import BrokenError, Walk, canonical_scalar, escaped, parse, unescaped
from sandbox.athena.functions.native import Native, TrinoError

_EXPONENT = re.compile(r"(?<=\d)e")
_DIGITS_OF_DOUBLE = 15
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f]')


class _Spelled(Walk):
    """A reader that leaves numbers as spelled, with E for e, and escapes only what must be escaped."""

    def scalar(self, text: str) -> str:
        return self.quoted(unescaped(text)) if text.startswith('"') else self.number(text)

    def number(self, text: str) -> str:
        """A number or a word."""
        return _EXPONENT.sub("E", text)

    def quoted(self, text: str) -> str:
        return f'"{_TO_ESCAPE.sub(escaped, text)}"'


class _Value(_Spelled):
    """A reader that writes numbers in canonical text, and of equal keys the last."""

    def number(self, text: str) -> str:
        return canonical_scalar(text)

    def written(self, members: list[tuple[str, str]], *, ordered: bool) -> str:
        return super().written(list(dict(members).items()), ordered=ordered)


def spelled(text: str, target: str) -> str:
    """The text for a cast to the type `target`; INVALID_CAST_ARGUMENT for invalid JSON."""
    if "\\" not in text and _EXPONENT.search(text) is None:
        with suppress(msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
            msgspec.json.decode(text)  # format takes invalid text too
            return msgspec.json.format(text, indent=-1)
    try:
        return _Spelled(text).whole(ordered=False)
    except BrokenError:
        raise TrinoError("INVALID_CAST_ARGUMENT", f"Cannot cast to {target}.\n{text}") from None


def value(text: str) -> str:
    """A JSON value in such a text, as a value of the type json."""
    return text if text.startswith('"') else _Value(text).whole(ordered=False)


def agreed(text: str) -> str:
    """Canonical text, refused if a cast could read another value from the text as it is spelled, whatever its type."""
    canonical = parse(text)
    json.loads(text, parse_float=_exact, object_pairs_hook=_distinct)
    return canonical


def _exact(text: str) -> None:
    if len(text) > _DIGITS_OF_DOUBLE and Decimal(text) != Decimal(repr(float(text))):
        raise _ambiguous(f"the number {text}")


def _distinct(members: list[tuple[str, object]]) -> None:
    if len({key.lower() for key, _ in members}) < len(members):
        raise _ambiguous("a repeated key")


def _ambiguous(what: str) -> TrinoError:
    message = f"The sandbox's Athena does not know how Trino reads {what} in a cast of json_parse so far from it"
    return TrinoError("NOT_SUPPORTED", message)


NATIVES = (
    Native("athena_json_agreed", agreed, ("VARCHAR",), "VARCHAR"),
    Native("athena_json_spelled", spelled, ("VARCHAR", "VARCHAR"), "VARCHAR"),
    Native("athena_json_spelled_value", value, ("VARCHAR",), "VARCHAR"),
)
