"""A batch from Firehose answered: every record once, in its order, within the response's limit.

The contract: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
The events of Direct PUT and of a Kinesis source differ only in metadata that is not needed here.

**The response limit.** Lambda's response may have 6 MB, and Firehose gives up on
the whole batch when it has more. So the answer is measured as it grows, and when
it would not fit, the rows that take the most room give way: their records are
answered ProcessingFailed with the data they came with. Firehose then writes
these under the error prefix, from where they are replayed; the other rows go on.

- Nothing is lost: each record is either in the lake or, whole, under the error prefix.
- No order is lost: the order of changes to a key is that of `sequence`, in which a
  replayed row takes its own place, not that of arrival.
- It always fits: when every record is answered so, the answer is the request
  without its metadata, and the request had the same limit.
- It is not ProcessingFailed for ever: a record has at most 1 MB and so, by itself,
  an answer of at most 4.2 MB (see below); a replay sends few at a time.

**The buffer that makes this rare.** A row repeats an image's text as a JSON string, with a
backslash before each quote and backslash, and its columns beside it: 1.3 times
the record as a rule, 3 times at worst (a string column of nothing but escaped
quotes), and some 500 bytes for a record that has next to nothing. With base64
and the answer's own JSON, 1 MB of records (Firehose's default, and what is
recommended) makes 1.9 MB as a rule and 4.5 MB at worst. 3 MB makes 5.5 MB as a
rule, so nothing above 1 MB is safe for every table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, cast

from msgspec import Struct
from pybase64 import b64decode, b64encode_as_string

from transform.events import Change, UnreadableError, read_change
from transform.rows import RowWriter
from transform.schema import Table
from transform.settings import EXPIRED, PartitionKey, Settings
from transform.telemetry import Tally

RESPONSE_LIMIT_BYTES = 6_000_000
"""Lambda's limit is 6 MB, as 6,291,556 bytes in its error; this leaves room for what is not counted."""

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""The partition of rows without a value: Firehose refuses an empty partition key."""

# Records that are worked on together: few enough that what is made of them stays in the processor's cache.
_AT_ONCE = 128
# What the answer's JSON has around a record's id and data, with the spaces that json.dumps puts.
_FRAME_BYTES = len('{"recordId": "", "result": "ProcessingFailed", "data": ""}, ')
_METADATA_BYTES = len('"metadata": {"partitionKeys": {}}, ')
_KEY_BYTES = len('"": "", ')
# json.dumps writes a character beyond ASCII as one or two \uXXXX.
_MAX_CHARACTER_BYTES = 12


class Record(TypedDict):
    """A record as Firehose sends it; `data` is base64."""

    recordId: str
    data: str


class Metadata(TypedDict):
    """A row's partition keys by name."""

    partitionKeys: dict[str, str]


class _Answer(TypedDict):
    recordId: str
    result: str


class Answer(_Answer, total=False):
    """A record's answer; a dropped one has no data."""

    data: str
    metadata: Metadata


