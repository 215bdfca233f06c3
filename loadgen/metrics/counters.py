"""The counters of a run, in one registry: rows, totals, thresholds, the report and the comparison follow from it.

To add a counter, add a field with a `Shown` to `CounterFields`: an int, or a dict of ints by class. Then count it where
it happens, on a `WriteCounters`. No other place names it. All counters add up over seconds, segments and kinds of call.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

from msgspec import Struct, field

from loadgen.metrics.histogram import Buckets, LatencyRecorder, new_buckets
from loadgen.schedule.mix import KINDS, OPS, Kind, Op


class Shown(Struct, frozen=True):
    """How a counter is displayed, under its field's name.

    `role` is the meaning of a higher value: neutral for a "count"; worse for a "cost", by which reports are compared; a
    "problem" is a cost that the summary, the live view and the page list among what went wrong. `note` describes a
    problem in a few words.
    """

    role: Literal["count", "cost", "problem"] = "count"
    note: str = ""


def _by_class() -> dict[str, int]:
    """Numbers by class that start at 0, so that the hot path adds without a check."""
    return defaultdict(int)


def _by_op() -> dict[Op, int]:
    return dict.fromkeys(OPS, 0)


class CounterFields(Struct, kw_only=True):
    """The raw counters: operations, except `requests`, `retried` and `errors`, which count sendings.

    An operation is a write, alone or one of a batch, a read, or a transaction, whose acknowledged writes `transacted`
    counts. `substituted` counts inserts that replaced a planned write that was not possible. `failed` is by class of
    the last error, `throttled` by the service's exception and the limit that it names, `errors` by class of every
    unsuccessful sending, retried or not. `items_read` and `read_units` are from the replies to reads.
    """

    due: int = 0
    acked_by_op: dict[Op, int] = field(default_factory=_by_op)
    dropped: Annotated[int, Shown("problem", "in-flight bound reached")] = 0
    failed: Annotated[dict[str, int], Shown("problem", "after all retries")] = field(default_factory=_by_class)
    retried: Annotated[int, Shown("problem", "sent again after an error")] = 0
    throttled: Annotated[dict[str, int], Shown("problem", "refused for throughput")] = field(default_factory=_by_class)
    errors: Annotated[dict[str, int], Shown()] = field(default_factory=_by_class)
    substituted: Annotated[int, Shown()] = 0
    requests: Annotated[int, Shown()] = 0
    write_units: Annotated[int, Shown("cost")] = 0
    transacted: Annotated[int, Shown()] = 0
    items_read: Annotated[int, Shown()] = 0
    read_units: Annotated[int, Shown("cost")] = 0


class Latencies(Struct):
    """Buckets in µs: service (sent → reply), intended (planned → reply), lag (planned → sent)."""

    service: Buckets = field(default_factory=new_buckets)
    intended: Buckets = field(default_factory=new_buckets)
    lag: Buckets = field(default_factory=new_buckets)

    def copy(self) -> Latencies:
        """Return independent copies of the buckets."""
        return Latencies(dict(self.service), dict(self.intended), dict(self.lag))

    def add(self, other: Latencies) -> None:
        """Add the buckets of another."""
        for mine, theirs in (
            (self.service, other.service),
            (self.intended, other.intended),
            (self.lag, other.lag),
        ):
            _add(mine, theirs)


class LatencyRecorders(Struct):
    """Records the latencies of the current second, each as in `Latencies`."""

    service: LatencyRecorder = field(default_factory=LatencyRecorder)
    intended: LatencyRecorder = field(default_factory=LatencyRecorder)
    lag: LatencyRecorder = field(default_factory=LatencyRecorder)

    def recorded(self) -> Latencies:
        """Return the latencies so far."""
        return Latencies(self.service.buckets(), self.intended.buckets(), self.lag.buckets())


class WriteCounters(CounterFields, kw_only=True):
    """The counters that the sender increments, with the latencies of the current second."""

    latencies: LatencyRecorders = field(default_factory=LatencyRecorders)

    def counts(self) -> Counts:
        """Return the totals so far."""
        counted: dict[str, Any] = {name: _copy(getattr(self, name)) for name in CounterFields.__struct_fields__}
        by_op = self.acked_by_op
        changes = by_op["insert"] + by_op["update"] + by_op["delete"] + self.transacted
        return Counts(**counted, sent=self.due - self.dropped, acked=sum(by_op.values()), changes=changes)


class CountersByOp(dict[Op, WriteCounters]):
    """The counters of each kind of call, by operation; all operations that a batch may contain share one."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(("insert", "update", "delete"), WriteCounters()))

    def __missing__(self, op: Op) -> WriteCounters:
        made = self[op] = WriteCounters()
        return made

    @property
    def writes(self) -> WriteCounters:
        """Return the counters of writes outside transactions."""
        return self["insert"]

    def kinds(self) -> dict[Kind, WriteCounters]:
        """Return the counters of writes and of every kind of call that has occurred."""
        calls = cast("dict[Kind, WriteCounters]", self)
        return {kind: self.writes if kind == "write" else calls[kind] for kind in KINDS if kind in ("write", *self)}

    def counts(self) -> Counts:
        """Return the totals so far, of every kind."""
        total = Counts()
        for counters in self.kinds().values():
            total.add(counters.counts())
        return total


