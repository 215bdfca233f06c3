"""Values over time, and what metric math does with two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class MathError(Exception):
    """An expression that CloudWatch refuses; its text says why."""


@dataclass(frozen=True)
class TimeSeries:
    """A labelled series: values by the beginnings of their periods (epoch seconds)."""

    label: str
    values: Mapping[int, float]
    period_s: int = 60

    def map(self, change: Callable[[float], float]) -> TimeSeries:
        """Every value changed."""
        return TimeSeries(self.label, {at_s: change(value) for at_s, value in self.values.items()}, self.period_s)

    def with_values(self, values: Mapping[int, float]) -> TimeSeries:
        """The same series with other values."""
        return TimeSeries(self.label, values, self.period_s)


Value = float | str | TimeSeries | list[TimeSeries]
"""What an expression evaluates to; a text only as a function's argument."""


@dataclass(frozen=True)
class TimeSpan:
    """The time that is asked about, in epoch seconds: from the start to before the end, in periods from the start."""

    start_s: int
    end_s: int
    period_s: int = field(default=60)

    def times(self) -> range:
        """The beginnings of the periods."""
        return range(self.start_s, self.end_s, self.period_s)


def combine(left: Value, right: Value, operation: Callable[[float, float], float | None]) -> Value:
    """An operation on two values, of which a list must be with a series or a number.

    A time at which one series has no value, or where the operation has no result, has none in the result.
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
