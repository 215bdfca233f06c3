"""A table with a column of each type, events for it in pieces of JSON, and whether the fast path writes their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from tests.unit.transform.changes import records_of
from transform.events import read_change
from transform.fast_path import FALLBACK, MAX_RECORDS, RESULTS, FastPath
from transform.rows import RowWriter
from transform.schema import Column, KeyAttribute, LakeTable

COLUMNS = (
    Column("id", "string", ("id",), ""),
    Column("word", "string", ("word",), ""),
    Column("flag", "boolean", ("flag",), ""),
    Column("whole", "int", ("whole",), ""),
    Column("price", "decimal(4,2)", ("price",), ""),
    Column("rate", "double", ("rate",), ""),
    Column("day", "date", ("day",), ""),
    Column("moment", "timestamp", ("moment",), ""),
    Column("inner", "string", ("map", "inner"), ""),
)
THING = LakeTable("thing", "thing_changes", "things", KeyAttribute("id", "S"), None, COLUMNS)
EVENT = (
    '{"eventID":"e-1","eventName":"INSERT","size":@size@,"userIdentity":@identity@,"dynamodb":{"SequenceNumber":'
    '@sequence@,"ApproximateCreationDateTime":@time@,"OldImage":@old@,"NewImage":{"id":{"S":"1"},@more@"x":@x@}}}'
)
USUAL = {"size": "1", "identity": "null", "sequence": '"7"', "time": "1795356187", "old": "null", "more": "", "x": "{}"}


def event(**pieces: str) -> bytes:
    """An event with these pieces of JSON."""
    return re.sub("@([a-z]+)@", lambda match: {**USUAL, **pieces}[match[1]], EVENT).encode("utf-8", "surrogateescape")


def are_written(records: Iterable[bytes], table: LakeTable = THING) -> list[bool]:
    """Whether the fast path writes the row of each; its output is compared with the slow path."""
    fast_path, writer = FastPath(table), RowWriter(table)
    answers: list[bool] = []
    rest = iter(records)
    while batch := list(islice(rest, MAX_RECORDS)):
        rows = fast_path.write(records_of(*batch))
        start = 0
        for record, end, result, moment in zip(batch, rows.ends, rows.results, rows.moments, strict=True):
            if result != FALLBACK:
                change = read_change(record)
                mismatches: dict[str, int] = {}
                assert bytes(rows.lines[start:end]) == writer.line(change, mismatches)
                assert not mismatches
                assert (RESULTS[result], moment) == ((change.op, change.expired), change.epoch_us)
            answers.append(result != FALLBACK)
            start = end
    return answers


def is_written(**pieces: str) -> bool:
    """Whether the fast path writes the row of an event with these pieces."""
    return are_written([event(**pieces)]) == [True]
