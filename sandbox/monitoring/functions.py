"""The functions of metric math.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise

from sandbox.monitoring.series import MathError, TimeSeries, TimeSpan, Value, combine

Function = Callable[[Sequence[Value], TimeSpan], Value]
_EACH: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "LOG": math.log,
    "LOG10": math.log10,
}
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": statistics.fmean,
    "MAX": max,
    "MIN": min,
    "STDDEV": statistics.pstdev,
    "SUM": math.fsum,
}


def call(name: str, arguments: Sequence[Value], span: TimeSpan) -> Value:
    """Return the result of a function.

    Raises:
        MathError: the arguments are invalid, or the sandbox does not support the function.
    """
    if name in _EACH:
        change = _EACH[name]
        return _each(_one(name, arguments), lambda series: series.map(change))
    if name in _AGGREGATES:
        return _aggregate(name, _one(name, arguments))
    function = _OTHERS.get(name)
    if function is None:
        raise MathError(f"The sandbox does not have the metric math function {name}.")
    return function(arguments, span)


def _one(name: str, arguments: Sequence[Value]) -> Value:
    if len(arguments) != 1:
        raise MathError(f"{name} takes one argument.")
    return arguments[0]


def _each(value: Value, change: Callable[[TimeSeries], TimeSeries]) -> Value:
    """Apply a function to a series, to each of several, or to a number as a series of one point."""
    if isinstance(value, list):
        return [change(series) for series in value]
    if isinstance(value, TimeSeries):
        return change(value)
    if isinstance(value, str):
        raise MathError("The function takes no text.")
    return change(TimeSeries("", {0: value})).values[0]


def _aggregate(name: str, value: Value) -> Value:
    """The one number of a series; for several series, the series of their numbers at each time."""
    function = _AGGREGATES[name]
    if isinstance(value, TimeSeries):
        return float(function(list(value.values.values()))) if value.values else 0.0
    if not isinstance(value, list):
        return _number(name, value)
    times = sorted({at_s for series in value for at_s in series.values})
    values = {at_s: float(function([each.values[at_s] for each in value if at_s in each.values])) for at_s in times}
    return TimeSeries(name, values, value[0].period_s if value else 60)


def _number(name: str, value: Value) -> float:
    if not isinstance(value, int | float):
        raise MathError(f"{name} takes a number here.")
    return float(value)


def _series(name: str, value: Value) -> TimeSeries:
    if not isinstance(value, TimeSeries):
        raise MathError(f"{name} takes a time series here.")
    return value


def _fill(arguments: Sequence[Value], span: TimeSpan) -> Value:
    """FILL(m, number | REPEAT | LINEAR)."""
    if len(arguments) != 2:
        raise MathError("FILL takes a metric, and a value, REPEAT or LINEAR.")
    how = arguments[1]

    def filled(series: TimeSeries) -> TimeSeries:
        values = {at_s: series.values.get(at_s, _filling(series, at_s, how)) for at_s in span.times()}
        return series.with_values({at_s: value for at_s, value in values.items() if value is not None})

    return _each(arguments[0], filled)


def _filling(series: TimeSeries, at_s: int, how: Value) -> float | None:
    """The value that fills a gap of a series; None if nothing does."""
    if isinstance(how, TimeSeries):
        return how.values.get(at_s)
    if how not in ("REPEAT", "LINEAR"):
        return _number("FILL", how)
    before = max((time for time in series.values if time < at_s), default=None)
    after = min((time for time in series.values if time > at_s), default=None)
    if before is None or (how == "LINEAR" and after is None):
        return None
    first = series.values[before]
    if how == "REPEAT" or after is None:
        return first
    return first + (series.values[after] - first) * (at_s - before) / (after - before)


def _if(arguments: Sequence[Value], span: TimeSpan) -> Value:
    """IF(condition, trueValue, falseValue); without falseValue, times with a false condition have no value."""
    if len(arguments) not in (2, 3):
        raise MathError("IF takes a condition, a value and another value.")
    condition = arguments[0]
    if isinstance(condition, list | str):
        raise MathError("IF takes a condition of one time series or a number.")
    if not isinstance(condition, TimeSeries):
        chosen = arguments[1] if condition else (arguments[2] if len(arguments) == 3 else None)
        if chosen is None:
            raise MathError("IF has no value for a condition that is false.")
        return chosen
    values: dict[int, float] = {}
    for at_s in condition.values:
        place = 1 if condition.values[at_s] else 2
        if place < len(arguments):
            chosen = arguments[place]
            value = chosen.values.get(at_s) if isinstance(chosen, TimeSeries) else _number("IF", chosen)
            if value is not None:
                values[at_s] = value
    del span
    return condition.with_values(values)


def _differences(series: TimeSeries) -> dict[int, tuple[float, int]]:
    known = sorted(series.values)
    return {at_s: (series.values[at_s] - series.values[before], at_s - before) for before, at_s in pairwise(known)}


def _diff(arguments: Sequence[Value], _: TimeSpan) -> Value:
    return _each(
        _one("DIFF", arguments),
        lambda series: series.with_values({at: change for at, (change, _) in _differences(series).items()}),
    )


def _rate(arguments: Sequence[Value], _: TimeSpan) -> Value:
    """The change per second: the difference to the previous value, divided by the seconds between the two."""
    return _each(
        _one("RATE", arguments),
        lambda series: series.with_values({at: change / time for at, (change, time) in _differences(series).items()}),
    )


def _running_sum(arguments: Sequence[Value], _: TimeSpan) -> Value:
    def summed(series: TimeSeries) -> TimeSeries:
        total, values = 0.0, dict[int, float]()
        for at_s in sorted(series.values):
            total += series.values[at_s]
            values[at_s] = total
        return series.with_values(values)

    return _each(_one("RUNNING_SUM", arguments), summed)


def _edge(name: str, place: int) -> Function:
    def chosen(arguments: Sequence[Value], _: TimeSpan) -> Value:
        value = _one(name, arguments)
        if not isinstance(value, list) or not value:
            raise MathError(f"{name} takes an array of time series.")
        return value[place]

    return chosen


def _period(arguments: Sequence[Value], _: TimeSpan) -> Value:
    return float(_series("PERIOD", _one("PERIOD", arguments)).period_s)


def _count(arguments: Sequence[Value], _: TimeSpan) -> Value:
    value = _one("METRIC_COUNT", arguments)
    return float(len(value)) if isinstance(value, list) else 1.0


def _datapoints(arguments: Sequence[Value], _: TimeSpan) -> Value:
    """The number of points of a series; for several series, the number of series with a value at each time."""
    value = _one("DATAPOINT_COUNT", arguments)
    if isinstance(value, list):
        return _aggregate("SUM", [series.map(lambda _: 1.0) for series in value])
    return float(len(_series("DATAPOINT_COUNT", value).values))


def _time_series(arguments: Sequence[Value], span: TimeSpan) -> Value:
    number = _number("TIME_SERIES", _one("TIME_SERIES", arguments))
    return TimeSeries("TIME_SERIES", dict.fromkeys(span.times(), number), span.period_s)


def _remove_empty(arguments: Sequence[Value], _: TimeSpan) -> Value:
    value = _one("REMOVE_EMPTY", arguments)
    return [series for series in value if series.values] if isinstance(value, list) else value


def _sort(arguments: Sequence[Value], _: TimeSpan) -> Value:
    """SORT(array, AVG | MAX | MIN | SUM, ASC | DESC, limit)."""
    value, function, order = (*arguments, "")[:3]
    if not isinstance(value, list) or function not in _AGGREGATES or order not in ("ASC", "DESC"):
        raise MathError("SORT takes an array of time series, AVG, MAX, MIN or SUM, and ASC or DESC.")
    aggregate = _AGGREGATES[str(function)]
    placed = sorted(value, key=lambda each: aggregate(list(each.values.values()) or [0.0]), reverse=order == "DESC")
    return placed[: int(_number("SORT", arguments[3]))] if len(arguments) > 3 else placed


def _slice(arguments: Sequence[Value], _: TimeSpan) -> Value:
    """SLICE(array, beginning, end)."""
    value = arguments[0] if arguments else []
    if not isinstance(value, list) or len(arguments) not in (2, 3):
        raise MathError("SLICE takes an array of time series and one or two places.")
    places = [int(_number("SLICE", each)) for each in arguments[1:]]
    return value[places[0]] if len(places) == 1 and places[0] < len(value) else value[slice(*places)]


def truth(left: Value, right: Value, test: Callable[[float, float], bool]) -> Value:
    """The result of a comparison: 1 if it holds, else 0."""
    return combine(left, right, lambda one, other: float(test(one, other)))


_OTHERS: dict[str, Function] = {
    "DATAPOINT_COUNT": _datapoints,
    "DIFF": _diff,
    "FILL": _fill,
    "FIRST": _edge("FIRST", 0),
    "IF": _if,
    "LAST": _edge("LAST", -1),
    "METRIC_COUNT": _count,
    "PERIOD": _period,
    "RATE": _rate,
    "REMOVE_EMPTY": _remove_empty,
    "RUNNING_SUM": _running_sum,
    "SLICE": _slice,
    "SORT": _sort,
    "TIME_SERIES": _time_series,
}
