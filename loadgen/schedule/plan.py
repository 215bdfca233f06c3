"""The plan of a run: pure data, from which every write follows.

A plan splits into segments whose writes add up exactly to those of the whole,
because each write belongs to the segment that owns its item's lane.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, repeat
from operator import add, mul

from msgspec import Struct

from loadgen.schedule.keys import LANES, AnyKeys, Uniform
from loadgen.schedule.mix import Mix
from loadgen.schedule.profile import AnyProfile, Constant, count

MAX_BATCH = 25


class Preload(Struct, frozen=True):
    """Inserts before all other writes, at a separate rate, so that there are orders to change."""

    orders: int
    per_s: float

    @property
    def duration_s(self) -> float:
        """The duration in seconds."""
        return self.orders / self.per_s


NO_PRELOAD = Preload(0, 1.0)


class Plan(Struct, frozen=True, kw_only=True):
    """What to write and when.

    First comes the preload, then the warm-up at the profile's first rate, then the profile. The writes of preload and
    warm-up are left out of the report's counters. `earlier` is the number of orders of an earlier run, which exist
    before. `limit` ends the run after this number of writes, before the profile's end. `max_in_flight` is the number
    of requests of one segment that may be unanswered at a time. `item_bytes` is the size, as DynamoDB counts it, to
    which items are padded; 0 means no padding. The segment stops when it has sent writes of `max_write_units`.

    With `users` above 0 the loop is closed: each user waits for a reply, thinks for `think_s`, and continues for the
    profile's duration; the profile's rate is ignored.
    """

    profile: AnyProfile
    seed: int
    mix: Mix = Mix()
    keys: AnyKeys = Uniform()
    limit: int | None = None
    item_bytes: int = 0
    max_write_units: int | None = None
    preload: Preload = NO_PRELOAD
    earlier: int = 0
    warm_up_s: float = 0.0
    max_in_flight: int = 1000
    batch: int = 1
    batch_wait_s: float = 0.01
    users: int = 0
    think_s: float = 0.0
    segment: int = 0
    segments: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.segment < self.segments <= LANES:
            raise ValueError(f"segment {self.segment} of {self.segments}: there are 1 to {LANES} segments")
        if not 1 <= self.batch <= MAX_BATCH:
            raise ValueError(f"a batch has 1 to {MAX_BATCH} items")
        if self.mix.insert == self.preload.orders == self.earlier == 0:
            raise ValueError("the mix has no inserts, and updates and deletes need orders: preload some")
        if self.max_in_flight < 1:
            raise ValueError("at least one request must be allowed in flight")
        if self.users and (self.batch > 1 or self.preload.orders):
            raise ValueError("users of a closed loop send one operation at a time, and preload nothing")

    @property
    def before_s(self) -> float:
        """The duration of preload and warm-up, after which the profile begins, in seconds."""
        return self.preload.duration_s + self.warm_up_s

    @property
    def before_count(self) -> int:
        """The number of writes in preload and warm-up, over all segments."""
        return self.preload.orders + self._warm_up_count

    @property
    def _warm_up_count(self) -> int:
        rate = self.profile.rate(0)
        return count(Constant(rate, self.warm_up_s)) if self.warm_up_s > 0 and rate > 0 and not self.users else 0

    @property
    def count(self) -> int:
        """The number of operations planned after the warm-up, over all segments; unknown for a closed loop."""
        planned = 0 if self.users else count(self.profile)
        return planned if self.limit is None else min(planned, self.limit)

    @property
    def duration_s(self) -> float:
        """The duration of the run after the warm-up, in seconds."""
        whole_s = self.profile.duration_s
        if self.users or self.limit is None or self.limit >= self.profile.expected(whole_s):
            return whole_s
        return self.profile.at(self.limit)

    def offsets_ns(self) -> Iterator[int]:
        """Yield the due times of all segments' writes in order, in nanoseconds after the start."""
        measured = islice(self.profile.times(), self.limit)
        # A loop in Python takes three times as long, and every write passes here.
        times: Iterator[float] = chain(
            _evenly(self.preload.orders, self.preload.per_s),
            map(add, _evenly(self._warm_up_count, self.profile.rate(0)), repeat(self.preload.duration_s)),
            map(add, measured, repeat(self.before_s)),
        )
        nanoseconds: Iterator[float] = map(mul, times, repeat(1e9))
        return map(int, nanoseconds)


def share(number: int, segment: int, segments: int) -> int:
    """Return a segment's part of a number; all parts add up to it."""
    return number * (segment + 1) // segments - number * segment // segments


def _evenly(writes: int, per_s: float) -> Iterator[float]:
    return map(float.__truediv__, map(float, range(writes)), repeat(per_s))
