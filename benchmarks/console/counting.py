"""What counting a change costs the server, apart from all else: the least of many repetitions, in nanoseconds.

Other work on the machine lengthens some repetitions and shortens none, so that this figure can be read on a busy one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.schema import KeySchema, KeySchemaElement, TableSchema
from sandbox.dynamodb.table import ItemChange
from sandbox.front.counting.dynamodb import DynamoCounter
from sandbox.front.counting.kinesis import KinesisCounter
from sandbox.monitoring.recorder import Recorder

_REGION = "eu-west-1"
_BATCH, _RECORDS = 25, 100
_ITEM_BYTES = 600
_REPEATED, _EACH = 1000, 20
"""How often a call is measured, and how many of them at a time."""


def counting_ns(recorder: Recorder) -> float:
    """A change of a batch in DynamoDB, and as a record that a Pipe has put on a stream and Firehose has read from it.

    What was counted is put together for the store as well; `recorder` is the process's own.
    """
    table: Any = SimpleNamespace(schema=TableSchema("orders", KeySchema(KeySchemaElement("order_id", "S"))))
    stream: Any = SimpleNamespace(region=_REGION, stream_name="changes")
    shards: Any = [SimpleNamespace(shard_id="shardId-0")] * _RECORDS
    sizes = [_ITEM_BYTES + number for number in range(_RECORDS)]
    items = [StoredItem.stored(Key(str(number)), b"{}", sizes[number]) for number in range(_BATCH)]
    changes = [(table, ItemChange(item.key, None, item)) for item in items]
    records = [b" " * size for size in sizes]
    dynamodb, kinesis = DynamoCounter(), KinesisCounter()

    def write() -> None:
        dynamodb.begin(_REGION, "BatchWriteItem")
        dynamodb.wrote(changes)
        dynamodb.succeeded(0)

    def pass_on() -> None:
        kinesis.put(stream, "PutRecords", shards, sizes, {}, 0)
        kinesis.got(stream, "shardId-0", records, 0, 0)

    return _least_ns(write, recorder) / _BATCH + _least_ns(pass_on, recorder) / _RECORDS


def _least_ns(call: Callable[[], None], recorder: Recorder) -> float:
    least = float("inf")
    for _ in range(_REPEATED):
        began_ns = time.perf_counter_ns()
        for _ in range(_EACH):
            call()
        recorder.take()
        least = min(least, (time.perf_counter_ns() - began_ns) / _EACH)
    return least
