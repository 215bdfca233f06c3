"""The response to a Firehose batch: every record once, in order, within the response's limit.

The contract: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html The events of Direct
PUT and of a Kinesis source differ only in metadata that this module does not use.

**The response limit.** Lambda's response has at most 6 MB, and the whole batch fails in Firehose when it is larger. So
the response is measured as it grows, and if it would not fit, the largest rows are left out: their records get
ProcessingFailed with their original data. Firehose writes these under the error prefix, from which `python -m lake
replay` puts them on the stream again; the other rows are delivered.

- Nothing is lost: each record is either in the lake or, unchanged, under the error prefix.
- No order is lost: the order of changes to a key is that of `sequence`, in which a replayed row has its original place,
  independent of its arrival.
- It always fits: with this result for every record, the response is the request without its metadata, and the request
  had the same limit.
- It is not ProcessingFailed for ever: a record has at most 1 MB and so, by itself,
  a result of at most 4.2 MB (see below), so each replay leaves fewer out.

**The buffer that makes this rare.** A row repeats an image's text as a JSON string, with a backslash before each quote
and backslash, and its columns: typically 1.3 times the record, at most 3 times (a string column of escaped quotes
only), and about 500 bytes for a nearly empty record. With base64 and the response's JSON, 1 MB of records (Firehose's
default and recommendation) becomes typically 1.9 MB and at most 4.5 MB. 3 MB becomes typically 5.5 MB, so only 1 MB is
safe for every table.
"""

from __future__ import annotations

from typing import TypedDict, cast

from msgspec import Struct, defstruct
from msgspec.json import Decoder
from pybase64 import b64decode, b64encode_as_string

from transform.events import UnreadableError, read_change
from transform.fast_path import FALLBACK, MAX_RECORDS, RESULTS, FastPath, Rows
from transform.rows import RowWriter
from transform.schema import LakeTable
from transform.settings import EXPIRED, FunctionSettings, PartitionKey
from transform.telemetry import BatchCounters

RESPONSE_LIMIT_BYTES = 6_000_000
"""Lambda's limit is 6 MB, as 6,291,556 bytes in its error; this leaves a margin for uncounted bytes."""

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""The partition of rows without a value: Firehose refuses an empty partition key."""

# The response's JSON around a record's id and data, with the spaces of json.dumps.
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
    """A record's result; a dropped one has no data."""

    data: str
    metadata: Metadata