class Transform:
    """Answers batches of one table's changes, under some settings."""

    def __init__(self, table: Table, settings: Settings, limit_bytes: int = RESPONSE_LIMIT_BYTES) -> None:
        self._writer = RowWriter(table)
        self._drop = settings.drop
        self._partition_by = settings.partition_by
        self._limit_bytes = limit_bytes

    def answer(self, records: list[Record]) -> tuple[list[Answer], Tally]:
        """The records' answers, in order, and what was counted. No record's content raises."""
        tally = Tally(records=len(records))
        answers: list[Answer] = []
        for start in range(0, len(records), _AT_ONCE):
            answers += self._answer(records[start : start + _AT_ONCE], tally)
        tally.ok = len(answers) - tally.dropped - tally.failed
        tally.bytes_out = _size(answers)
        if tally.bytes_out > self._limit_bytes:
            self._shrink(records, answers, tally)
        return answers, tally

    def _answer(self, records: list[Record], tally: Tally) -> list[Answer]:
        changes, others = self._read(records, tally)
        kept = _without(records, others)
        rows, errors = self._writer.rows(changes, tally.mismatches)
        lines = map(b64encode_as_string, self._writer.lines(rows))
        answers: list[Answer] = [
            {"recordId": record["recordId"], "result": "Ok", "data": line}
            for record, line in zip(_without(kept, errors), lines, strict=True)
        ]
        if self._partition_by:
            for answer, row in zip(answers, rows, strict=True):
                answer["metadata"] = {"partitionKeys": {key.name: _partition(row, key) for key in self._partition_by}}
        # Both go upwards, so that each is inserted where its record stands.
        for place, error in errors.items():
            answers.insert(place, _failed(kept[place], error, tally))
        for place, other in others.items():
            answers.insert(place, other)
        return answers

    def _read(self, records: list[Record], tally: Tally) -> tuple[list[Change], dict[int, Answer]]:
        """The changes to write and, by their places, the answers of the records that have none."""
        changes: list[Change] = []
        others: dict[int, Answer] = {}
        bytes_in = 0
        for place, record in enumerate(records):
            # Whatever is wrong with one record, it must not fail its batch: Firehose would
            # send the batch again, and then give up on all of it.
            try:
                data = b64decode(record["data"], None, True)
                bytes_in += len(data)
                change = read_change(data)
            except Exception as error:
                others[place] = _failed(record, error, tally)
                continue
            if self._drop and (change.op in self._drop or (change.expired and EXPIRED in self._drop)):
                tally.dropped += 1
                others[place] = {"recordId": record["recordId"], "result": "Dropped"}
                continue
            changes.append(change)
        tally.bytes_in += bytes_in
        if changes:
            tally.count(changes)
        return changes, others

    def _shrink(self, records: list[Record], answers: list[Answer], tally: Tally) -> None:
        """Answer ProcessingFailed where that saves the most, until the answer fits."""
        savings = [
            (len(answer.get("data", "")) - len(record["data"]) + _metadata_size(answer), index)
            for index, (record, answer) in enumerate(zip(records, answers, strict=True))
            if answer["result"] == "Ok"
        ]
        savings.sort(reverse=True)
        for saving, index in savings:
            if tally.bytes_out <= self._limit_bytes:
                break
            answers[index] = _unread(records[index])
            tally.bytes_out -= saving
            tally.ok -= 1
            tally.failed += 1
            tally.over_limit += 1
        tally.failures["over_limit"] = tally.over_limit


def _without(records: list[Record], places: Mapping[int, object]) -> list[Record]:
    return [record for place, record in enumerate(records) if place not in places] if places else records


def _partition(row: Struct, key: PartitionKey) -> str:
    value = getattr(row, key.column)
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text[: key.length].replace(" ", "-") if text and key.length else text or NO_VALUE


def _failed(record: Record, error: Exception, tally: Tally) -> Answer:
    reason = error.reason if isinstance(error, UnreadableError) else type(error).__name__
    tally.failed += 1
    tally.failures[reason] = tally.failures.get(reason, 0) + 1
    return _unread(record)


def _unread(record: Record) -> Answer:
    """ProcessingFailed, with the data as it came: what Firehose writes under the error prefix."""
    data = cast("object", record.get("data"))
    return {
        "recordId": record["recordId"],
        "result": "ProcessingFailed",
        "data": data if isinstance(data, str) else "",
    }


def _size(answers: list[Answer]) -> int:
    """The most bytes that answers take in the response."""
    contents = [len(answer["recordId"]) + len(answer.get("data", "")) for answer in answers]
    metadata = [_metadata_size(answer) for answer in answers if "metadata" in answer]
    return len(answers) * _FRAME_BYTES + sum(contents) + sum(metadata)


def _metadata_size(answer: Answer) -> int:
    if "metadata" not in answer:
        return 0
    keys = answer["metadata"]["partitionKeys"]
    return _METADATA_BYTES + sum(_KEY_BYTES + len(name) + _MAX_CHARACTER_BYTES * len(keys[name]) for name in keys)
