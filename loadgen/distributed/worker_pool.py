"""Who carries out the segments of a run, and what became of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import structs

from loadgen.distributed.messages import Done, JobRefused, RowReady, WorkerMessage
from loadgen.job import Job, SegmentResult
from loadgen.metrics.counters import MetricsRow
from loadgen.schedule.plan import Plan


class WorkerPool(Protocol):
    """Carries out all segments of a run."""

    @property
    def segments(self) -> int:
        """How many segments it carries out at a time."""
        ...

    @property
    def lead_s(self) -> float:
        """How long before the start the workers must know it."""
        ...

    async def launch(self) -> None:
        """Start or find the workers. UserError without any."""
        ...

    async def prepare(self, jobs: list[Job]) -> None:
        """Get every segment ready. UserError when one cannot be."""
        ...

    async def run(self, start_epoch_ns: int, on_row: Callable[[MetricsRow], None]) -> list[SegmentResult]:
        """Carry out the plan from this wall time on; `on_row` gets each second of all segments together."""
        ...

    def stop(self) -> None:
        """The first time: send no more, and wait for replies. The second time: wait for nothing."""
        ...

    async def close(self) -> None:
        """End whatever still runs."""
        ...


def split(job: Job, segments: int) -> list[Job]:
    """The jobs of the segments. They share the bounds of requests in flight and of write units."""
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
    """Puts the rows of all segments together, second by second, as soon as every segment has sent its row."""

    def __init__(self, segments: int, on_row: Callable[[MetricsRow], None]) -> None:
        self._on_row = on_row
        self._told: dict[int, int] = dict.fromkeys(range(segments), -(10**9))
        self._rows: dict[int, MetricsRow] = {}

    def add(self, segment: int, row: MetricsRow) -> None:
        """A segment has sent the row of a second."""
        self._told[segment] = row.second
        known = self._rows.get(row.second)
        if known is None:
            self._rows[row.second] = row.copy()
        else:
            known.add(row)
        self._pass_on()

    def end(self, segment: int) -> None:
        """A segment sends no more rows."""
        self._told.pop(segment, None)
        self._pass_on()

    def _pass_on(self) -> None:
        known_to_all = min(self._told.values(), default=10**9)
        for second in sorted(second for second in self._rows if second <= known_to_all):
            self._on_row(self._rows.pop(second))


async def follow(segment: int, answer: Callable[[], Awaitable[WorkerMessage]], seconds: Seconds) -> SegmentResult:
    """Gather the messages of a segment's worker until it is done; a worker that is gone is Refused."""
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


def whole(plan: Plan) -> Plan:
    """The plan of which this is a segment."""
    return structs.replace(plan, segment=0, segments=1)
