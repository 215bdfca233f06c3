"""The contributors of a Contributor Insights rule: the keys with the largest values, minute by minute.

A minute's keys are counted by Space-Saving (Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and
Top-k Elements in Data Streams", ICDT 2005): with n counters a value is too large by at most total/n, and a key with
more than total/n is never missed. Past minutes have the largest keys alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from sandbox.monitoring.store import MINUTE_S

MAX_CONTRIBUTORS = 25
"""Of one report; a rule over log groups has 100.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html
"""
KEPT_KEYS = 100
"""Of a minute that is over."""
COUNTERS = 1_000
"""The keys of a minute that are counted."""
_KEPT_MINUTES = 180

ContributorKey = tuple[str, ...]
"""The contents of the rule's keys, such as a partition key, or a partition key and a sort key."""


class LargestKeys:
    """The keys with the largest sums of values, in bounded memory."""

    __slots__ = ("_by_value", "_counters", "_values", "largest", "samples", "smallest", "total", "unique")

    def __init__(self, counters: int = COUNTERS) -> None:
        self._counters = counters
        self._values: dict[ContributorKey, float] = {}
        # Values may have grown since they were pushed: an entry that is outdated is pushed again when it is first.
        self._by_value: list[tuple[float, ContributorKey]] = []
        self.samples = 0
        self.total = 0.0
        self.smallest = float("inf")
        self.largest = 0.0
        self.unique = 0
        """How many keys were there; a key that was replaced and comes again counts again."""

    def add(self, key: ContributorKey, value: float) -> None:
        """Add a value to a key. A new key without a free counter takes that of the smallest, with its value."""
        self.samples += 1
        self.total += value
        self.smallest = min(self.smallest, value)
        self.largest = max(self.largest, value)
        known = self._values.get(key)
        if known is not None:
            self._values[key] = known + value
            return
        self.unique += 1
        value += self._replaced() if len(self._values) >= self._counters else 0.0
        self._values[key] = value
        heapq.heappush(self._by_value, (value, key))

    def _replaced(self) -> float:
        while True:
            pushed, key = self._by_value[0]
            value = self._values[key]
            if value <= pushed:
                heapq.heappop(self._by_value)
                del self._values[key]
                return value
            heapq.heapreplace(self._by_value, (value, key))

    def keep_largest(self, most: int) -> None:
        """Forget all keys but the largest; no further key is added."""
        self._values = dict(heapq.nlargest(most, self._values.items(), key=lambda item: item[1]))
        self._by_value = []

    def items(self) -> Iterator[tuple[ContributorKey, float]]:
        """The keys and their values."""
        yield from self._values.items()

    @property
    def highest(self) -> float:
        """The largest value of a key."""
        return max(self._values.values(), default=0.0)


class Contributor(NamedTuple):
    """A key's value in a report, and in each period in which it occurs (epoch seconds)."""

    key: ContributorKey
    value: float
    periods: dict[int, float]


class ContributorPeriod(NamedTuple):
    """One period of a report, from its time (epoch seconds) on."""

    at_s: int
    unique: int
    highest: float
    samples: int
    total: float
    smallest: float
    largest: float


class ContributorReport(NamedTuple):
    """The largest contributors in descending order, the number and the sum of all, and the periods that have any."""

    contributors: list[Contributor]
    unique: int
    total: float
    periods: list[ContributorPeriod]


class ContributorCounts:
    """The values of one rule's keys by minutes, the last three hours of them."""

    def __init__(self) -> None:
        self._minutes: dict[int, LargestKeys] = {}
        self._minute = -1
        self._keys = LargestKeys()

    def add(self, key: ContributorKey, value: float, at_s: float) -> None:
        """Add a key's value at a time (epoch seconds)."""
        minute = int(at_s) // MINUTE_S
        if minute != self._minute:
            self._begin(minute)
        self._keys.add(key, value)

    def _begin(self, minute: int) -> None:
        self._keys.keep_largest(KEPT_KEYS)
        self._minute = minute
        # The clock may have been set back into a minute that is over.
        self._keys = self._minutes.setdefault(minute, LargestKeys())
        for old in sorted(self._minutes)[:-_KEPT_MINUTES]:
            del self._minutes[old]

    def report(self, start_s: float, end_s: float, period_s: int, most: int, *, by_maximum: bool) -> ContributorReport:
        """The report of the minutes from `start_s` to `end_s` (exclusive), in periods of some minutes.

        The contributors are ranked by the sums of their values, or by their highest value in a period.
        """
        first = int(start_s) // MINUTE_S * MINUTE_S
        by_period: dict[int, list[LargestKeys]] = {}
        for minute in sorted(self._minutes):
            at_s = minute * MINUTE_S
            if first <= at_s < end_s:
                by_period.setdefault(at_s - (at_s - first) % period_s, []).append(self._minutes[minute])
        values: dict[ContributorKey, dict[int, float]] = {}
        for at_s, several in by_period.items():
            for keys in several:
                for key, value in keys.items():
                    periods = values.setdefault(key, {})
                    periods[at_s] = periods.get(at_s, 0.0) + value
        contributors = [Contributor(key, sum(periods.values()), periods) for key, periods in values.items()]
        contributors.sort(key=lambda one: (-(max(one.periods.values()) if by_maximum else one.value), one.key))
        periods = [_together(at_s, several) for at_s, several in by_period.items()]
        unique = max(len(values), max((period.unique for period in periods), default=0))
        return ContributorReport(contributors[:most], unique, sum(period.total for period in periods), periods)


def _together(at_s: int, several: list[LargestKeys]) -> ContributorPeriod:
    sums: dict[ContributorKey, float] = {}
    for keys in several:
        for key, value in keys.items():
            sums[key] = sums.get(key, 0.0) + value
    return ContributorPeriod(
        at_s,
        unique=max(len(sums), max(keys.unique for keys in several)),
        highest=max(sums.values(), default=0.0),
        samples=sum(keys.samples for keys in several),
        total=sum(keys.total for keys in several),
        smallest=min(keys.smallest for keys in several),
        largest=max(keys.largest for keys in several),
    )
