"""The second entry point: `transform.shorten.handler`, which the Pipe of large changes calls for each change.

A change of the table has two images of up to 400 KB, and their JSON is larger: an empty string is one byte in DynamoDB
and about ten in JSON. Firehose's largest record is 1,000 KiB
(https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html), which also limits a Kinesis record here: AWS
documents no larger record for a delivery stream that reads Kinesis.

A change whose JSON fits is passed on unchanged. Otherwise marks, which cannot be DynamoDB values, replace attribute
values until the change fits:

    {"SHORTENED": 399000}    replaces a value, with the bytes of the value's JSON "": {"SHORTENED": 1900000}    a member
    of the image, replaces many small attributes

The order is: the values of the image that no row is read from (the old one, if both exist); then the values of the
other image that are not in the schema, largest first; then the small values of both images that are not in the schema;
then the values of the schema. Small values stay as long as a few marks are enough. The key always stays.

In the row of a shortened change, the replaced columns are null and counted as mismatches; `before` and `after` have the
marks. The table itself is unchanged and still has the values. The result depends only on the change, so a replay
produces the same row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec.json import encode

from transform.schema import TABLE, LakeTable

RECORD_LIMIT_BYTES = 1_000_000
"""The maximum of a shortened change, with spaces and \\uXXXX escapes: Firehose's 1,024,000 minus a margin.

Firehose counts the bytes it receives. How the Pipe serialises JSON is undocumented; this form is the longest.
"""

MARK = "SHORTENED"
"""The mark's name in the position of a DynamoDB type; there is no such type."""

MANY = ""
"""The member for attributes that share one mark: no attribute has an empty name."""

_IMAGES = ("OldImage", "NewImage")
"""In the order of shortening: a REMOVE has no new image, and every other row is read from the new image."""

Change = dict[str, Any]
Image = dict[str, Any]


def handler(changes: list[Change], context: object) -> list[Change]:  # noqa: ARG001 - Lambda's signature
    """Shorten one batch of the Pipe; returns every change, in order."""
    return [shortened(change) for change in changes]


def shortened(change: Change, table: LakeTable = TABLE, limit_bytes: int = RECORD_LIMIT_BYTES) -> Change:
    """A copy of the change, a DynamoDB Streams record of a Pipe, with as few marks as needed to fit."""
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
    """The maximum bytes of a value's JSON: spaces after commas and colons, ASCII only."""
    return len(json.dumps(value))


class _Cut:
    """A change's record during shortening: `excess` is the number of bytes above the limit."""

    def __init__(self, record: Image, table: LakeTable, excess: int) -> None:
        self.record = record
        self.excess = excess
        self._whole = dict(record)
        self._known = {column.attribute[0] for column in table.columns}
        self._keys = {key.name for key in table.keys}

    def mark(self, image_name: str, *, known: bool) -> None:
        """Replace values inside, or outside, the schema with marks until the change fits."""
        image = dict(self.record[image_name])
        names = [name for name in image if name not in self._keys and (name in self._known) == known]
        for name, saving in _savings(image, names):
            if self.excess <= 0:
                break
            image[name] = _mark(image[name])
            self.excess -= saving
        self.record[image_name] = image

    def drop(self, image_name: str) -> None:
        """If it does not fit, replace all attributes outside the schema with one mark."""
        image = self.record[image_name]
        kept = {name: value for name, value in image.items() if name in self._known or name in self._keys}
        cut = {name: value for name, value in self._whole[image_name].items() if name not in kept}
        without = {**kept, MANY: _mark(cut)}
        saving = json_bytes(image) - json_bytes(without)
        if self.excess > 0 and saving > 0:
            self.record[image_name] = without
            self.excess -= saving


def _savings(image: Image, names: list[str]) -> Iterator[tuple[str, int]]:
    """The attributes whose value is longer than a mark, and the bytes saved, largest first."""
    savings = [(json_bytes(image[name]) - json_bytes(_mark(image[name])), name) for name in names]
    for saving, name in sorted(savings, key=lambda entry: (-entry[0], entry[1])):
        if saving > 0:
            yield name, saving


def _mark(value: object) -> dict[str, int]:
    return {MARK: len(encode(value))}
