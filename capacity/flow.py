"""Measures a stage's input and output during a step, and decides whether it keeps up.

A stage that buffers passes changes on in bursts, so its backlog is a sawtooth. The trend of its peaks, one in each
period of the buffer, shows whether the stage falls behind, and how fast.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple, Self

from msgspec import Struct

Verdict = Literal["steady", "behind", "undecided"]

# The start of a step is excluded: connections open, batches and buffers fill.
_SETTLED_SHARE = 0.3
_TOLERATED_SHARE = 0.03
_MAX_DOUBT = 0.05
_ERRORS = 1.0
_PERIODS = 8
# A pause of the machine, a garbage collection or a cold start delays a stage this long, once, without a backlog that
# grows.
_PAUSE_S = 1.0
_SHORTEST_S = 10.0


class Passages:
    """The times at which changes passed a place: seconds since the step began, and the cumulative number."""

    def __init__(self, passed: Iterable[tuple[float, float]]) -> None:
        """`passed` are times in seconds with numbers of changes, in any order."""
        ordered = sorted(passed)
        self._times = [at for at, _ in ordered]
        self._totals = [0.0, *accumulate(number for _, number in ordered)]

    @property
    def total(self) -> float:
        """The number of changes that passed."""
        return self._totals[-1]

    @property
    def last_s(self) -> float:
        """The time of the last change; 0 without changes."""
        return self._times[-1] if self._times else 0.0

    def latest(self, at_s: float) -> float:
        """Return the last time up to `at_s` at which changes passed; the first of all when there is no such time."""
        return self._times[max(bisect_right(self._times, at_s) - 1, 0)] if self._times else 0.0

    def until(self, at_s: float) -> float:
        """Return how many had passed by a time, inclusive."""
        return self._totals[bisect_right(self._times, at_s)]


class StageFlow(Struct, frozen=True, kw_only=True):
    """One stage during a step: changes, changes per second and seconds.

    `came_per_s` and `passed_per_s` are of the settled part of the load. `backlog` is at the end of the load and
    `growth_per_s` its trend; `drained_s` is how long after the load the last change passed, None while some have not.
    `busy_per_s` is its output while it had a backlog: the limit of a stage that falls behind.
    """

    name: str
    came: float
    passed: float
    came_per_s: float
    passed_per_s: float
    backlog: float
    growth_per_s: float
    busy_per_s: float
    drained_s: float | None
    verdict: Verdict
    why: str


def flow(
    name: str, came: Passages, passed: Passages, load_s: float, *, period_s: float = 0.0, resolution_s: float = 0.0
) -> StageFlow:
    """Judge a stage by its input and its output.

    `load_s` is how long the load lasted, `period_s` how long the stage may buffer or takes for a batch, and
    `resolution_s` that of its times. It is undecided when the load was too short to see a trend of a few percent.
    """
    began = load_s * _SETTLED_SHARE
    window = load_s - began
    in_per_s = (came.until(load_s) - came.until(began)) / window
    period = max(period_s, resolution_s, window / _PERIODS)
    crests = _crests(came, passed, began, load_s, period)
    growth, error = _trend(crests)
    drained = passed.last_s - load_s if passed.total >= came.total else None
    doubt = _doubt(window, period_s + resolution_s)
    if in_per_s > 0:
        doubt = max(doubt, _ERRORS * error / in_per_s)
    verdict, why = _verdict(name, in_per_s, growth, _growth_beside_pause(crests), window, doubt)
    return StageFlow(
        name=name,
        came=came.total,
        passed=passed.total,
        came_per_s=round(in_per_s, 2),
        passed_per_s=round((passed.until(load_s) - passed.until(began)) / window, 2),
        backlog=came.until(load_s) - passed.until(load_s),
        growth_per_s=round(growth, 2),
        busy_per_s=round(_busy_per_s(passed, began, period_s + resolution_s), 2),
        drained_s=None if drained is None else round(max(drained, 0.0), 2),
        verdict=verdict,
        why=why,
    )


def _verdict(
    name: str, in_per_s: float, growth: float, growth_beside_pause: float, window: float, doubt: float
) -> tuple[Verdict, str]:
    if in_per_s <= 0:
        return "undecided", f"nothing came to {name} in the last {window:.3g} s of the load"
    trend = f"the backlog of {name} changed by {growth:+,.1f}/s of {in_per_s:,.0f}/s over {window:.3g} s"
    tolerated = _TOLERATED_SHARE + doubt
    above = growth / in_per_s - tolerated
    if above > _PAUSE_S / window or growth_beside_pause / in_per_s > tolerated:
        return "behind", f"{trend}: it falls behind"
    if above > 0:
        return "undecided", f"{trend}, which one pause of {_PAUSE_S:.0f} s does too: the load was too short"
    if doubt > _MAX_DOUBT:
        return "undecided", f"{trend}, and may be off by {doubt:.0%}: the load was too short for its heaps"
    return "steady", f"{trend}, which is within {tolerated:.0%}"


def _doubt(window: float, blur_s: float) -> float:
    """Return a trend's error as a share of the rate, because samples hit a buffer at any point of its period.

    A backlog that is off by up to `blur_s` of changes has a standard deviation of blur_s/√12 of changes, and the
    least squares of n such points over a window a slope that is off by √12 of that, by √n and by the window.
    """
    points = min(_PERIODS, window / blur_s) if blur_s > 0 else _PERIODS
    return blur_s / window / max(points, 1.0) ** 0.5


def enough_s(period_s: float, resolution_s: float) -> float:
    """Return how long a load must last to make a trend of a few percent visible behind such a buffer."""
    load_s = _SHORTEST_S
    while _doubt(load_s * (1 - _SETTLED_SHARE), period_s + resolution_s) > _MAX_DOUBT:
        load_s *= 1.1
    return round(load_s, 1)


def _crests(came: Passages, passed: Passages, began: float, ended: float, period: float) -> list[tuple[float, float]]:
    """Return the highest backlog of each period, with the middle of the period."""
    periods = max(1, int((ended - began) / period + 1e-9))
    found: list[tuple[float, float]] = []
    for number in range(periods):
        start = ended - (periods - number) * period
        at = [start + period * step / 20 for step in range(1, 21)]
        found.append((start + period / 2, max(came.until(moment) - passed.until(moment) for moment in at)))
    return found


def _trend(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of the least-squares line and its standard error; 0 for fewer than three points."""
    if len(points) < 3:
        return 0.0, 0.0
    middle = _Middle.of(points)
    slope = middle.together / middle.spread
    rest = sum((y - middle.y - slope * (x - middle.x)) ** 2 for x, y in points)
    return slope, (rest / (len(points) - 2) / middle.spread) ** 0.5


