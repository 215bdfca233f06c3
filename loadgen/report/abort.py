"""Ends a run as soon as one of its thresholds can no longer hold, whatever comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from loadgen.metrics.counters import METRICS, Counts, Latencies, MetricsRow
from loadgen.metrics.histogram import Buckets, highest, rank
from loadgen.report.threshold import ACKED_SHARE, Threshold


class Abort:
    """Adds up a run's rows, and finds the first threshold that is lost.

    `planned` is how many writes are planned after the warm-up. A counter only
    grows, so an upper limit that it exceeds is lost. Of a percentile it is lost
    when so many latencies are above the limit that all writes that may still
    come would not bring it below. What can recover (a mean, a rate, a lower
    limit of a counter) is judged at the end only.
    """

    def __init__(self, thresholds: Sequence[Threshold], planned: int) -> None:
        self._thresholds = thresholds
        self._planned = planned
        self._counts = Counts()
        self._latencies = Latencies()

    def row(self, row: MetricsRow) -> Threshold | None:
        """The threshold that this second has lost, if any."""
        if row.second < 0:
            return None
        self._counts.add(row.counts)
        self._latencies.add(row.latencies)
        return next((threshold for threshold in self._thresholds if self._lost(threshold)), None)

    def _lost(self, threshold: Threshold) -> bool:
        comparison, limit = threshold.comparison, threshold.limit
        if threshold.metric == ACKED_SHARE:
            unacked = self._counts.dropped + METRICS["failed"].number(self._counts)
            best = (self._planned - unacked) / self._planned
            return best < limit if comparison == "==" else comparison in (">", ">=") and not threshold.holds(best)
        if (counter := METRICS.get(threshold.metric)) is not None:
            least = counter.number(self._counts)
            return least > limit if comparison == "==" else comparison in ("<", "<=") and not threshold.holds(least)
        if (wanted := threshold.percentile) is not None and comparison in ("<", "<="):
            name, percentile = wanted
            buckets = cast("Buckets", getattr(self._latencies, name))
            above = sum(number for value, number in buckets.items() if not threshold.holds(highest(value) / 1e3))
            return self._planned - above < rank(percentile, self._planned)
        return False
