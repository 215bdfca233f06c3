"""The second entry point: `transform.shorten.handler`, called by the Pipe of large changes for each of them.

A change of the table holds two images of up to 400 KB, and their JSON is larger
still: an empty string is one byte to DynamoDB and some ten in JSON. Firehose's
largest record is 1,000 KiB
(https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html), and so
is what Kinesis may carry here, whatever it takes itself: AWS documents no larger
one for a delivery stream that reads Kinesis.

A change whose JSON fits is handed on as it is. Of one that does not, attribute
values give way to a mark that no DynamoDB value can be, until it fits:

    {"SHORTENED": 399000}    in the place of a value, with the bytes of the value's JSON
    "": {"SHORTENED": 1900000}    a member of the image, in the place of many small attributes

- First those of the image that no row is read from (the old one, of a change that has both).
- In an image first the attributes that the schema does not know, the largest first; then those that
  it knows, in the same order. What is small stays: a few marks are enough.
- The key never.

The row of a shortened change has all columns but those that were cut, which are
null and counted as mismatches; `before` and `after` hold the marks. Nothing is
marked in the table: an item's value is to be had there. What comes out depends
on the change alone, so a replay makes the same row again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec.json import encode

from transform.schema import TABLE, Table

RECORD_LIMIT_BYTES = 1_000_000
"""What a shortened change has at most, written with spaces and \\uXXXX: Firehose's 1,024,000 less some room.

Firehose counts what it is sent; how the Pipe writes JSON is not documented, and no way needs more bytes than this.
"""

MARK = "SHORTENED"
"""The name that stands where a DynamoDB type would; there is no such type."""

MANY = ""
"""The member for attributes that were cut without a mark each: no attribute's name is empty."""

_IMAGES = ("OldImage", "NewImage")
"""In the order in which they give way: a REMOVE has no new image, and the row of every other is read from it."""

Change = dict[str, Any]
Image = dict[str, Any]


def handler(changes: list[Change], context: object) -> list[Change]:  # noqa: ARG001 - Lambda's signature
    """The changes as they can be sent on: of one batch of the Pipe, all of them, in their order."""
    return [shortened(change) for change in changes]


def shortened(change: Change, table: Table = TABLE, limit_bytes: int = RECORD_LIMIT_BYTES) -> Change:
    """The change, a DynamoDB Streams record as a Pipe has it, with as few marks as it needs to fit: a new one."""
    excess = json_bytes(change) - limit_bytes
    if excess <= 0:
        return change
    record = dict(change["dynamodb"])
    for name in _IMAGES:
        if excess > 0 and isinstance(record.get(name), dict):
            record[name], saved = _shorten(record[name], table, excess)
            excess -= saved
    return {**change, "dynamodb": record}


def json_bytes(value: object) -> int:
    """The bytes of a value's JSON at its longest: spaces behind commas and colons, nothing beyond ASCII."""
    return len(json.dumps(value))


def _shorten(image: Image, table: Table, excess: int) -> tuple[Image, int]:
    """The image with marks, and the bytes saved: `excess` or more where that can be."""
    known = {column.attribute[0] for column in table.columns}
    keys = {key.name for key in table.keys}
    strangers = [name for name in image if name not in known and name not in keys]
    cut, saved = dict(image), 0
    for name, saving in _savings(image, strangers):
        if saved >= excess:
            return cut, saved
        cut[name] = _mark(image[name])
        saved += saving
    if saved < excess:
        rest = {name: image[name] for name in strangers}
        without = {name: value for name, value in cut.items() if name not in rest} | {MANY: _mark(rest)}
        saving = json_bytes(cut) - json_bytes(without)
        if saving > 0:
            cut, saved = without, saved + saving
    for name, saving in _savings(image, [name for name in image if name in known and name not in keys]):
        if saved >= excess:
            break
        cut[name] = _mark(image[name])
        saved += saving
    return cut, saved


def _savings(image: Image, names: list[str]) -> Iterator[tuple[str, int]]:
    """The attributes for which a mark is shorter than their value, and by how much, the largest first."""
    savings = [(json_bytes(image[name]) - json_bytes(_mark(image[name])), name) for name in names]
    for saving, name in sorted(savings, key=lambda entry: (-entry[0], entry[1])):
        if saving > 0:
            yield name, saving


def _mark(value: object) -> dict[str, int]:
    return {MARK: len(encode(value))}
