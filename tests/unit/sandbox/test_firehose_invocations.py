"""A delivery stream goes on while its function works; outcomes keep the order of their records."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import pytest

from sandbox.firehose.config import Buffering, Processor
from sandbox.firehose.invocations import Caller, Invocations, Transform
from sandbox.firehose.records import BufferedRecord
from sandbox.firehose.transform import Dropped, FunctionError, Outcome
from sandbox.streams import KinesisRecord

TIMEOUT_S = 10.0


class Gate:
    """A function that answers when it may, and says that it has begun."""

    def __init__(self) -> None:
        self.begun, self.may = threading.Semaphore(0), threading.Semaphore(0)

    def transform(self, records: Sequence[BufferedRecord]) -> list[Outcome]:
        self.begun.release()
        assert self.may.acquire(timeout=TIMEOUT_S)
        return [Dropped(record) for record in records]


class Postponed:
    """Calls when `make` is called, in any order."""

    def __init__(self) -> None:
        self.calls: list[tuple[Transform, Future[list[Outcome]]]] = []

    def submit(self, transform: Transform) -> Future[list[Outcome]]:
        future: Future[list[Outcome]] = Future()
        self.calls.append((transform, future))
        return future

    def make(self, number: int) -> None:
        transform, future = self.calls.pop(number)
        try:
            future.set_result(transform())
        except FunctionError as error:
            future.set_exception(error)


class FailsOnce:
    """A function that fails the first time it is called."""

    def __init__(self) -> None:
        self.calls = 0

    def transform(self, records: Sequence[BufferedRecord]) -> list[Outcome]:
        self.calls += 1
        if self.calls == 1:
            raise FunctionError("Lambda.FunctionError", "failed", "the first time")
        return [Dropped(record) for record in records]


def batch(*numbers: int) -> list[BufferedRecord]:
    return [BufferedRecord("s-0", KinesisRecord(str(number), 0.0, "k", b"x")) for number in numbers]


PROCESSOR = Processor("arn:aws:lambda:eu-west-1:123456789012:function:f", Buffering(1, 0.0), 3)


@pytest.fixture
def ended() -> threading.Event:
    return threading.Event()


@pytest.fixture
def caller(ended: threading.Event) -> Iterator[Caller]:
    thread = Caller("test", ended.set)
    thread.start()
    yield thread
    thread.stop()
    thread.join(TIMEOUT_S)


def test_a_step_does_not_wait_for_the_function(caller: Caller, ended: threading.Event) -> None:
    function, settled = Gate(), list[str]()
    invocations = Invocations(
        "d", PROCESSOR, function, caller.submit, lambda one, _: settled.append(one.record.source.sequence), lambda: 0.0
    )
    invocations.add(batch(1, 2))

    assert invocations.step() == float("inf")
    assert function.begun.acquire(timeout=TIMEOUT_S)
    assert (settled, invocations.is_busy) == ([], False)
    invocations.add(batch(3))
    assert invocations.is_busy

    function.may.release(2)
    invocations.finish()

    assert ended.wait(TIMEOUT_S)
    assert settled == ["1", "2", "3"]


def test_outcomes_are_settled_in_order_after_a_retry() -> None:
    thread, function, clock = Postponed(), FailsOnce(), [0.0]
    settled: list[tuple[str, int]] = []
    invocations = Invocations(
        *("d", PROCESSOR, function, thread.submit),
        lambda one, attempts: settled.append((one.record.source.sequence, attempts)),
        lambda: clock[0],
    )
    invocations.add(batch(1))
    invocations.add(batch(2))
    invocations.step()

    thread.make(0)
    thread.make(0)
    pause = invocations.step()
    assert (settled, pause > 0) == ([], True)
    clock[0] += pause
    invocations.step()
    thread.make(0)
    invocations.step()

    assert settled == [("1", 2), ("2", 1)]
    assert invocations.counters.invocation_failures == 1