class Counts(CounterFields, kw_only=True):
    """The counters of a second, a segment or a run, with the numbers that follow from them.

    due = sent + dropped; sent = acked + all failed. `planned` includes the writes that an interruption left unsent.
    `changes` are the acknowledged changes of items: none for reads, one for each write of a transaction.
    """

    planned: Annotated[int, Shown()] = 0
    sent: Annotated[int, Shown()] = 0
    acked: Annotated[int, Shown()] = 0
    changes: Annotated[int, Shown()] = 0

    @property
    def unsent(self) -> int:
        """Planned writes that were never due because the run was stopped."""
        return self.planned - self.due

    def add(self, other: Counts) -> None:
        """Add another's counts."""
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, dict):
                _add(cast("dict[str, int]", mine), theirs)
            else:
                setattr(self, name, mine + theirs)

    def since(self, earlier: Counts) -> Counts:
        """Return the difference to earlier counts of the same counters."""
        grown: dict[str, Any] = {}
        for name in self.__struct_fields__:
            now, before = getattr(self, name), getattr(earlier, name)
            if isinstance(now, dict):
                classes = cast("dict[str, int]", now)
                grown[name] = {one: number - before.get(one, 0) for one, number in classes.items()}
            else:
                grown[name] = now - before
        return Counts(**grown)


class CounterSpec(Struct, frozen=True):
    """An entry of the registry: a field of `Counts`, and how it is displayed."""

    name: str
    shown: Shown
    by_class: bool

    @property
    def title(self) -> str:
        """The counter's display name."""
        return self.name.replace("_", " ")

    def number(self, counts: Counts) -> int:
        """The counter's value, the sum of its classes."""
        return sum(self.classes(counts).values()) if self.by_class else getattr(counts, self.name)

    def classes(self, counts: Counts) -> dict[str, int]:
        """Return the numbers by class; empty when the counter has no classes."""
        return getattr(counts, self.name) if self.by_class else {}


def _registry() -> dict[str, CounterSpec]:
    hints = get_type_hints(Counts, include_extras=True)
    found: dict[str, CounterSpec] = {}
    for name in (*Counts.__annotations__, *CounterFields.__annotations__):
        if get_origin(hints[name]) is Annotated:
            kind, shown = get_args(hints[name])
            found[name] = CounterSpec(name, shown, get_origin(kind) is dict)
    return found


METRICS = _registry()
"""Every registered counter by name, in display order."""
PROBLEMS = tuple(metric for metric in METRICS.values() if metric.shown.role == "problem")


