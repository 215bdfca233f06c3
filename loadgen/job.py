"""What a segment is given to do, and what it came to. Both travel between processes and machines.

Nothing here sends: who only reads a report needs no event loop, no socket and no engine.
"""

from __future__ import annotations

from msgspec import Struct, field

from loadgen.dynamodb.retry import RetryPolicy
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.metrics.counters import Counts, MetricsRow
from loadgen.schedule.mix import Kind
from loadgen.schedule.plan import Plan


class Job(Struct, frozen=True, kw_only=True):
    """All that a segment needs to know except the start, which all segments share.

    `keys` are the key attributes of the tables, by name; `script` is the name
    of a workload of the user's own, instead of orders.
    """

    plan: Plan
    endpoint: Endpoint
    table: str
    writer: str
    keys: dict[str, tuple[str, ...]]
    policy: RetryPolicy = RetryPolicy()
    limits: Limits = Limits()
    ledger: str | None = None
    script: str | None = None


class SegmentTotals(Struct, kw_only=True):
    """What a segment came to. `cpu_s` is the processor time of the sending, of `elapsed_s` in all.

    `kinds` are its counts by the kind of call. `native` says whether the
    compiled module was there, where the segment ran.
    """

    segment: int
    counts: Counts
    kinds: dict[Kind, Counts] = {}
    warm_up: Counts
    elapsed_s: float
    cpu_s: float
    failure: str | None = None
    limit_reached: bool = False
    native: bool = False


class SegmentResult(Struct):
    """A segment's outcome: its rows, and its result unless it was lost on the way, which `lost` explains."""

    segment: int
    rows: list[MetricsRow] = field(default_factory=list[MetricsRow])
    result: SegmentTotals | None = None
    lost: str | None = None
