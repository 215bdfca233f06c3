r"""The ledger's format, version 1: a file of JSON lines with the acknowledged writes of a table.

    {"ledger":1}
    {"key":"o-1","op":"insert","version":1,"at":"2026-01-02T03:04:05.000600Z","table":"orders"}

A header line is an object with the member `ledger`, the format's version. Every writer starts with one, so a file may
have several: of a run's processes, and of several runs. A file without a header has version 1.

Every other line is a write: `key` (the key values as text, joined by "/"), `op` (insert, update or delete), `version`
(of the item that was written or deleted; 0 when it has none), `at` (when the reply came, ISO 8601 in UTC) and `table`.
Lines end with a newline and are appended whole. An unfinished line, the result of a crash, is the last line or is
followed by a header.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from stack.commandline import UserError

VERSION = 1
HEADER = b'{"ledger":%d}\n' % VERSION
_PREFIX = b'{"ledger":'
_text = msgspec.json.Encoder().encode


class Acknowledged(Struct, frozen=True):
    """One write that the table acknowledged."""

    key: str
    op: Literal["insert", "update", "delete"]
    version: int
    table: str
    at: str = ""


class _Header(Struct):
    ledger: int


def line(key: str, op: str, version: int, at: bytes, table: str) -> bytes:
    """Return the line of a write; `at` is its time as ISO 8601."""
    return b'{"key":%b,"op":"%b","version":%d,"at":"%b","table":%b}\n' % (
        _text(key),
        op.encode(),
        version,
        at,
        _text(table),
    )


def read_ledger(path: Path) -> Iterator[Acknowledged]:
    """Iterate over a ledger's writes; an unfinished line is skipped.

    Raises UserError when the file cannot be read, a line is invalid, or the
    format has another version.
    """
    invalid = ""
    try:
        with path.open("rb") as lines:
            for number, text in enumerate(lines, 1):
                is_header = text.startswith(_PREFIX)
                if invalid and not is_header:
                    break
                try:
                    if is_header:
                        _check(_header(text), path)
                        invalid = ""
                    else:
                        yield _write(text)
                except msgspec.MsgspecError as error:
                    if not text.endswith(b"\n"):
                        return
                    what = "a header" if is_header else "an acknowledged write"
                    invalid = f"Line {number} of the ledger {path} is not {what}: {error}."
    except OSError as error:
        raise UserError(f"The ledger {path} cannot be read: {error.strerror}.") from None
    if invalid:
        raise UserError(invalid)


def _check(header: _Header, path: Path) -> None:
    if header.ledger != VERSION:
        raise UserError(
            f"The ledger {path} has version {header.ledger} of the format, and this release supports only version "
            f"{VERSION}: read it with the release that wrote it."
        )


_write = msgspec.json.Decoder(Acknowledged).decode
_header = msgspec.json.Decoder(_Header).decode
