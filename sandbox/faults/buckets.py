"""Token buckets: limits of units per second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PEAK_AGE_S = 1800.0
"""After this time a peak counts as a previous one.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""


class TokenBucket:
    """A rate of units per second, and up to `burst_s` seconds of unused units; initially those of one second.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
    """

    def __init__(self, per_s: float, burst_s: float, clock: Callable[[], float]) -> None:
        self.per_s = per_s
        self._burst_s = burst_s
        self._clock = clock
        self._level = per_s
        self._filled_s = clock()

    def has(self, units: float) -> bool:
        """Return whether the units are available now, or the bucket is full."""
        self._fill()
        return self._level >= min(units, self.per_s)

    @property
    def is_positive(self) -> bool:
        """Whether any units are available; a caller may then take more than that."""
        self._fill()
        return self._level > 0

    def take(self, units: float) -> None:
        """Use units."""
        self._level -= units

    def _fill(self) -> None:
        now_s = self._clock()
        self._level = min(self.per_s * self._burst_s, self._level + (now_s - self._filled_s) * self.per_s)
        self._filled_s = now_s


@dataclass
class Peaks:
    """The peak rate of an on-demand table, and the rate that it accepts immediately.

    It accepts its warm throughput, and twice its previous peak.
    """

    warm: float
    clock: Callable[[], float]
    previous: float = 0.0
    recent: float = 0.0
    second: float = 0.0
    _second_at: int = 0
    _began_s: float = 0.0

    def admits(self, units: float) -> bool:
        """Return whether these additional units may be used in this second."""
        now_s = self.clock()
        if int(now_s) != self._second_at:
            self.recent = max(self.recent, self.second)
            self._second_at, self.second = int(now_s), 0.0
        if self._began_s == 0.0:
            self._began_s = now_s
        elif now_s - self._began_s >= PEAK_AGE_S:
            self.previous, self.recent, self._began_s = max(self.previous, self.recent), 0.0, now_s
        return self.second + units <= max(self.warm, 2 * self.previous)

    def take(self, units: float) -> None:
        """Use units."""
        self.second += units
