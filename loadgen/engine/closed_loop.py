"""The source of calls of a closed loop: virtual users, who each wait for a reply before the next operation."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence

from loadgen.dynamodb.writes import Call, Write, WriteResult
from loadgen.engine.planned_writes import PlannedWrites
from loadgen.ledger import Ledger
from loadgen.metrics.counters import SegmentMetrics
from loadgen.schedule.arrivals import Arrival
from loadgen.schedule.plan import Plan, share
from loadgen.workloads.base import Workload


class ClosedLoop(PlannedWrites):
    """The operations of the plan's users: after each reply the user thinks and is then ready for the next.

    An operation counts as planned for when its user was ready, so that the lag is the generator's own. The delay that
    slow operations cause to later ones is invisible here: a slow table receives fewer operations.
    """

    def __init__(
        self, plan: Plan, workload: Workload, metrics: SegmentMetrics, *, start_ns: int, ledger: Ledger | None = None
    ) -> None:
        super().__init__(plan, workload, metrics, start_ns=start_ns, ledger=ledger)
        self._think_ns = round(plan.think_s * 1e9)
        self._end_ns = start_ns + round((plan.before_s + plan.duration_s) * 1e9)
        self._left = None if plan.limit is None else share(plan.limit, plan.segment, plan.segments)
        # When each user without an operation in flight is ready, earliest first. Users begin within one think time.
        users = share(plan.users, plan.segment, plan.segments)
        self._ready = [start_ns + self._think_ns * user // users for user in range(users)]
        self._offset_ns = 0
        self._drawn = workload.arrivals(self._offsets_ns())
        self._arrivals = self
        self._stopped = False

    def __iter__(self) -> Iterator[Arrival]:
        return self

    def __next__(self) -> Arrival:
        """Return the next operation of the user who is ready first; StopIteration if there is no such user."""
        if self._stopped or not self._ready or self._left == 0 or self._ready[0] >= self._end_ns:
            raise StopIteration
        self._offset_ns = heapq.heappop(self._ready) - self._start_ns
        if self._left is not None:
            self._left -= 1
        return next(self._drawn)

    def stop(self) -> None:
        """Start no further operation."""
        self._stopped = True
        super().stop()

    def acknowledge(self, calls: Sequence[Call]) -> None:
        """Count acknowledged operations and start their users' think time."""
        super().acknowledge(calls)
        for call in calls:
            self._release(call.answered_ns)

    def finish(self, write: Write, result: WriteResult) -> None:
        """Finish a failed operation and start its user's think time."""
        super().finish(write, result)
        self._release(time.monotonic_ns())

    def _offsets_ns(self) -> Iterator[int]:
        """Restore the user's ready time for an operation that belongs to another segment."""
        while True:
            yield self._offset_ns

    def _release(self, answered_ns: int) -> None:
        heapq.heappush(self._ready, answered_ns + self._think_ns)
        if self._next is None:
            self._set_next(next(self._arrivals, None))