def _growth_beside_pause(points: Sequence[tuple[float, float]]) -> float:
    """Return the growth that no single pause explains: the smallest slope of two parallel lines, the later one higher.

    A pause between two points raises all later ones, so the line that fits best is broken there.
    """
    growth, _ = _trend(points)
    for cut in range(2, len(points) - 1):
        before, after = _Middle.of(points[:cut]), _Middle.of(points[cut:])
        slope = (before.together + after.together) / (before.spread + after.spread)
        if after.y - before.y > slope * (after.x - before.x):
            growth = min(growth, slope)
    return growth


class _Middle(NamedTuple):
    """The mean of points, and their moments about it: the squares of x, and the products of x and y."""

    x: float
    y: float
    spread: float
    together: float

    @classmethod
    def of(cls, points: Sequence[tuple[float, float]]) -> Self:
        """Return it for two points or more."""
        middle_x, middle_y = (sum(values) / len(points) for values in zip(*points, strict=True))
        spread = sum((x - middle_x) ** 2 for x, _ in points)
        return cls(middle_x, middle_y, spread, sum((x - middle_x) * (y - middle_y) for x, y in points))


def _busy_per_s(passed: Passages, began: float, blur_s: float) -> float:
    """Return the rate from the settled part until the last change, from one burst to another.

    A burst has the changes since the previous one, so a span that begins between two bursts counts too many. The last
    burst waits for further changes, or takes the time of a whole batch for a part of one: it is left out where there is
    an earlier one.
    """
    first, last = passed.latest(began), passed.latest(passed.last_s - blur_s)
    if last <= first:
        last = passed.last_s
    return (passed.until(last) - passed.until(first)) / (last - first) if last > first else 0.0
