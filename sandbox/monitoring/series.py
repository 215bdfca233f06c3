"""Values over time, and the operators of metric math on two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class MathError(Exception):
    """An expression that CloudWatch refuses; its text is the reason."""


@dataclass(frozen=True)
class TimeSeries:
    """A labelled series: values by the starts of their periods (epoch seconds)."""

    label: str
    values: Mapping[int, float]
    period_s: int = 60

    def map(self, change: Callable[[float], float]) -> TimeSeries:
        """Return the series with a function applied to each value."""
        return TimeSeries(self.label, {at_s: change(value) for at_s, value in self.values.items()}, self.period_s)

    def with_values(self, values: Mapping[int, float]) -> TimeSeries:
        """Return the series with different values."""
        return TimeSeries(self.label, values, self.period_s)


Value = float | str | TimeSeries | list[TimeSeries]
"""The value of an expression; a text occurs only as a function's argument."""


@dataclass(frozen=True)
class TimeSpan:
    """The queried time in epoch seconds: from the start (inclusive) to the end (exclusive), in periods."""

    start_s: int
    end_s: int
    period_s: int = field(default=60)

    def times(self) -> range:
        """The starts of the periods."""
        return range(self.start_s, self.end_s, self.period_s)


def combine(left: Value, right: Value, operation: Callable[[float, float], float | None]) -> Value:
    """Apply an operation to two values; a list is combined with a series or a number.

    The result has no value at a time at which a series lacks a value, or the operation has no result.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    if isinstance(left, str) or isinstance(right, str):
        raise MathError("An operator takes no text.")
    if isinstance(left, list):
        if isinstance(right, list):
            raise MathError("An operator does not take two arrays of time series.")
        return [_series(combine(each, right, operation)) for each in left]
    if isinstance(right, list):
        return [_series(combine(left, each, operation)) for each in right]
    if isinstance(left, TimeSeries):
        others = right.values if isinstance(right, TimeSeries) else dict.fromkeys(left.values, right)
        pairs = {at_s: operation(value, others[at_s]) for at_s, value in left.values.items() if at_s in others}
        return left.with_values({at_s: value for at_s, value in pairs.items() if value is not None})
    if isinstance(right, TimeSeries):
        pairs = {at_s: operation(left, value) for at_s, value in right.values.items()}
        return right.with_values({at_s: value for at_s, value in pairs.items() if value is not None})
    result = operation(left, right)
    if result is None:
        raise MathError("The expression divides by zero.")
    return result


def _series(value: Value) -> TimeSeries:
    if not isinstance(value, TimeSeries):
        raise MathError("An operator on an array of time series needs time series.")
    return value
