"""A batch's log line: one line of JSON that CloudWatch also reads as metrics.

The line is in the embedded metric format, so it needs no API call and no dependency
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
It has counts, sizes, times and names of columns, never a value of an item.
"""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.json import encode

_METRICS = {
    "Records": "Count",
    "Ok": "Count",
    "Dropped": "Count",
    "ProcessingFailed": "Count",
    "OverLimit": "Count",
    "MismatchedValues": "Count",
    "BytesIn": "Bytes",
    "BytesOut": "Bytes",
    "Duration": "Milliseconds",
    "OldestEventAge": "Milliseconds",
}


class BatchCounters(Struct):
    """The counts of one batch.

    `bytes_in` are the records' bytes, `bytes_out` those of the response as Firehose receives it. `failures` counts by
    reason, `mismatches` by column. `over_limit` are valid rows that did not fit into the response. `slow_path` are
    records that took the slow path: each takes about ten times as long.
    """

    records: int = 0
    ok: int = 0
    dropped: int = 0
    failed: int = 0
    over_limit: int = 0
    slow_path: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    oldest_us: int | None = None
    operations: dict[str, int] = field(default_factory=lambda: {"INSERT": 0, "MODIFY": 0, "REMOVE": 0})
    failures: dict[str, int] = {}
    mismatches: dict[str, int] = {}

    def count(self, op: str, number: int, oldest_us: int) -> None:
        """Count changes of one operation; `oldest` is the time of the oldest."""
        self.operations[op] += number
        self.oldest_us = oldest_us if self.oldest_us is None else min(self.oldest_us, oldest_us)


class Origin(Struct, frozen=True):
    """A batch's source and the function that transformed it."""

    function: str
    stream: str
    invocation: str


def log_line(counters: BatchCounters, origin: Origin, namespace: str, now_ms: int, duration_ms: float) -> str:
    """The batch's line, without a newline. The age is 0 when no event is readable."""
    age_ms = 0 if counters.oldest_us is None else max(0, now_ms - counters.oldest_us // 1000)
    line = {
        "_aws": {
            "Timestamp": now_ms,
            "CloudWatchMetrics": [
                {
                    "Namespace": namespace,
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": name, "Unit": unit} for name, unit in _METRICS.items()],
                }
            ],
        },
        "FunctionName": origin.function,
        "DeliveryStream": origin.stream,
        "Invocation": origin.invocation,
        "Records": counters.records,
        "Ok": counters.ok,
        "Dropped": counters.dropped,
        "ProcessingFailed": counters.failed,
        "OverLimit": counters.over_limit,
        "SlowPath": counters.slow_path,
        "MismatchedValues": sum(counters.mismatches.values()),
        "BytesIn": counters.bytes_in,
        "BytesOut": counters.bytes_out,
        "Duration": round(duration_ms, 3),
        "OldestEventAge": age_ms,
        "Operations": counters.operations,
        "Failures": counters.failures,
        "Mismatches": counters.mismatches,
    }
    return encode(line).decode()
