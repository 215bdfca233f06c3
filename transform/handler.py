"""The Lambda's entry point: `transform.handler.handler`, called by Firehose with one batch.

The modules in the order of a record: `fast_path` decodes base64 and writes the row of a record in the common form.
For any other, `batch` decodes base64, `events` parses the change, and `rows` writes the row (with `values`, one by one,
exact), which would be the same. `batch` builds the response, `telemetry` logs the counters.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TypedDict

from transform.batch import Answer, Record, Transform
from transform.compiled import keep_memory, missing
from transform.schema import TABLE
from transform.settings import from_environment
from transform.telemetry import Origin, log_line


class FirehoseEvent(TypedDict):
    """The members of Firehose's event that are used."""

    invocationId: str
    deliveryStreamArn: str
    records: list[Record]


class FirehoseAnswer(TypedDict):
    """The members of the response that Firehose reads."""

    records: list[Answer]


_SETTINGS = from_environment(os.environ, TABLE)
_TRANSFORM = Transform(TABLE, _SETTINGS)
keep_memory()
_FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "transform")
if missing is not None:
    sys.stderr.write(f"native: no; every record takes the slow path, some ten times as long: {missing}\n")


def handler(event: FirehoseEvent, context: object) -> FirehoseAnswer:  # noqa: ARG001 - Lambda's signature
    """Transform one batch and log one line about it."""
    started = time.perf_counter()
    answers, counters = _TRANSFORM.answer(event["records"])
    duration_ms = (time.perf_counter() - started) * 1000
    origin = Origin(_FUNCTION, event.get("deliveryStreamArn", ""), event.get("invocationId", ""))
    line = log_line(counters, origin, _SETTINGS.namespace, time.time_ns() // 1_000_000, duration_ms)
    sys.stdout.write(line + "\n")
    return {"records": answers}
