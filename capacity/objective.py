"""Objectives: the conditions on a step; a step that misses one is beyond the capacity.

intended_p99<50ms    dropped==0    acked_share>=99.9%    as in `python -m loadgen --threshold`
freshness_p99<10s    from a change until Athena can read it: p50, p90, p99 or max
"""

from __future__ import annotations

import operator
import re
from argparse import ArgumentTypeError

from msgspec import Struct

from lake.freshness import Freshness
from loadgen.report.report import RunReport, ThresholdReport
from loadgen.report.threshold import Threshold

_FRESHNESS = re.compile(r"\s*freshness_(p50|p90|p99|max)\s*(<=|<)\s*(\d+(?:\.\d+)?)\s*(ms|s|m)\s*")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0}
DEFAULTS = ("intended_p99<100ms", "dropped==0", "failed==0")


class Objective(Struct, frozen=True):
    """An expression with its condition: a threshold of the writer's report, or a limit of freshness in seconds."""

    expression: str
    threshold: Threshold | None = None
    percentile: str = ""
    comparison: str = ""
    limit_s: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Parse an expression. Raises: ArgumentTypeError: the expression is wrong."""
        if not text.strip().startswith("freshness"):
            return cls(text.strip(), Threshold.parse(text))
        match = _FRESHNESS.fullmatch(text)
        if match is None:
            raise ArgumentTypeError(
                f"{text!r} is not an objective: write freshness_p99<10s, with p50, p90, p99 or max, < or <=, ms, s or m"
            )
        percentile, comparison, number, unit = match.groups()
        return cls(text.strip(), None, percentile, comparison, float(number) * _UNITS_S[unit])

    @property
    def of_freshness(self) -> bool:
        """Whether the objective needs a query of the lake."""
        return self.threshold is None

    def check(self, report: RunReport, freshness: Freshness | None) -> ThresholdReport:
        """Return whether it holds for a step. An unknown freshness, because nothing arrived, does not hold."""
        if self.threshold is not None:
            return self.threshold.check(report)
        found: int | None = getattr(freshness, f"{self.percentile}_s", None)
        if found is None:
            return ThresholdReport(expression=self.expression, value=-1.0, met=False, measured="no change arrived")
        holds = (operator.lt if self.comparison == "<" else operator.le)(found, self.limit_s)
        return ThresholdReport(expression=self.expression, value=float(found), met=holds, measured=f"{found} s")