class MetricsRow(Struct, kw_only=True):
    """One second of a segment or of all. `second` counts from the end of the warm-up, so warm-up rows are negative.

    `counts` are the counts within the second, where `planned` means due; `in_flight` is the value at its end. `kinds`
    has the same for each kind of call (without `in_flight`) in a run with calls other than writes; else it is empty.
    """

    second: int
    counts: Counts = field(default_factory=Counts)
    in_flight: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    kinds: dict[Kind, MetricsRow] = {}

    def copy(self) -> MetricsRow:
        """Return an independent copy."""
        counts = Counts()
        counts.add(self.counts)
        return MetricsRow(
            second=self.second,
            counts=counts,
            in_flight=self.in_flight,
            latencies=self.latencies.copy(),
            kinds={kind: row.copy() for kind, row in self.kinds.items()},
        )

    def add(self, other: MetricsRow) -> None:
        """Add another segment's row of the same second."""
        self.counts.add(other.counts)
        self.in_flight += other.in_flight
        self.latencies.add(other.latencies)
        for kind, row in other.kinds.items():
            if kind in self.kinds:
                self.kinds[kind].add(row)
            else:
                self.kinds[kind] = row.copy()


class SegmentMetrics:
    """A segment's counters, which make a row with the latencies at the end of each second.

    `before_s` is how long preload and warm-up last. `warm_up` counts the writes planned before `zero_ns`, `measured`
    the others. A row covers one of the two, so the rows of the measured time add up to `measured`; a warm-up write that
    is answered after the last warm-up row is in no row. A `closed` loop has no intended latency.
    """

    def __init__(self, start_ns: int, before_s: float, *, closed: bool = False) -> None:
        self._closed = closed
        self.zero_ns = start_ns + round(before_s * 1e9)
        self.measured = CountersByOp()
        self.warm_up = CountersByOp()
        self._reported: dict[tuple[bool, Kind], Counts] = {}
        self._begins_ns = start_ns

    @property
    def row_ends_ns(self) -> int:
        """When the current second ends."""
        return self.zero_ns + (self._second + 1) * 1_000_000_000

    def counters(self, planned_ns: int) -> CountersByOp:
        """Return the counters for writes planned at this time."""
        return self.measured if planned_ns >= self.zero_ns else self.warm_up

    def alike_until_ns(self, planned_ns: int) -> int:
        """Return the end of the period whose writes share counters and row with a write planned at this time."""
        return self.row_ends_ns if planned_ns >= self.zero_ns else min(self.row_ends_ns, self.zero_ns)

    def abandon(self) -> None:
        """Count the unanswered writes as failed."""
        for counters in (*self.measured.kinds().values(), *self.warm_up.kinds().values()):
            counts = counters.counts()
            unanswered = counts.sent - counts.acked - sum(counts.failed.values())
            if unanswered:
                counters.failed["abandoned"] += unanswered

    def turn(self, now_ns: int, in_flight: int) -> MetricsRow:
        """End the current second's row and begin that of `now_ns`."""
        measuring = self._second >= 0
        kinds = (self.measured if measuring else self.warm_up).kinds()
        rows: dict[Kind, MetricsRow] = {kind: self._row(counters, kind, measuring) for kind, counters in kinds.items()}
        for by_op in (self.measured, self.warm_up):
            for counters in by_op.kinds().values():
                counters.latencies = LatencyRecorders()
        self._begins_ns = now_ns
        row = rows["write"] if len(rows) == 1 else MetricsRow(second=rows["write"].second)
        if len(rows) > 1:
            for one in rows.values():
                row.add(one)
            row.kinds = rows
        row.in_flight = in_flight
        return row

    def _row(self, counters: WriteCounters, kind: Kind, measuring: bool) -> MetricsRow:
        """Return the counts of a kind of call in the current second."""
        total = counters.counts()
        counts = total.since(self._reported.get((measuring, kind), Counts()))
        self._reported[measuring, kind] = total
        counts.planned = counts.due
        latencies = counters.latencies.recorded()
        if self._closed:
            latencies.intended.clear()
        return MetricsRow(second=self._second, counts=counts, latencies=latencies)

    @property
    def _second(self) -> int:
        return (self._begins_ns - self.zero_ns) // 1_000_000_000


def _copy(value: int | dict[str, int]) -> int | dict[str, int]:
    return dict(value) if isinstance(value, dict) else value


def _add(mine: dict[Any, int], theirs: dict[Any, int]) -> None:
    for name, number in theirs.items():
        mine[name] = mine.get(name, 0) + number
