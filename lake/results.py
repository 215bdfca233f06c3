"""The object in which Athena writes a SELECT's result: CSV, where NULL is an empty field and every value is quoted.

https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lake.objects import S3Client

Cell = str | None
Row = tuple[Cell, ...]

_CHUNK_BYTES = 1 << 20
_FIELD = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)")?([,\n])')


def read_rows(client: S3Client, location: str) -> Iterator[Row]:
    """Yield the rows of a result at an s3:// location, without its header, while the object arrives."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    body = client.get_object(Bucket=bucket, Key=key)["Body"]
    rows = parsed(iter(lambda: body.read(_CHUNK_BYTES), b""))
    next(rows, None)
    yield from rows


def parsed(chunks: Iterator[bytes]) -> Iterator[Row]:
    """Yield the rows of a CSV in Athena's form, header included."""
    left = b""
    row: list[Cell] = []
    for chunk in chunks:
        left += chunk
        end = 0
        for match in _FIELD.finditer(left):
            # A quote at the end of the received text can be the first of two.
            if match.start() != end or match.end() == len(left):
                break
            end = match.end()
            row.append(_cell(match[1]))
            if match[2] == b"\n":
                yield tuple(row)
                row = []
        left = left[end:]
    for match in _FIELD.finditer(left):
        row.append(_cell(match[1]))
        if match[2] == b"\n":
            yield tuple(row)
            row = []


def _cell(value: bytes | None) -> Cell:
    if value is None:
        return None
    return (value.replace(b'""', b'"') if b'""' in value else value).decode()
