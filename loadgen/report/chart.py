"""Line and bar charts as SVG, for one page: they need no script and take their colours from the page's style."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from msgspec import Struct, json

_WIDTH, _HEIGHT = 760, 300
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 64, 16, 12, 34
_BAR_HEIGHT = 26
_ZERO_IN_LOG = 0.001

Format = Callable[[float], str]


class Series(Struct, frozen=True):
    """A line: its name in the legend, its class for the style, its points in the order of x."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]


class Scale(Struct, frozen=True):
    """A mapping of values to pixels; `log` for orders of magnitude."""

    low: float
    high: float
    from_px: float
    to_px: float
    log: bool = False

    def px(self, value: float) -> float:
        """Return the pixel of a value."""
        if self.log:
            share = math.log(max(value, _ZERO_IN_LOG) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.from_px + share * (self.to_px - self.from_px), 1)


def line_chart(
    series: Sequence[Series],
    *,
    label: str,
    x_format: Format,
    y_format: Format,
    y_log: bool = False,
    x_ticks: Sequence[float] | None = None,
) -> str:
    """Draw lines over a common x, with a legend. `label` describes the chart to a screen reader."""
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    x = Scale(min(xs, default=0), max([*xs, min(xs, default=0) + 1]), _LEFT_PX, _WIDTH - _RIGHT_PX)
    y, y_ticks = _y_axis(ys, y_log)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}" {_data(series, x)}>']
    for tick in y_ticks:
        parts.append(
            f'<line class="grid" x1="{_LEFT_PX}" x2="{_WIDTH - _RIGHT_PX}" y1="{y.px(tick)}" y2="{y.px(tick)}"/>'
        )
        parts.append(_text("tick end", _LEFT_PX - 8, y.px(tick) + 4, y_format(tick)))
    ticks = nice_ticks(x.low, x.high, 8) if x_ticks is None else x_ticks
    parts += [_text("tick middle", x.px(tick), _HEIGHT - _BOTTOM_PX + 20, x_format(tick)) for tick in ticks]
    for one in series:
        points = [*one.points, (x.high, one.points[0][1])] if len(one.points) == 1 else one.points
        path = " ".join(f"{x.px(at)},{y.px(value)}" for at, value in points)
        parts.append(f'<polyline class="line {one.style}" points="{path}"/>')
    parts.append(f'<line class="cursor" y1="{_TOP_PX}" y2="{_HEIGHT - _BOTTOM_PX}" x1="0" x2="0"/></svg>')
    return legend(series) + "".join(parts)


def bar_chart(bars: Sequence[tuple[str, float, str]], *, label: str, value_format: Format) -> str:
    """Draw horizontal bars of (name, value, class)."""
    height = _BAR_HEIGHT * len(bars) + 4
    left = 300
    x = Scale(0, max(value for _, value, _ in bars), left, _WIDTH - 90)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">']
    for number, (name, value, style) in enumerate(bars):
        top = number * _BAR_HEIGHT + 4
        parts.append(_text("tick end", left - 8, top + 14, name))
        width = max(x.px(value) - left, 1)
        parts.append(
            f'<rect class="bar {style}" x="{left}" y="{top}" width="{width}" height="{_BAR_HEIGHT - 8}" rx="2"/>'
        )
        parts.append(_text("tick", left + width + 6, top + 14, value_format(value)))
    return "".join(parts) + "</svg>"


def legend(series: Sequence[Series]) -> str:
    """Draw the names of the lines beside their colours."""
    items = "".join(f'<li><span class="key {one.style}"></span>{escape(one.name)}</li>' for one in series)
    return f'<ul class="legend">{items}</ul>'


def nice_ticks(low: float, high: float, about: int) -> list[float]:
    """Return round numbers within bounds, in steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 9) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _y_axis(values: Sequence[float], log: bool) -> tuple[Scale, list[float]]:
    bottom, top = _HEIGHT - _BOTTOM_PX, _TOP_PX
    if not log:
        high = max([*values, 0]) * 1.08 or 1
        return Scale(0, high, bottom, top), nice_ticks(0, high, 5)
    positive = [value for value in values if value > 0] or [1.0]
    low_power, high_power = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
    high_power = max(high_power, low_power + 1)
    ticks = [10.0**power for power in range(low_power, high_power + 1)]
    return Scale(ticks[0], ticks[-1], bottom, top, log=True), ticks


def _data(series: Sequence[Series], x: Scale) -> str:
    """Return the points for the page's script, which displays the values under the pointer."""
    data = {
        "x": [x.px(at) for at, _ in series[0].points] if series else [],
        "lines": [{"name": one.name, "y": [round(value, 3) for _, value in one.points]} for one in series],
    }
    return f"data-points='{escape(json.encode(data).decode())}'"


def _text(style: str, x: float, y: float, text: str) -> str:
    return f'<text class="{style}" x="{round(x, 1)}" y="{round(y, 1)}">{escape(text)}</text>'
