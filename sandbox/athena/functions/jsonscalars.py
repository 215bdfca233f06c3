"""json_extract_scalar: compiled, or by msgspec where it reads as Trino does, otherwise token by token.

Several paths of one text are read in one pass: `sandbox.athena.planning.jsontogether` brings them together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple, Protocol, cast

import msgspec
from msgspec import UNSET, Raw, UnsetType

from sandbox.athena.functions import jsontext
from sandbox.compiled import native

_ESCAPABLE = re.compile(r'["\\/\x00-\x1f]')
_ESCAPED_NAME = re.compile(rb'\\u[^"]*"[ \t\n\r]*:')


_members = msgspec.json.Decoder(dict[str, Raw]).decode


class _Object(Protocol):
    """An object, decoded only for one of its members."""

    value: Raw | UnsetType


class _Step(NamedTuple):
    """A key of a path: its quoted name, and the decoder of an object for its member."""

    quoted: bytes
    read: Callable[[bytes], _Object]


BETWEEN_PATHS = "\n"
"""Between the paths of `scalars_of`."""


@lru_cache(256)
def _keys(path: str) -> tuple[str, ...] | None:
    """A path's keys; None for the whole document, and if one could be an index or has a character with an escape."""
    keys = jsontext.path_steps(path)
    return None if not keys or any(jsontext.is_index(key) or _ESCAPABLE.search(key) for key in keys) else keys


@lru_cache(256)
def _compiled(paths: str) -> tuple[tuple[bytes, ...], ...] | None:
    """The keys of all paths in UTF-8; None if one path is to be read in another way."""
    found = [_keys(path) for path in paths.split(BETWEEN_PATHS)]
    known = [tuple(key.encode() for key in keys) for keys in found if keys is not None]
    return tuple(known) if len(known) == len(found) else None


@lru_cache(256)
def _steps(path: str) -> tuple[_Step, ...] | None:
    keys = _keys(path)
    return None if keys is None else tuple(map(_step, keys))


def _step(key: str) -> _Step:
    type_ = msgspec.defstruct("Object", [("value", Raw | UnsetType, UNSET)], rename={"value": key})
    return _Step(f'"{key}"'.encode(), cast("Callable[[bytes], _Object]", msgspec.json.Decoder(type_).decode))


def scalars_of(text: str, paths: str) -> list[str | None]:
    """json_extract_scalar of a text with each of some paths; BETWEEN_PATHS is between these."""
    if native is not None:
        keys = _compiled(paths)
        with suppress(UnicodeEncodeError):
            found = None if keys is None else native.scalars(text.encode(), keys)
            if found is not None:
                return found
    return [_scalar_of(text, path) for path in paths.split(BETWEEN_PATHS)]


def scalar_of(text: str, path: str) -> str | None:
    """json_extract_scalar: a string's text, a number's or word's spelling; NULL for null, arrays and objects."""
    if BETWEEN_PATHS in path:
        return _scalar_of(text, path)
    return scalars_of(text, path)[0]


def _scalar_of(text: str, path: str) -> str | None:
    steps = _steps(path)
    if steps is None:
        return jsontext.extract_scalar(text, path)
    try:
        content = text.encode()
        if b"\\u" in content and _ESCAPED_NAME.search(content):
            return jsontext.extract_scalar(text, path)
        for quoted, read in steps:
            times = content.count(quoted)
            if not times:
                return None
            # msgspec uses the last of equal names, Trino the first.
            if times > 1 and not _is_once(content, quoted, times):
                return jsontext.extract_scalar(text, path)
            value = read(content).value
            if value is UNSET:
                return None
            content = bytes(value)
    except (UnicodeEncodeError, msgspec.MsgspecError, RecursionError):
        return jsontext.extract_scalar(text, path)
    if content[:1] in b"{[" or content == b"null":
        return None
    found = content.decode()
    return jsontext.varchar(found) if found[:1] == '"' else found


def _is_once(content: bytes, quoted: bytes, times: int) -> bool:
    """Whether an object has a name once, and the text has it `times` times because values have it too.

    Of equal names msgspec keeps the last member, so that one before it is missing in the sum.
    """
    members = _members(content)
    return (
        times == 1 + sum(bytes(value).count(quoted) for value in members.values()) and quoted[1:-1].decode() in members
    )
