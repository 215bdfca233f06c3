"""A segment's job and its result; both are sent between processes and machines.

This module imports nothing that sends, so that reading a report loads no event loop, socket or engine.
"""

from __future__ import annotations

from msgspec import Struct, field

from loadgen.dynamodb.retry import RetryPolicy
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.metrics.counters import Counts, MetricsRow
from loadgen.schedule.mix import Kind
from loadgen.schedule.plan import Plan


class Job(Struct, frozen=True, kw_only=True):
    """The input of a segment except the start time, which all segments share.

    `keys` are the key attributes of the tables, by name; `script` is the name of a user's workload that replaces
    orders. `earlier` are the keys of the orders of an earlier run, by their numbers in the plan.
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
    earlier: tuple[str, ...] = ()


class SegmentTotals(Struct, kw_only=True):
    """The result of a segment. `cpu_s` is the processor time of the sending, of `elapsed_s` in all.

    `kinds` are its counts by the kind of call. `native` is whether the compiled module was used.
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
    """A segment's outcome: its rows, and its result; without a result, `lost` is the reason."""

    segment: int
    rows: list[MetricsRow] = field(default_factory=list[MetricsRow])
    result: SegmentTotals | None = None
    lost: str | None = None
