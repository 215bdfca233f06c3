"""The figures of a run: counts, latencies, and a row for each second. All of them add up over segments."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct, field

from loadgen.metrics.histogram import Tally, new_tally
from loadgen.schedule.mix import Op


def _counter() -> defaultdict[str, int]:
    return defaultdict(int)


def _by_op() -> dict[Op, int]:
    return {"insert": 0, "update": 0, "delete": 0}


class Latencies(Struct):
    """Tallies in µs: service (sent → reply), intended (planned → reply), lag (planned → sent)."""

    service: Tally = field(default_factory=new_tally)
    intended: Tally = field(default_factory=new_tally)
    lag: Tally = field(default_factory=new_tally)

    def copy(self) -> Latencies:
        """The same tallies, to be changed apart."""
        return Latencies(dict(self.service), dict(self.intended), dict(self.lag))

    def add(self, other: Latencies) -> None:
        """Add the tallies of another."""
        for mine, theirs in (
            (self.service, other.service),
            (self.intended, other.intended),
            (self.lag, other.lag),
        ):
            for value, number in theirs.items():
                mine[value] = mine.get(value, 0) + number


class Meter(Struct, kw_only=True):
    """What is counted as it happens, and the latencies of the running second.

    `Counts` is the same without these, and with all that follows from it.
    """

    due: int = 0
    dropped: int = 0
    substituted: int = 0
    requests: int = 0
    retried: int = 0
    write_units: int = 0
    acked_by_op: dict[Op, int] = field(default_factory=_by_op)
    throttled: defaultdict[str, int] = field(default_factory=_counter)
    failed: defaultdict[str, int] = field(default_factory=_counter)
    errors: defaultdict[str, int] = field(default_factory=_counter)
    latencies: Latencies = field(default_factory=Latencies)

    def counts(self) -> Counts:
        """All that has been counted so far."""
        return Counts(
            due=self.due,
            sent=self.due - self.dropped,
            acked=sum(self.acked_by_op.values()),
            dropped=self.dropped,
            substituted=self.substituted,
            requests=self.requests,
            retried=self.retried,
            write_units=self.write_units,
            acked_by_op=dict(self.acked_by_op),
            throttled=dict(self.throttled),
            failed=dict(self.failed),
            errors=dict(self.errors),
        )


class Counts(Struct, kw_only=True):
    """Numbers of writes, but for `requests`, `retried` and `errors`, which count sendings.

    due = sent + dropped; sent = acked + all failed. `planned` also has those
    that an interruption left unsent. `substituted` were sent as inserts in the
    place of a planned write that was not possible. `throttled` is by the
    service's exception, `failed` by class of the last error, `errors` by class
    of every sending that did not succeed, retried or not.
    """

    planned: int = 0
    due: int = 0
    sent: int = 0
    acked: int = 0
    dropped: int = 0
    substituted: int = 0
    requests: int = 0
    retried: int = 0
    write_units: int = 0
    acked_by_op: dict[Op, int] = field(default_factory=_by_op)
    throttled: dict[str, int] = {}
    failed: dict[str, int] = {}
    errors: dict[str, int] = {}

    @property
    def unsent(self) -> int:
        """Planned writes that were never due because the run was stopped."""
        return self.planned - self.due

    def add(self, other: Counts) -> None:
        """Add another's counts."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for op, number in other.acked_by_op.items():
            self.acked_by_op[op] += number
        _add(self.throttled, other.throttled)
        _add(self.failed, other.failed)
        _add(self.errors, other.errors)


_NUMBERS = ("planned", "due", "sent", "acked", "dropped", "substituted", "requests", "retried", "write_units")


def _add(mine: dict[str, int], theirs: dict[str, int]) -> None:
    for name, number in theirs.items():
        mine[name] = mine.get(name, 0) + number


class Row(Struct, kw_only=True):
    """One second of a segment or of all. `second` counts from the end of the warm-up, so warm-up rows are negative.

    The numbers are of what happened in the second; `in_flight` is at its end.
    """

    second: int
    planned: int = 0
    sent: int = 0
    acked: int = 0
    retried: int = 0
    throttled: int = 0
    dropped: int = 0
    failed: int = 0
    write_units: int = 0
    in_flight: int = 0
    latencies: Latencies = field(default_factory=Latencies)

    def add(self, other: Row) -> None:
        """Add another segment's row of the same second."""
        self.planned += other.planned
        self.sent += other.sent
        self.acked += other.acked
        self.retried += other.retried
        self.throttled += other.throttled
        self.dropped += other.dropped
        self.failed += other.failed
        self.write_units += other.write_units
        self.in_flight += other.in_flight
        self.latencies.add(other.latencies)


class Figures:
    """What a segment counts: two meters, and a row with the latencies at the end of each second.

    `warm_up` counts the writes planned before `zero_ns`, `measured` the others.
    A write of the warm-up that is answered after its last row is in no row's latencies.
    """

    def __init__(self, start_ns: int, warm_up_s: float) -> None:
        self.zero_ns = start_ns + round(warm_up_s * 1e9)
        self.measured = Meter()
        self.warm_up = Meter()
        self._told = Counts()
        self._begins_ns = start_ns

    @property
    def row_ends_ns(self) -> int:
        """When the running second is over."""
        return self.zero_ns + (self._second + 1) * 1_000_000_000

    def meter(self, planned_ns: int) -> Meter:
        """What counts a write that is planned for this time."""
        return self.measured if planned_ns >= self.zero_ns else self.warm_up

    def alike_until_ns(self, planned_ns: int) -> int:
        """Up to when writes are planned that belong to the same meter and the same row as one planned then."""
        return self.row_ends_ns if planned_ns >= self.zero_ns else min(self.row_ends_ns, self.zero_ns)

    def abandon(self) -> None:
        """Count what is unanswered as failed."""
        for meter in (self.measured, self.warm_up):
            counts = meter.counts()
            unanswered = counts.sent - counts.acked - sum(counts.failed.values())
            if unanswered:
                meter.failed["abandoned"] += unanswered

    def turn(self, now_ns: int, in_flight: int) -> Row:
        """End the running second's row, and begin that of `now_ns`."""
        total = self.measured.counts()
        total.add(self.warm_up.counts())
        told, self._told = self._told, total
        row = Row(
            second=self._second,
            planned=total.due - told.due,
            sent=total.sent - told.sent,
            acked=total.acked - told.acked,
            retried=total.retried - told.retried,
            throttled=sum(total.throttled.values()) - sum(told.throttled.values()),
            dropped=total.dropped - told.dropped,
            failed=sum(total.failed.values()) - sum(told.failed.values()),
            write_units=total.write_units - told.write_units,
            in_flight=in_flight,
            latencies=(self.measured if self._second >= 0 else self.warm_up).latencies,
        )
        self.measured.latencies, self.warm_up.latencies = Latencies(), Latencies()
        self._begins_ns = now_ns
        return row

    @property
    def _second(self) -> int:
        return (self._begins_ns - self.zero_ns) // 1_000_000_000
