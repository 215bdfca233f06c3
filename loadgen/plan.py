"""The plan of a run: pure data, from which every write follows.

A plan splits into segments whose writes add up exactly to those of the whole,
because each write belongs to the segment that owns its item's lane.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from loadgen.keys import LANES, Uniform
from loadgen.mix import Mix
from loadgen.profile import Constant, count

MAX_BATCH = 25


class Plan(Struct, frozen=True, kw_only=True):
    """What to write and when.

    The warm-up runs at the profile's first rate before the profile begins, and
    its writes are left out of the figures. `max_in_flight` is the number of
    requests of one segment that may be unanswered at a time.
    """

    profile: Constant
    seed: int
    mix: Mix = Mix()
    keys: Uniform = Uniform()
    warm_up_s: float = 0.0
    max_in_flight: int = 1000
    batch: int = 1
    batch_wait_s: float = 0.01
    segment: int = 0
    segments: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.segment < self.segments <= LANES:
            raise ValueError(f"segment {self.segment} of {self.segments}: there are 1 to {LANES} segments")
        if not 1 <= self.batch <= MAX_BATCH:
            raise ValueError(f"a batch has 1 to {MAX_BATCH} items")
        if self.max_in_flight < 1:
            raise ValueError("at least one request must be allowed in flight")

    @property
    def warm_up_count(self) -> int:
        """How many writes are due in the warm-up, over all segments."""
        return count(Constant(self.profile.rate(0), self.warm_up_s)) if self.warm_up_s > 0 else 0

    @property
    def count(self) -> int:
        """How many writes are planned after the warm-up, over all segments."""
        return count(self.profile)

    def offsets_ns(self) -> Iterator[int]:
        """When each write of all segments is due, in nanoseconds after the start, in order."""
        first_rate = self.profile.rate(0)
        for number in range(self.warm_up_count):
            yield int(number / first_rate * 1e9)
        at = self.profile.at
        warm_up_s = self.warm_up_s
        for number in range(self.count):
            yield int((warm_up_s + at(number)) * 1e9)
