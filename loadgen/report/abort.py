"""Ends a run as soon as one of its thresholds can no longer hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from loadgen.metrics.counters import METRICS, MetricsRow
from loadgen.metrics.histogram import Buckets, highest, rank
from loadgen.report.threshold import ACKED_SHARE, Threshold


class Abort:
    """Adds up a run's rows and finds the first threshold that can no longer hold.

    `planned` is how many operations are planned after the warm-up, None if that is not known: then shares and
    percentiles are judged at the end only. A counter only grows, so an exceeded upper limit is lost. The limit of a
    percentile is lost when more latencies exceed it than all remaining writes could outweigh. What can recover (a mean,
    a rate, a lower limit of a counter) is judged at the end only.
    """

    def __init__(self, thresholds: Sequence[Threshold], planned: int | None) -> None:
        self._thresholds = thresholds
        self._planned = planned
        self._total = MetricsRow(second=0)

    def row(self, row: MetricsRow) -> Threshold | None:
        """Return the threshold that can no longer hold after this second, if any."""
        if row.second < 0:
            return None
        self._total.add(row)
        return next((threshold for threshold in self._thresholds if self._lost(threshold)), None)

    def _lost(self, threshold: Threshold) -> bool:
        comparison, limit, kind = threshold.comparison, threshold.limit, threshold.kind
        part = self._total
        if kind is not None and (kind != "write" or part.kinds):
            part = part.kinds.get(kind, MetricsRow(second=0))
        counts = part.counts
        # All remaining operations may be of one kind of call.
        planned = None if self._planned is None else self._planned - self._total.counts.due + counts.due
        if threshold.metric == ACKED_SHARE:
            if planned is None:
                return False
            unacked = counts.dropped + METRICS["failed"].number(counts)
            best = (planned - unacked) / planned if planned else 1.0
            return best < limit if comparison == "==" else comparison in (">", ">=") and not threshold.holds(best)
        if (counter := METRICS.get(threshold.metric)) is not None:
            least = counter.number(counts)
            return least > limit if comparison == "==" else comparison in ("<", "<=") and not threshold.holds(least)
        if planned is not None and (wanted := threshold.percentile) is not None and comparison in ("<", "<="):
            name, percentile = wanted
            buckets = cast("Buckets", getattr(part.latencies, name))
            above = sum(number for value, number in buckets.items() if not threshold.holds(highest(value) / 1e3))
            return above > 0 and planned - above < rank(percentile, planned)
        return False
