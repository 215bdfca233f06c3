"""A query's result in Athena's form: a file in the bucket, and pages of it for GetQueryResults.

SELECT writes `<id>.csv`: a header line, every value in quotes, a null as an empty field. Other statements write
`<id>.txt`, one line per row, without a newline at the end. A page is read from the file, so it survives a restart; its
token is the file offset of the next page. A page that is full has a token, even if nothing follows: measured by
aoyagikouhei/athena-local, docs/caveats.md, "Paging".
"""

from __future__ import annotations

import base64
import binascii
import mmap
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import duckdb

from sandbox.athena.conversions.texts import result_text
from sandbox.athena.errors import SYSTEM, ApiError, StatementError
from sandbox.athena.planning import QueryPlan
from sandbox.athena.planning.texts import kept
from sandbox.athena.sql import select
from sandbox.athena.types import ColumnInfo

_VALUE = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)")?([,\n])')
MAX_ROWS_A_PAGE = 1000


class Datum(TypedDict, total=False):
    """One value of a row; a null has no VarCharValue."""

    VarCharValue: str


class ResultRow(TypedDict):
    """One row of a page."""

    Data: list[Datum]


@dataclass(frozen=True)
class RowPage:
    """Rows, and the token of the next page, if any."""

    rows: list[ResultRow]
    next_token: str | None


def write_csv(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan, path: Path) -> tuple[list[ColumnInfo], int]:
    """Run a query into Athena's CSV; return its columns in GetQueryResults's form and its number of rows.

    Raises:
        StatementError: DuckDB's count of rows is not that of the written rows: an incomplete result would look correct.
    """
    types = [column.type for column in plan.columns]
    columns = ", ".join(f"c{i}" for i in range(len(types)))
    texts = select([result_text(f"c{i}", type_) for i, type_ in enumerate(types)], f"({plan.sql}) AS r({columns})")
    body = path.with_suffix(".body")
    options = "FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '', DELIMITER ',', QUOTE '\"', ESCAPE '\"'"
    try:
        counted = cursor.execute(_parsed(f"COPY ({texts}) TO $1 ({options})"), [str(body)]).fetchone()
        size = body.stat().st_size if body.exists() else 0
        if counted is None or (counted[0] == 0) != (size == 0):
            message = f"DuckDB has written {size} bytes of a result and counts as rows {counted}"
            raise StatementError("GENERIC_INTERNAL_ERROR", message, SYSTEM)
        with path.open("wb") as out:
            out.write(_csv_line(plan.names))
            if size:
                with body.open("rb") as rows:
                    shutil.copyfileobj(rows, out)
    finally:
        body.unlink(missing_ok=True)
    infos = [type_.column_info(name) for name, type_ in zip(plan.names, types, strict=True)]
    return infos, int(counted[0])


@kept
def _parsed(sql: str) -> duckdb.Statement:
    """A statement as DuckDB parses it, which takes as long as it takes to bind it: a query is often run again."""
    (statement,) = duckdb.extract_statements(sql)
    return statement


def write_lines(lines: Sequence[str], path: Path) -> None:
    """Write a statement's lines."""
    path.write_text("\n".join(lines))


def csv_page(path: Path, token: str | None, most: int) -> RowPage:
    """At most `most` rows of a CSV result from the token on; the header is the first row."""
    start = _offset(token, path.stat().st_size)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        rows: list[ResultRow] = []
        data: list[Datum] = []
        for match in _VALUE.finditer(content, start):
            value, end = match[1], match[2]
            data.append({} if value is None else {"VarCharValue": value.replace(b'""', b'"').decode()})
            if end == b"\n":
                rows.append({"Data": data})
                data = []
                if len(rows) == most:
                    return RowPage(rows, _token(match.end()))
        return RowPage(rows, None)


def text_page(path: Path, token: str | None, most: int) -> RowPage:
    """At most `most` rows of a text result from the token on; each line is one value, as in Athena."""
    text = path.read_text()
    lines = text.split("\n") if text else []
    start = _offset(token, len(lines)) if lines else 0
    rows: list[ResultRow] = [{"Data": [{"VarCharValue": line}]} for line in lines[start : start + most]]
    return RowPage(rows, _token(start + most) if len(rows) == most else None)


def _csv_line(values: Sequence[str]) -> bytes:
    return (",".join('"' + value.replace('"', '""') + '"' for value in values) + "\n").encode()


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(b"at %d" % offset).decode()


def _offset(token: str | None, last: int) -> int:
    if token is None:
        return 0
    try:
        offset = int(base64.urlsafe_b64decode(token).removeprefix(b"at "))
    except (ValueError, binascii.Error):
        offset = -1
    if not 0 <= offset <= last:
        raise ApiError(f"Malformed nextPageToken {token}")
    return offset