class Transform:
    """Transforms batches of one table's changes with fixed settings. Not thread-safe."""

    def __init__(self, table: LakeTable, settings: FunctionSettings, limit_bytes: int = RESPONSE_LIMIT_BYTES) -> None:
        self._fast_path = FastPath(table)
        self._writer = RowWriter(table)
        self._drop = settings.drop
        self._dropped = {result for result, (op, expired) in RESULTS.items() if self._is_dropped(op, expired)}
        self._uncounted = self._dropped | {FALLBACK}
        self._partition_by = settings.partition_by
        self._partitions = Decoder(defstruct("Partitions", [(key.column, object) for key in settings.partition_by]))
        self._limit_bytes = limit_bytes

    def answer(self, records: list[Record]) -> tuple[list[Answer], BatchCounters]:
        """The records' results, in order, and the counters. No record's content raises."""
        counters = BatchCounters(records=len(records))
        answers: list[Answer] = []
        for start in range(0, len(records), MAX_RECORDS):
            answers += self._answer(records[start : start + MAX_RECORDS], counters)
        counters.ok = len(answers) - counters.dropped - counters.failed
        if counters.bytes_out > self._limit_bytes:
            self._shrink(records, answers, counters)
        return answers, counters

    def _answer(self, records: list[Record], counters: BatchCounters) -> list[Answer]:
        rows = self._fast_path.write(records)
        counters.bytes_in += sum(rows.lengths)
        answers: list[Answer] = []
        start = 0
        for record, end, result, length in zip(records, rows.ends, rows.results, rows.lengths, strict=True):
            if result == FALLBACK:
                answers.append(self._answer_slowly(record, length, counters))
            elif result in self._dropped:
                answers.append(_dropped(record, counters))
            else:
                answers.append(self._ok(record, rows.lines[start:end]))
            start = end
        self._count(rows, counters)
        # Measured here, because the answers of a whole batch are not in the processor's cache.
        counters.bytes_out += _size(answers)
        return answers

    def _count(self, rows: Rows, counters: BatchCounters) -> None:
        found = set(rows.results)
        counted = found - self._uncounted
        moments = rows.moments
        if counted != found:
            moments = [moment for moment, result in zip(moments, rows.results, strict=True) if result in counted]
        for result in counted:
            counters.count(RESULTS[result][0], rows.results.count(result), min(moments))

    def _answer_slowly(self, record: Record, counted_bytes: int, counters: BatchCounters) -> Answer:
        counters.slow_path += 1
        # An invalid record must not fail its batch: Firehose would retry the batch, and then write all of it to
        # errors/.
        try:
            content = b64decode(record["data"], None, True)
            counters.bytes_in += len(content) - counted_bytes
            change = read_change(content)
            if self._is_dropped(change.op, change.expired):
                return _dropped(record, counters)
            counters.count(change.op, 1, change.epoch_us)
            return self._ok(record, self._writer.line(change, counters.mismatches))
        except Exception as error:
            return _failed(record, error, counters)

    def _is_dropped(self, op: str, expired: bool) -> bool:
        return op in self._drop or (expired and EXPIRED in self._drop)

    def _ok(self, record: Record, line: bytes | memoryview) -> Answer:
        answer: Answer = {"recordId": record["recordId"], "result": "Ok", "data": b64encode_as_string(line)}
        if self._partition_by:
            row = self._partitions.decode(line)
            answer["metadata"] = {"partitionKeys": {key.name: _partition(row, key) for key in self._partition_by}}
        return answer

    def _shrink(self, records: list[Record], answers: list[Answer], counters: BatchCounters) -> None:
        """Set ProcessingFailed where it saves the most, until the response fits."""
        savings = [
            (len(answer.get("data", "")) - len(record["data"]) + _metadata_size(answer), index)
            for index, (record, answer) in enumerate(zip(records, answers, strict=True))
            if answer["result"] == "Ok"
        ]
        savings.sort(reverse=True)
        for saving, index in savings:
            if counters.bytes_out <= self._limit_bytes:
                break
            answers[index] = _unread(records[index])
            counters.bytes_out -= saving
            counters.ok -= 1
            counters.failed += 1
            counters.over_limit += 1
        counters.failures["over_limit"] = counters.over_limit


def _partition(row: Struct, key: PartitionKey) -> str:
    value = getattr(row, key.column)
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text[: key.length].replace(" ", "-") if text and key.length else text or NO_VALUE


def _dropped(record: Record, counters: BatchCounters) -> Answer:
    counters.dropped += 1
    return {"recordId": record["recordId"], "result": "Dropped"}


def _failed(record: Record, error: Exception, counters: BatchCounters) -> Answer:
    reason = error.reason if isinstance(error, UnreadableError) else type(error).__name__
    counters.failed += 1
    counters.failures[reason] = counters.failures.get(reason, 0) + 1
    return _unread(record)


def _unread(record: Record) -> Answer:
    """ProcessingFailed with the original data, which Firehose writes under the error prefix."""
    data = cast("object", record.get("data"))
    return {
        "recordId": record["recordId"],
        "result": "ProcessingFailed",
        "data": data if isinstance(data, str) else "",
    }


def _size(answers: list[Answer]) -> int:
    """The maximum bytes of the results in the response."""
    contents = [len(answer["recordId"]) + len(answer.get("data", "")) for answer in answers]
    metadata = [_metadata_size(answer) for answer in answers if "metadata" in answer]
    return len(answers) * _FRAME_BYTES + sum(contents) + sum(metadata)


def _metadata_size(answer: Answer) -> int:
    if "metadata" not in answer:
        return 0
    keys = answer["metadata"]["partitionKeys"]
    return _METADATA_BYTES + sum(_KEY_BYTES + len(name) + _MAX_CHARACTER_BYTES * len(keys[name]) for name in keys)
