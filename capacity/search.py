"""Searches for the highest rate that holds: up in large steps, then between the last success and the first failure.

The output of a stage with a growing backlog is its limit. The next rate is close to it, so that few steps are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

_GROWTH = 2.0
# A share of a measured limit that most likely holds, and a load's excess over the limit that a short step shows.
_BELOW, _EXCESS = 0.97, 0.08
_MAX_STEPS = 24


class SearchStep(Protocol):
    """The properties of a step that the search uses."""

    @property
    def held(self) -> bool:
        """Whether all objectives held and every stage kept up."""
        ...

    @property
    def shown_limit(self) -> float | None:
        """The measured limit of the limiting stage, in changes per second; None when unknown."""
        ...


class FoundRates(Struct, frozen=True):
    """The highest rate that held and the lowest that did not; None when there is no such step."""

    held: float | None
    failed: float | None


def search(
    step: Callable[[float], SearchStep], first: float, highest: float, precision: float, least: float = 1.0
) -> FoundRates:
    """Search from a first rate; `precision` is the maximum relative difference of the two rates found.

    The rates are whole numbers from `least` to `highest`, in writes per second.
    """
    found = FoundRates(None, None)
    limit: float | None = None
    rate: float | None = max(least, round(min(first, highest)))
    for _ in range(_MAX_STEPS):
        if rate is None:
            break
        taken = step(rate)
        if taken.held:
            found = FoundRates(max(rate, found.held or 0.0), found.failed)
        else:
            found = FoundRates(found.held, min(rate, found.failed or rate))
            # A stage that fails below its measured limit, such as a hot partition, has none for all writes.
            limit = None if limit is not None and rate < limit else taken.shown_limit or limit
        rate = _next(found, limit, highest, precision, least)
    return found


def _next(found: FoundRates, limit: float | None, highest: float, precision: float, least: float) -> float | None:
    held, failed = found.held, found.failed
    if failed is None:
        return None if held is None or held >= highest else min(round(held * _GROWTH), highest)
    low = held or 0.0
    if failed <= least or failed - low <= 1 or low * (1 + precision) >= failed:
        return None
    middle = round(failed / _GROWTH if held is None else (low * failed) ** 0.5)
    between = [middle]
    if limit is not None:
        excess = max(_EXCESS, precision)
        below = round(limit * _BELOW)
        # The search ends if `below` holds and `above` does not. If a rate far above the limit holds, the limit is
        # measured wrongly, and the middle is tried.
        above = int(max(low, below) * (1 + excess))
        between = [below, *([above] if above <= limit * (1 + excess) ** 3 else []), middle]
    # A step too close to a known rate adds no information.
    margin = 1 + precision / 4
    near = min(max(middle, low + 1), failed - 1)
    return max(least, next((rate for rate in between if low * margin < rate < failed / margin), near))
