"""Serialization of replies: a status line, headers with the length and the date, a body."""

from __future__ import annotations

import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

_WITHOUT_BODY = frozenset({204, 304})


def head(
    status: int, headers: Iterable[tuple[bytes, bytes]], length: int | None, method: str, *, closes: bool
) -> bytes:
    """A reply's head; `length` is the body's, None if chunks or the connection's end mark its end.

    The length of a reply to HEAD is the application's.
    """
    lines = [_status_line(status)]
    has_length = has_date = says_close = False
    for name, value in headers:
        lines.append(b"%b: %b" % (name, value))
        has_length = has_length or name == b"content-length"
        has_date = has_date or name == b"date"
        says_close = says_close or name == b"connection"
    if length is None and not closes:
        lines.append(b"transfer-encoding: chunked")
    elif length is not None and not has_length and status not in _WITHOUT_BODY and (length or method != "HEAD"):
        lines.append(b"content-length: %d" % length)
    if not has_date:
        lines.append(_date(int(time.time())))
    if closes and not says_close:
        lines.append(b"connection: close")
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def ready_head(status: int, headers: Iterable[tuple[str, str]], length: int, *, closes: bool) -> bytes:
    """The head of an immediate reply; its headers have no length, no date and nothing about the connection."""
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    if closes:
        lines.append("connection: close\r\n")
    named = "".join(lines).encode("latin-1")
    return b"%b\r\n%bcontent-length: %d\r\n%b\r\n\r\n" % (_status_line(status), named, length, _date(int(time.time())))


@lru_cache(maxsize=1)
def _date(now_s: int) -> bytes:
    return b"date: " + formatdate(now_s, usegmt=True).encode("ascii")


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}".encode("ascii")
