"""The invocations of a delivery stream's processor: in the order of their records, and retried.

One runs while the delivery stream reads and delivers others, and the next is ready then: Firehose invokes the function
asynchronously with each batch. https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from sandbox.awsjson import CallError
from sandbox.faults.points import POINTS
from sandbox.firehose.config import Processor
from sandbox.firehose.metrics import FirehoseMetrics
from sandbox.firehose.records import BufferedRecord
from sandbox.firehose.transform import Failed, FunctionError, Outcome, Transformed

log = logging.getLogger(__name__)

_SUBMITTED = 2
"""One that is running, and one that follows it."""
_OUTAGE_PAUSE_S = 1.0
_FIRST_BACKOFF_S = 0.25
_LONGEST_BACKOFF_S = 5.0

Transform = Callable[[], list[Outcome]]
Submit = Callable[[Transform], "Future[list[Outcome]]"]
Settle = Callable[[Outcome, int], None]
"""Receives each outcome, and the number of attempts that it took."""


class LambdaProcessor(Protocol):
    """The function of the Lambda processor."""

    def transform(self, records: Sequence[BufferedRecord]) -> list[Outcome]:
        """Invoke the function; return one outcome for each record.

        Raises:
            FunctionError, CallError: the invocation failed.
        """
        ...


@dataclass
class ProcessorCounters:
    """Counters since the worker started."""

    invocations: int = 0
    invocation_failures: int = 0


@dataclass
class ProcessorInvocation:
    """The records of one request to the processor: the number of `attempts` so far, and when the next is due."""

    records: list[BufferedRecord]
    attempts: int = 0
    due: float = 0.0
    running: Future[list[Outcome]] | None = None


class Invocations:
    """The requests to one processor. Outcomes are settled in the order in which their records were added."""

    def __init__(
        self,
        stream: str,
        processor: Processor,
        function: LambdaProcessor,
        submit: Submit,
        settle: Settle,
        clock: Callable[[], float],
        metrics: FirehoseMetrics | None = None,
    ) -> None:
        """`submit` calls a function, immediately or in a different thread; `clock` returns epoch seconds."""
        self.counters = ProcessorCounters()
        self._stream = stream
        self._processor = processor
        self._function = function
        self._submit = submit
        self._settle = settle
        self._clock = clock
        self._metrics = metrics
        self._queue: deque[ProcessorInvocation] = deque()
        self._is_unreachable = False

    @property
    def is_busy(self) -> bool:
        """Whether a further request must wait."""
        return len(self._queue) >= _SUBMITTED

    def add(self, records: list[BufferedRecord]) -> None:
        """Add a request."""
        self._queue.append(ProcessorInvocation(records))

    def step(self) -> float:
        """Settle completed invocations and start due ones; return the seconds until the next step.

        Infinite if the next step follows the end of an invocation, or nothing is left.
        """
        self._take()
        now = self._clock()
        for invocation in islice(self._queue, _SUBMITTED):
            if invocation.running is None and now >= invocation.due:
                invocation.attempts += 1
                self.counters.invocations += 1
                invocation.running = self._submit(partial(self._transform, invocation.records))
        self._take()
        if self._queue and self._queue[0].running is None:
            return max(0.0, self._queue[0].due - self._clock())
        return float("inf")

    def finish(self) -> None:
        """Wait for the invocations that need no further pause."""
        while self._queue:
            first = self._queue[0]
            if first.running is not None:
                wait([first.running])
            elif first.due > self._clock():
                return
            self.step()

    def _transform(self, records: list[BufferedRecord]) -> list[Outcome]:
        POINTS.reach("before-transform")
        began_s = time.perf_counter()
        try:
            outcomes = self._function.transform(records)
        except FunctionError:
            self._measure(began_s, None)
            raise
        self._measure(began_s, outcomes)
        POINTS.reach("after-transform")
        return outcomes

    def _measure(self, began_s: float, outcomes: list[Outcome] | None) -> None:
        """Count an invocation; it has no outcomes if the function failed."""
        if self._metrics is None:
            return
        self._metrics.processed((time.perf_counter() - began_s) * 1000, succeeded=outcomes is not None)
        sizes = [len(outcome.data) for outcome in outcomes or () if isinstance(outcome, Transformed)]
        self._metrics.transformed(len(sizes), sum(sizes))

    def _take(self) -> None:
        while self._queue:
            running = self._queue[0].running
            if running is None or not running.done():
                return
            self._queue[0].running = None
            outcomes = self._outcomes(self._queue[0], running)
            if outcomes is None:
                return
            attempts = self._queue.popleft().attempts
            for outcome in outcomes:
                self._settle(outcome, attempts)

    def _outcomes(self, invocation: ProcessorInvocation, ended: Future[list[Outcome]]) -> Sequence[Outcome] | None:
        """The outcomes of an invocation; None if it must be retried."""
        try:
            outcomes = ended.result()
        except FunctionError as error:
            self._is_unreachable = False
            self.counters.invocation_failures += 1
            log.warning("delivery stream %s: attempt %d: %s", self._stream, invocation.attempts, error)
            if invocation.attempts <= self._processor.retries:
                delay = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2**invocation.attempts)
                invocation.due = self._clock() + delay
                return None
            return [Failed(record, error.code, error.message) for record in invocation.records]
        except CallError as error:
            # The service is unreachable, not the function: no attempt is counted.
            invocation.attempts -= 1
            if not self._is_unreachable:
                log.warning("delivery stream %s: processor: %s", self._stream, error)
            self._is_unreachable = True
            invocation.due = self._clock() + _OUTAGE_PAUSE_S
            return None
        self._is_unreachable = False
        return outcomes


def at_once(transform: Transform) -> Future[list[Outcome]]:
    """Call a function in the caller's thread, as a `Submit`."""
    future: Future[list[Outcome]] = Future()
    try:
        future.set_result(transform())
    except Exception as error:
        future.set_exception(error)
    return future


class Caller(Thread):
    """Calls functions in its own thread, one after the other; `ended` is called after each.

    The thread does not prevent the process from ending.
    """

    def __init__(self, name: str, ended: Callable[[], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._ended = ended
        self._calls: SimpleQueue[tuple[Transform, Future[list[Outcome]]] | None] = SimpleQueue()

    def submit(self, transform: Transform) -> Future[list[Outcome]]:
        """Call this function after the earlier ones."""
        future: Future[list[Outcome]] = Future()
        self._calls.put((transform, future))
        return future

    def stop(self) -> None:
        """End after the current call, without waiting for it; pending calls are dropped."""
        while not self._calls.empty():
            self._calls.get()
        self._calls.put(None)

    def run(self) -> None:
        """Call the submitted functions until stopped."""
        while (call := self._calls.get()) is not None:
            transform, future = call
            try:
                future.set_result(transform())
            except BaseException as error:
                future.set_exception(error)
            self._ended()
