"""A function's metrics. https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

Each is published for the function (FunctionName) and for all functions (no dimension).
"""

from __future__ import annotations

from sandbox.monitoring.recorder import RECORDER, metric

NAMESPACE = "AWS/Lambda"


def invoked(region: str, function: str, *, failed: bool, duration_ms: float, concurrent: int) -> None:
    """Count an invocation. `concurrent` is the number of invocations that ran at that time, including this one."""
    _add(region, function, "Invocations", 1)
    _add(region, function, "Errors", int(failed))
    _add(region, function, "Throttles", 0)
    _add(region, function, "Duration", round(duration_ms, 2), "Milliseconds")
    _add(region, function, "ConcurrentExecutions", concurrent)


def throttled(region: str, function: str) -> None:
    """Count a throttled invocation, which counts neither as an invocation nor as an error."""
    _add(region, function, "Throttles", 1)


def received(region: str, function: str) -> None:
    """Count a queued event."""
    _add(region, function, "AsyncEventsReceived", 1)


def dropped(region: str, function: str) -> None:
    """Count an event whose retries are exhausted."""
    _add(region, function, "AsyncEventsDropped", 1)


def _add(region: str, function: str, name: str, value: float, unit: str = "Count") -> None:
    RECORDER.series(region, metric(NAMESPACE, name, FunctionName=function), unit).add(value)
    RECORDER.series(region, metric(NAMESPACE, name), unit).add(value)
