"""The Pipes process when it is killed, stopped, or its services fail: nothing is lost."""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest

from sandbox.faults import inject
from tests.integration.sandbox.dataplane import Sandbox, arrived, ids, put, wait_until


@pytest.fixture
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def test_what_is_killed_loses_nothing(sandbox: Sandbox) -> None:
    source, target = sandbox.table("killed"), sandbox.stream("killed")
    sandbox.pipe("killed", source, target, BatchSize=10)
    expected = [f"{n:03}" for n in range(80)]
    for start in range(0, 80, 40):
        worker = sandbox.start("pipes")
        put(sandbox, "killed", *expected[start : start + 20])
        arrived(sandbox, "killed", start + 1)
        put(sandbox, "killed", *expected[start + 20 : start + 40])
        worker.kill()
    sandbox.start("pipes")
    wait_until(lambda: set(ids(sandbox, "killed")) == set(expected), "every change")


def test_a_stop_is_clean_and_repeats_nothing(sandbox: Sandbox) -> None:
    source, target = sandbox.table("clean"), sandbox.stream("clean")
    sandbox.pipe("clean", source, target)
    for round_ in range(2):
        worker = sandbox.start("pipes")
        put(sandbox, "clean", f"a{round_}", f"b{round_}")
        arrived(sandbox, "clean", 2 * round_ + 2)
        assert worker.stop() == 0
        assert "Traceback" not in worker.log.read_text()
    assert ids(sandbox, "clean") == ["a0", "b0", "a1", "b1"]


def test_outages_are_waited_out(sandbox: Sandbox) -> None:
    source, target = sandbox.table("outage"), sandbox.stream("outage")
    sandbox.pipe("outage", source, target, MaximumRetryAttempts=0)
    refused: list[str] = []

    def fault(operation: str, _request: str) -> int | None:
        if operation.endswith(("PutRecords", "GetRecords")) and len(refused) < 3:
            refused.append(operation)
            return 503
        return None

    sandbox.proxy.fault = fault
    sandbox.start("pipes")
    put(sandbox, "outage", "a", "b")
    assert arrived(sandbox, "outage", 2) == ["a", "b"]


@pytest.mark.parametrize("point", ["after-put", "before-checkpoint"])
def test_a_crash_between_put_and_checkpoint_repeats_and_loses_nothing(sandbox: Sandbox, point: str) -> None:
    name = f"crash-{point}"
    source, target = sandbox.table(name), sandbox.stream(name)
    sandbox.pipe(name, source, target)
    with inject("crash", "pipes", point=point, count=1, endpoint_url=sandbox.endpoint_url) as fault:
        worker = sandbox.start("pipes")
        put(sandbox, name, "a", "b")
        assert worker.process.wait(20) == -signal.SIGKILL
        first = arrived(sandbox, name, 1)
        put(sandbox, name, "c")
        sandbox.start("pipes")
        wait_until(lambda: "c" in ids(sandbox, name), "the changes after the crash")
    assert fault.struck == 1
    assert ids(sandbox, name)[: len(first)] == first
    assert set(ids(sandbox, name)) == {"a", "b", "c"}
    assert len(ids(sandbox, name)) > 3, "what was put before the crash is put again"
