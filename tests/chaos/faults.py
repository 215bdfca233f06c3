"""The faults of a chaos run, each with a share that allows progress."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sandbox.faults import Fault, errors
from sandbox.faults.kinds import POINTS, WRONG_ANSWERS

KILLED = ("pipes", "server", "firehose", "functions", "athena", "crawlers")
"""The processes that are killed in turn: all of them."""
_SERVED = ("PutItem", "BatchWriteItem", "GetRecords", "PutRecords", "PutObject")
"""The calls before and after which the server crashes."""
SHARE = 0.2
"""The share of clients' calls."""
WORKERS_SHARE = 0.4
"""The share of workers' calls, which are few and wait after each failure."""
_RARE_SHARE = 0.6
"""The share of calls to S3 and Lambda: Firehose makes one of each for many records."""
_SERVICES = ("dynamodb", "dynamodbstreams", "kinesis", "lambda", "s3")


def all_faults() -> list[Fault]:
    """Return every kind with every service on a change's path."""
    return [*_calls(), *_records(), *_functions(), *_crashes()]


def seeded(fault: Fault, seed: int) -> Fault:
    """The fault with another seed."""
    return msgspec.structs.replace(fault, seed=seed)


def _calls() -> Iterator[Fault]:
    for service in _SERVICES:
        share = {"dynamodb": SHARE, "s3": _RARE_SHARE, "lambda": _RARE_SHARE}.get(service, WORKERS_SHARE)
        for code in errors.THROTTLES[service]:
            yield Fault("throttle", service, share=share, parameters={"error": code})
        for when in ("before", "after"):
            yield Fault("error", service, share=share, parameters={"when": when})
            yield Fault("reset", service, share=share / 2, parameters={"when": when})
        yield Fault("latency", service, share=share, parameters={"ms": 20, "jitter_ms": 100})


def _records() -> Iterator[Fault]:
    for service in ("kinesis", "dynamodbstreams"):
        yield Fault("expired-iterator", service, share=WORKERS_SHARE)
    for code in ("ProvisionedThroughputExceededException", "InternalFailure"):
        yield Fault("partial", "kinesis", share=WORKERS_SHARE, parameters={"part": 0.3, "error": code})
    yield Fault("partial", "dynamodb", "BatchWriteItem", share=WORKERS_SHARE, parameters={"part": 0.3})
    yield Fault("duplicate", "dynamodb", share=SHARE, parameters={"copies": 2, "after_ms": 1000})
    yield Fault("reorder", "dynamodb", share=SHARE, parameters={"after_ms": 1000})
    yield Fault("limits", "dynamodb", parameters={"partition_writes": 0.5})
    yield Fault("limits", "kinesis", parameters={"shard_records": 50})


def _functions() -> Iterator[Fault]:
    for parameters in ({"how": "raise"}, {"how": "timeout", "after_ms": 200}):
        yield Fault("function", "lambda", share=_RARE_SHARE, parameters=dict(parameters))
    for answer in WRONG_ANSWERS:
        yield Fault("function", "lambda", share=_RARE_SHARE, parameters={"how": "wrong", "answer": answer})


def _crashes() -> Iterator[Fault]:
    for process, points in POINTS.items():
        for point in points:
            for operation in _SERVED if process == "server" else ("",):
                yield Fault("crash", process, operation, count=1, parameters={"point": point})
