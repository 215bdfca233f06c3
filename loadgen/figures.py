"""The figures of a run: counts, latencies, and a row for each second. All of them add up over segments."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct, field

from loadgen.histogram import Tally, coarse, new_tally
from loadgen.writes import Op


def _counter() -> defaultdict[str, int]:
    return defaultdict(int)


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
    acked_by_op: dict[Op, int] = field(default_factory=lambda: {"insert": 0, "update": 0, "delete": 0})
    throttled: defaultdict[str, int] = field(default_factory=_counter)
    failed: defaultdict[str, int] = field(default_factory=_counter)
    errors: defaultdict[str, int] = field(default_factory=_counter)

    @property
    def unsent(self) -> int:
        """Planned writes that were never due because the run was stopped."""
        return self.planned - self.due

    def add(self, other: Counts) -> None:
        """Add another segment's counts."""
        for name in ("planned", "due", "sent", "acked", "dropped", "substituted", "requests", "retried", "write_units"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for op, number in other.acked_by_op.items():
            self.acked_by_op[op] += number
        for mine, theirs in (
            (self.throttled, other.throttled),
            (self.failed, other.failed),
            (self.errors, other.errors),
        ):
            for name, number in theirs.items():
                mine[name] += number


class Latencies(Struct):
    """Tallies in µs: service (sent → reply), intended (planned → reply), lag (planned → sent)."""

    service: Tally = field(default_factory=new_tally)
    intended: Tally = field(default_factory=new_tally)
    lag: Tally = field(default_factory=new_tally)

    def add(self, other: Latencies) -> None:
        """Add the tallies of another."""
        for mine, theirs in (
            (self.service, other.service),
            (self.intended, other.intended),
            (self.lag, other.lag),
        ):
            for value, number in theirs.items():
                mine[value] += number


class Row(Struct, kw_only=True):
    """One second of a segment or of all. `second` counts from the end of the warm-up, so warm-up rows are negative.

    `planned` and `sent` count the writes of this second's plan, the others
    what happened in it; `in_flight` is at its end.
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
    """Counts and latencies since the warm-up, the warm-up's counts, and the row of the second that runs."""

    def __init__(self, start_ns: int, warm_up_s: float) -> None:
        self._zero_ns = start_ns + round(warm_up_s * 1e9)
        self.counts = Counts()
        self.warm_up = Counts()
        self.latencies = Latencies()
        self.row = Row(second=0)
        self.row_ends_ns = 0
        self._begin(start_ns)

    @property
    def measured_from_ns(self) -> int:
        """Writes planned before this time are the warm-up's."""
        return self._zero_ns

    def of(self, planned_ns: int) -> Counts:
        """The counts that a write planned for this time belongs to."""
        return self.counts if planned_ns >= self._zero_ns else self.warm_up

    def lag(self, planned_ns: int, now_ns: int) -> None:
        """Record how late a write was handed over."""
        self.row.latencies.lag[coarse((now_ns - planned_ns) // 1000)] += 1

    def latency(self, planned_ns: int, sent_ns: int, now_ns: int) -> None:
        """Record both latencies of an acknowledged write."""
        latencies = self.row.latencies
        latencies.service[coarse((now_ns - sent_ns) // 1000)] += 1
        latencies.intended[coarse((now_ns - planned_ns) // 1000)] += 1

    def abandon(self) -> None:
        """Count what is unanswered as failed."""
        for counts in (self.counts, self.warm_up):
            unanswered = counts.sent - counts.acked - sum(counts.failed.values())
            if unanswered:
                counts.failed["abandoned"] += unanswered

    def turn(self, now_ns: int, in_flight: int) -> Row:
        """End the running row and begin that of `now_ns`."""
        row = self.row
        row.in_flight = in_flight
        if row.second >= 0:
            self.latencies.add(row.latencies)
        self._begin(now_ns)
        return row

    def _begin(self, now_ns: int) -> None:
        second = (now_ns - self._zero_ns) // 1_000_000_000
        self.row = Row(second=second)
        self.row_ends_ns = self._zero_ns + (second + 1) * 1_000_000_000
