"""DynamoDB's metrics, and those of its streams.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from sandbox.dynamodb.capacity import Consumed, write_units
from sandbox.dynamodb.schema import TableSchema
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.front.counting.latency import SCALE, ticks_since
from sandbox.monitoring.recorder import RECORDER, metric

NAMESPACE = "AWS/DynamoDB"
_UNITS = {
    "ReturnedBytes": "Bytes",
    "SuccessfulRequestLatency": "Milliseconds",
}
_SCALES = {"SuccessfulRequestLatency": SCALE}
THROTTLES = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"})
"""The errors of throttled calls."""
_SYSTEM_ERRORS = frozenset({"InternalServerError", "InternalFailure", "ServiceUnavailable"})
_READS = ("Get", "BatchGet", "Query", "Scan", "TransactGet")
Sample = Callable[[float], None]


class _Named(msgspec.Struct):
    TableName: str = ""
    RequestItems: dict[str, Any] = {}
    TransactItems: list[dict[str, dict[str, Any]]] = []


class DynamoCounter:
    """Counts the calls to the tables of this process. Not thread-safe."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str, str, str, str], Sample] = {}
        self._writes: dict[tuple[str, str], dict[str, tuple[Sample, Sample]]] = {}
        self._usual: dict[str, tuple[Sample, Sample]] = {}
        self._touched: dict[str, Sample] = {}
        self._region = ""
        self._operation = ""

    def begin(self, region: str, operation: str) -> None:
        """Begin a call: the next reports belong to it."""
        self._region, self._operation = region, operation
        self._touched.clear()
        usual = self._writes.get((region, operation))
        self._usual = self._writes.setdefault((region, operation), {}) if usual is None else usual

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> None:
        """Count the units of writes."""
        if not RECORDER.on:
            return
        counted: TableSchema | None = None
        add: Sample | None = None
        for table, change in changes:
            schema = table.schema
            if add is None or schema is not counted:
                counted = schema
                known = self._usual.get(schema.name)
                if known is None:
                    latency = self._sample(schema.name, "SuccessfulRequestLatency", self._operation)
                    known = latency, self._sample(schema.name, "ConsumedWriteCapacityUnits")
                    self._usual[schema.name] = known
                self._touched[schema.name], add = known
            if schema.indexes:
                consumed = Consumed(schema)
                consumed.add_write(table, change, factor)
                add(consumed.table)
                for index, units in consumed.indexes.items():
                    self._sample(schema.name, "ConsumedWriteCapacityUnits", index=index)(units)
                continue
            _, old, new = change
            size = 0 if new is None else new.size_bytes
            if old is not None and old.size_bytes > size:
                size = old.size_bytes
            add(write_units(size) * factor)

    def read(self, table: StoredTable, units: float, index: str | None = None, items: int | None = None) -> None:
        """Count the units of a read, and how many items a Query or Scan returns."""
        if not RECORDER.on:
            return
        name = table.schema.name
        self._touched[name] = self._sample(name, "SuccessfulRequestLatency", self._operation)
        self._sample(name, "ConsumedReadCapacityUnits", index=index or "")(units)
        if items is not None:
            self._sample(name, "ReturnedItemCount", self._operation)(items)

    def succeeded(self, began_ns: int) -> None:
        """Count the latency of a successful call, for each table that it read or wrote."""
        ticks = ticks_since(began_ns)
        for latency in self._touched.values():
            latency(ticks)

    def unprocessed(self, operation: str, left: dict[str, Any]) -> None:
        """Count the throttled entries of a batch: each is an event, and the call itself is not throttled."""
        event = "WriteThrottleEvents" if operation == "BatchWriteItem" else "ReadThrottleEvents"
        for name, entries in left.items():
            # UnprocessedItems has a list of requests for each table, UnprocessedKeys an object with Keys.
            keys = cast("list[object]", entries if isinstance(entries, list) else entries.get("Keys", []))
            for _ in keys:
                self._sample(name, event)(1)

    def refused(self, region: str, operation: str, code: str, body: bytes) -> None:
        """Count a refused call by its error code."""
        self.begin(region, operation)
        error = code.rpartition("#")[2]
        if error == "TransactionCanceledException":
            self._cancelled(body)
            return
        if error in _SYSTEM_ERRORS:
            for name in tables_of(body):
                self._sample(name, "SystemErrors", operation)(1)
            return
        if error in THROTTLES:
            event = "ReadThrottleEvents" if operation.startswith(_READS) else "WriteThrottleEvents"
            for name in tables_of(body):
                self._sample(name, "ThrottledRequests", operation)(1)
                self._sample(name, event)(1)
            return
        if error == "ConditionalCheckFailedException":
            for name in tables_of(body):
                self._sample(name, "ConditionalCheckFailedRequests")(1)
            return
        self._sample("", "UserErrors")(1)

    def _cancelled(self, body: bytes) -> None:
        """Count a cancelled transaction; in the sandbox transactions never conflict, so a condition failed."""
        for name in tables_of(body):
            self._sample(name, "ConditionalCheckFailedRequests")(1)

    def expired(self, region: str, table: str, count: int) -> None:
        """Count the items that were removed because their time to live was over."""
        self._region = region
        self._sample(table, "TimeToLiveDeletedItemCount")(count)

    def not_replicated(self, region: str, table: str) -> None:
        """Count a change that its Kinesis destination refused.

        AWS documents the dimension DelegatedOperation, but not its values.
        """
        counted = metric(
            NAMESPACE, "FailedToReplicateRecordCount", TableName=table, DelegatedOperation="ChangeDataCapture"
        )
        RECORDER.series(region, counted, "Count").add(1)

    def stream_read(self, region: str, stream_arn: str, records: int, size_bytes: int, began_ns: int) -> None:
        """Count a GetRecords of a table's stream."""
        table, _, label = stream_arn.partition(":table/")[2].partition("/stream/")
        self._region = region
        self._sample(table, "SuccessfulRequestLatency", "GetRecords", label=label)(ticks_since(began_ns))
        self._sample(table, "ReturnedRecordsCount", "GetRecords", label=label)(records)
        self._sample(table, "ReturnedBytes", "GetRecords", label=label)(size_bytes)

    def _sample(self, table: str, name: str, operation: str = "", index: str = "", label: str = "") -> Sample:
        key = (self._region, table, name, operation, index or label)
        sample = self._samples.get(key)
        if sample is None:
            given = {
                "TableName": table,
                "Operation": operation,
                "GlobalSecondaryIndexName": index,
                "StreamLabel": label,
            }
            dimensions = {dimension: value for dimension, value in given.items() if value}
            series = RECORDER.series(
                self._region,
                metric(NAMESPACE, name, **dimensions),
                _UNITS.get(name, "Count"),
                _SCALES.get(name, 1.0),
            )
            sample = self._samples[key] = series.add
        return sample


def tables_of(body: bytes) -> list[str]:
    """The names of a request's tables."""
    try:
        named = msgspec.json.decode(body, type=_Named)
    except (msgspec.DecodeError, RecursionError):
        return []
    actions = [action for item in named.TransactItems for action in item.values()]
    names = [named.TableName, *named.RequestItems, *(str(action.get("TableName", "")) for action in actions)]
    return list(dict.fromkeys(name.rpartition("/")[2] for name in names if name))


DYNAMODB = DynamoCounter()
"""The counter of this process."""
