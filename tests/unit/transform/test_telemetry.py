from __future__ import annotations

import json
from typing import Any

from transform.telemetry import BatchCounters, Origin, log_line

ORIGIN = Origin("orders-transform", "arn:stream", "invocation-1")
TALLY = BatchCounters(
    records=10,
    ok=6,
    dropped=1,
    failed=3,
    over_limit=1,
    slow_path=4,
    bytes_in=10_000,
    bytes_out=20_000,
    oldest_us=1_795_356_187_000_000,
    operations={"INSERT": 4, "MODIFY": 2, "REMOVE": 1},
    failures={"DecodeError": 2},
    mismatches={"total": 2, "gift": 1},
)


def line(counters: BatchCounters = TALLY, now_ms: int = 1_795_356_188_500) -> dict[str, Any]:
    text = log_line(counters, ORIGIN, "Orders", now_ms, 12.34567)
    assert "\n" not in text
    return json.loads(text)


def test_the_line_says_what_was_done() -> None:
    written = line()
    del written["_aws"]
    assert written == {
        "FunctionName": "orders-transform",
        "DeliveryStream": "arn:stream",
        "Invocation": "invocation-1",
        "Records": 10,
        "Ok": 6,
        "Dropped": 1,
        "ProcessingFailed": 3,
        "OverLimit": 1,
        "SlowPath": 4,
        "MismatchedValues": 3,
        "BytesIn": 10_000,
        "BytesOut": 20_000,
        "Duration": 12.346,
        "OldestEventAge": 1500,
        "Operations": {"INSERT": 4, "MODIFY": 2, "REMOVE": 1},
        "Failures": {"DecodeError": 2},
        "Mismatches": {"total": 2, "gift": 1},
    }


def test_the_line_is_in_the_embedded_metric_format() -> None:
    written = line()
    assert written["_aws"]["Timestamp"] == 1_795_356_188_500
    (directive,) = written["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Orders"
    assert directive["Dimensions"] == [["FunctionName"]]
    metrics = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert metrics == {
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
    for name in metrics:
        assert isinstance(written[name], int | float)
    for names in directive["Dimensions"]:
        assert all(isinstance(written[name], str) for name in names)


def test_the_age_is_whole_milliseconds() -> None:
    age = line(BatchCounters(oldest_us=1_795_356_187_000_999))["OldestEventAge"]
    assert (age, type(age)) == (1500, int)


def test_the_age_is_no_less_than_nothing() -> None:
    assert line(now_ms=1_795_356_186_000)["OldestEventAge"] == 0
    assert line(BatchCounters())["OldestEventAge"] == 0
