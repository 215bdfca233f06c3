"""The Firehose and functions processes when they are killed, stopped, or their services fail: nothing is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sandbox.dataplane import Sandbox, wait_until

ECHO = """
def handler(event, context):
    return {"records": [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]}
"""


@pytest.fixture
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def delivery_stream(sandbox: Sandbox, name: str, shards: int = 2, **hints: int) -> None:
    """A delivery stream with a transform that changes nothing."""
    parameters = {
        "LambdaArn": sandbox.function(name, ECHO),
        "BufferSizeInMBs": "1",
        "BufferIntervalInSeconds": "0",
    }
    listed = [{"ParameterName": key, "ParameterValue": value} for key, value in parameters.items()]
    sandbox.delivery_stream(
        name,
        sandbox.stream(name, shards),
        name,
        BufferingHints={"IntervalInSeconds": 0, "SizeInMBs": 1} | hints,
        ProcessingConfiguration={"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": listed}]},
    )


def put(sandbox: Sandbox, stream: str, numbers: range) -> None:
    records: list[dict[str, Any]] = [{"Data": b'{"n":%d}\n' % n, "PartitionKey": str(n)} for n in numbers]
    sandbox.client("kinesis").put_records(StreamName=stream, Records=records)


def numbers(sandbox: Sandbox, bucket: str) -> list[int]:
    return [row["n"] for row in sandbox.lines(bucket)]


def function_processes(sandbox: Sandbox) -> list[str]:
    """Return the command lines of the running functions' processes."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_text().replace("\0", " "))
    return [line for line in found if "launch.py" in line and str(sandbox.state.path) in line]


def test_what_is_killed_loses_nothing(sandbox: Sandbox) -> None:
    delivery_stream(sandbox, "fh-killed")
    for start in (0, 200):
        functions, firehose = sandbox.start("functions"), sandbox.start("firehose")
        put(sandbox, "fh-killed", range(start, start + 100))
        wait_until(lambda start=start: any(n >= start for n in numbers(sandbox, "fh-killed")), "the first records")
        put(sandbox, "fh-killed", range(start + 100, start + 200))
        firehose.kill()
        functions.kill()
        wait_until(lambda: not function_processes(sandbox), "the function's process to follow")
    sandbox.start("functions")
    sandbox.start("firehose")
    wait_until(lambda: set(numbers(sandbox, "fh-killed")) == set(range(400)), "every record")


def test_a_stop_delivers_what_was_read_and_repeats_nothing(sandbox: Sandbox) -> None:
    delivery_stream(sandbox, "fh-clean", IntervalInSeconds=900)
    sandbox.start("functions")
    firehose = sandbox.start("firehose")
    put(sandbox, "fh-clean", range(20))
    wait_until(lambda: sandbox.status("firehose").get("records_in") == 20, "the records to be read")
    assert numbers(sandbox, "fh-clean") == []
    assert firehose.stop() == 0
    assert sorted(numbers(sandbox, "fh-clean")) == list(range(20))
    assert "Traceback" not in firehose.log.read_text()

    again = sandbox.start("firehose")
    put(sandbox, "fh-clean", range(20, 21))
    wait_until(lambda: sandbox.status("firehose").get("records_in") == 1, "the new record to be read")
    assert again.stop() == 0
    assert sorted(numbers(sandbox, "fh-clean")) == list(range(21))


def test_outages_of_s3_lambda_and_kinesis_are_waited_out(sandbox: Sandbox) -> None:
    delivery_stream(sandbox, "fh-outage")
    refused: list[str] = []

    def fault(operation: str, request: str) -> int | None:
        kind = next((k for k in ("GetRecords", "/invocations", "PUT /fh-outage/") if k in operation + request), None)
        if kind is None or refused.count(kind) >= 2:
            return None
        refused.append(kind)
        return 503

    sandbox.proxy.fault = fault
    sandbox.start("functions")
    sandbox.start("firehose")
    put(sandbox, "fh-outage", range(50))
    wait_until(lambda: sorted(numbers(sandbox, "fh-outage")) == list(range(50)), "every record once", 60)
    assert set(refused) == {"GetRecords", "/invocations", "PUT /fh-outage/"}


def test_a_stream_that_is_resharded_is_read_on(sandbox: Sandbox) -> None:
    delivery_stream(sandbox, "fh-split", shards=1)
    sandbox.start("functions")
    sandbox.start("firehose")
    put(sandbox, "fh-split", range(50))
    kinesis = sandbox.client("kinesis")
    kinesis.update_shard_count(StreamName="fh-split", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    put(sandbox, "fh-split", range(50, 100))
    wait_until(lambda: set(numbers(sandbox, "fh-split")) == set(range(100)), "every record")


def test_a_deleted_stream_delivers_nothing_more(sandbox: Sandbox) -> None:
    delivery_stream(sandbox, "fh-deleted", IntervalInSeconds=900)
    sandbox.start("functions")
    firehose = sandbox.start("firehose")
    put(sandbox, "fh-deleted", range(5))
    wait_until(lambda: sandbox.status("firehose").get("records_in") == 5, "the records to be read")
    sandbox.client("firehose").delete_delivery_stream(DeliveryStreamName="fh-deleted")
    wait_until(lambda: not sandbox.status("firehose")["delivery_streams"], "the stream to end")
    assert firehose.stop() == 0
    assert numbers(sandbox, "fh-deleted") == []
