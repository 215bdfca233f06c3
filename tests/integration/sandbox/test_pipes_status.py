"""The state of a lagging or failing pipe in `status` and DescribePipe."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import pytest

from tests.integration.sandbox.dataplane import ROLE, Sandbox, arrived, wait_until

CHANGES = 1_500
"""More than a pipe reads at once."""


@pytest.fixture(scope="module")
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    dataplane.start("pipes")
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def of(sandbox: Sandbox, name: str) -> dict[str, Any]:
    return sandbox.status("pipes")["pipes"].get(name, {})


def test_a_pipe_lags_by_what_it_has_not_read(sandbox: Sandbox) -> None:
    source, target = sandbox.table("lagging"), sandbox.stream("lagging")
    sandbox.proxy.fault = lambda called, _: 500 if called == "Kinesis_20131202.PutRecords" else None
    begun_s = time.time()
    for first in range(0, CHANGES, 25):
        puts = [{"PutRequest": {"Item": {"id": {"S": str(first + n)}}}} for n in range(25)]
        sandbox.client("dynamodb").batch_write_item(RequestItems={"lagging": puts})
    sandbox.pipe("lagging", source, target)

    wait_until(lambda: of(sandbox, "lagging").get("backlog") == CHANGES, "the pipe to report all changes")
    status = sandbox.status("pipes")
    assert status["backlog"] >= CHANGES
    # Changes' times are recorded by the server, and the status is at most two seconds old.
    assert (time.time() - begun_s) * 1000 >= of(sandbox, "lagging")["lag_ms"] > 0

    sandbox.proxy.fault = lambda _called, _: None
    arrived(sandbox, "lagging", CHANGES)
    wait_until(lambda: of(sandbox, "lagging")["backlog"] == 0, "the pipe to have accepted all")
    assert of(sandbox, "lagging")["lag_ms"] == 0


def test_a_pipe_without_its_source_is_not_running(sandbox: Sandbox) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html"""
    source, target = sandbox.stream("orphan-source"), sandbox.stream("orphan")
    pipes = sandbox.client("pipes")
    pipes.create_pipe(
        Name="orphan",
        RoleArn=ROLE,
        Source=source,
        SourceParameters={"KinesisStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        Target=target,
        TargetParameters={"KinesisStreamParameters": {"PartitionKey": "$.partitionKey"}},
    )
    wait_until(lambda: of(sandbox, "orphan"), "the pipe to run")
    assert pipes.describe_pipe(Name="orphan")["CurrentState"] == "RUNNING"

    sandbox.client("kinesis").delete_stream(StreamName="orphan-source")
    described = wait_until(
        lambda: (orphan := pipes.describe_pipe(Name="orphan"))["CurrentState"] != "RUNNING" and orphan,
        "the pipe to say that it does not work",
    )
    assert (described["DesiredState"], described["CurrentState"]) == ("RUNNING", "START_FAILED")
    assert described["StateReason"].startswith("Its source cannot be read: ResourceNotFoundException")
    assert "orphan" in sandbox.status("pipes")["failing"]

    pipes.stop_pipe(Name="orphan")
    wait_until(lambda: pipes.describe_pipe(Name="orphan")["CurrentState"] == "STOPPED", "the pipe to be stopped")
    wait_until(lambda: "orphan" not in sandbox.status("pipes")["failing"], "the status to forget it")
