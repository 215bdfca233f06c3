"""The interface of worker pools, and the collection of their segments' rows and results."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import structs

from loadgen.distributed.messages import Done, JobRefused, RowReady, WorkerMessage
from loadgen.job import Job, SegmentResult
from loadgen.metrics.counters import MetricsRow
from loadgen.schedule.plan import Plan
from stack import UserError


class WorkerPool(Protocol):
    """Carries out all segments of a run."""

    @property
    def segments(self) -> int:
        """The number of segments that the pool carries out at a time."""
        ...

    @property
    def lead_s(self) -> float:
        """How long before the start the workers must receive it."""
        ...

    async def launch(self) -> None:
        """Start or find the workers. Raises: UserError: there are no workers."""
        ...

    async def prepare(self, jobs: list[Job]) -> None:
        """Prepare every segment. Raises: UserError: the preparation of a segment fails."""
        ...

    async def run(self, start_epoch_ns: int, on_row: Callable[[MetricsRow], None]) -> list[SegmentResult]:
        """Carry out the plan from this wall time on; `on_row` receives each second, summed over all segments."""
        ...

    def stop(self) -> None:
        """Stop sending and wait for replies; when called again, stop waiting too."""
        ...

    async def close(self) -> None:
        """End everything that still runs."""
        ...


def split(job: Job, segments: int) -> list[Job]:
    """Return the segments' jobs, which share the bounds of requests in flight and of write units."""
    plan = job.plan
    bound = -(-plan.max_in_flight // segments)
    units = None if plan.max_write_units is None else plan.max_write_units // segments
    return [
        structs.replace(
            job,
            plan=structs.replace(plan, segment=segment, segments=segments, max_in_flight=bound, max_write_units=units),
            limits=structs.replace(job.limits, connections=bound),
        )
        for segment in range(segments)
    ]


class Seconds:
    """Merges the rows of all segments, second by second, as soon as every segment has sent its row."""

    def __init__(self, segments: int, on_row: Callable[[MetricsRow], None]) -> None:
        self._on_row = on_row
        self._told: dict[int, int] = dict.fromkeys(range(segments), -(10**9))
        self._rows: dict[int, MetricsRow] = {}

    def add(self, segment: int, row: MetricsRow) -> None:
        """Add the row of a second of one segment."""
        self._told[segment] = row.second
        known = self._rows.get(row.second)
        if known is None:
            self._rows[row.second] = row.copy()
        else:
            known.add(row)
        self._pass_on()

    def end(self, segment: int) -> None:
        """Stop waiting for rows of a segment that has ended."""
        self._told.pop(segment, None)
        self._pass_on()

    def _pass_on(self) -> None:
        known_to_all = min(self._told.values(), default=10**9)
        for second in sorted(second for second in self._rows if second <= known_to_all):
            self._on_row(self._rows.pop(second))


async def follow(segment: int, answer: Callable[[], Awaitable[WorkerMessage]], seconds: Seconds) -> SegmentResult:
    """Collect the messages of a segment's worker until its result; JobRefused marks the segment as lost."""
    part = SegmentResult(segment)
    while part.result is None and part.lost is None:
        match await answer():
            case RowReady(row):
                part.rows.append(row)
                seconds.add(segment, row)
            case Done(result):
                part.result = result
            case JobRefused(sentence):
                part.lost = sentence
            case _:
                part.lost = "its worker sent an unexpected message"
    seconds.end(segment)
    return part


def not_started(reason: str) -> UserError:
    """Return the error of a run that a worker was lost to before it began."""
    return UserError(f"The run has not started: {reason.rstrip('.')}; run it again.")


def whole(plan: Plan) -> Plan:
    """Return the plan to which this segment belongs."""
    return structs.replace(plan, segment=0, segments=1)
