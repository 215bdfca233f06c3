"""The second entry point: `transform.shorten.handler`, called by the Pipe of large changes for each of them.

A change of the table holds two images of up to 400 KB, and their JSON is larger
still: an empty string is one byte to DynamoDB and some ten in JSON. Firehose's
largest record is 1,000 KiB
(https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html), and so
is what Kinesis may carry here, whatever it takes itself: AWS documents no larger
one for a delivery stream that reads Kinesis.

A change whose JSON fits is handed on as it is. In one that does not, a mark that no
DynamoDB value can be takes the place of attribute values, until it fits:

    {"SHORTENED": 399000}    in the place of a value, with the bytes of the value's JSON
    "": {"SHORTENED": 1900000}    a member of the image, in the place of many small attributes

First the values of the image that no row is read from (the old one, of a change that has both) are cut, then those
of the other one that the schema does not know, each time the largest first; then the small ones that it does not
know, of both images; at last the values that it knows. Small values stay as long as a few marks are enough, the key
always.

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
"""In the order in which they are cut: a REMOVE has no new image, and the row of every other is read from it."""

Change = dict[str, Any]
Image = dict[str, Any]


def handler(changes: list[Change], context: object) -> list[Change]:  # noqa: ARG001 - Lambda's signature
    """The changes as they can be sent on: of one batch of the Pipe, all of them, in their order."""
    return [shortened(change) for change in changes]


def shortened(change: Change, table: Table = TABLE, limit_bytes: int = RECORD_LIMIT_BYTES) -> Change:
    """The change, a DynamoDB Streams record as a Pipe has it, with as few marks as it needs to fit: a new one."""
    cut = _Cut(dict(change["dynamodb"]), table, json_bytes(change) - limit_bytes)
    images = [name for name in _IMAGES if isinstance(cut.record.get(name), dict)]
    if cut.excess <= 0 or not images:
        return change
    *others, read = images
    for name in others:
        cut.mark(name, known=False)
        cut.mark(name, known=True)
    cut.mark(read, known=False)
    for name in images:
        cut.drop(name)
    cut.mark(read, known=True)
    return {**change, "dynamodb": cut.record}


def json_bytes(value: object) -> int:
    """The bytes of a value's JSON at its longest: spaces behind commas and colons, nothing beyond ASCII."""
    return len(json.dumps(value))


class _Cut:
    """A change's record that is being cut: `excess` are the bytes that it is still too large."""

    def __init__(self, record: Image, table: Table, excess: int) -> None:
        self.record = record
        self.excess = excess
        self._whole = dict(record)
        self._known = {column.attribute[0] for column in table.columns}
        self._keys = {key.name for key in table.keys}

    def mark(self, image_name: str, *, known: bool) -> None:
        """Put a mark for each value that the schema knows, or for each that it does not, until it fits."""
        image = dict(self.record[image_name])
        names = [name for name in image if name not in self._keys and (name in self._known) == known]
        for name, saving in _savings(image, names):
            if self.excess <= 0:
                break
            image[name] = _mark(image[name])
            self.excess -= saving
        self.record[image_name] = image

    def drop(self, image_name: str) -> None:
        """If it does not fit, put one mark for all attributes that the schema does not know."""
        image = self.record[image_name]
        kept = {name: value for name, value in image.items() if name in self._known or name in self._keys}
        cut = {name: value for name, value in self._whole[image_name].items() if name not in kept}
        without = {**kept, MANY: _mark(cut)}
        saving = json_bytes(image) - json_bytes(without)
        if self.excess > 0 and saving > 0:
            self.record[image_name] = without
            self.excess -= saving


def _savings(image: Image, names: list[str]) -> Iterator[tuple[str, int]]:
    """The attributes for which a mark is shorter than their value, and by how much, the largest first."""
    savings = [(json_bytes(image[name]) - json_bytes(_mark(image[name])), name) for name in names]
    for saving, name in sorted(savings, key=lambda entry: (-entry[0], entry[1])):
        if saving > 0:
            yield name, saving


def _mark(value: object) -> dict[str, int]:
    return {MARK: len(encode(value))}
