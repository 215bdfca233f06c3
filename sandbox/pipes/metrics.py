"""A pipe's metrics. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html"""

from __future__ import annotations

from sandbox.monitoring.recorder import RECORDER, MetricSeries, metric

NAMESPACE = "AWS/EventBridge/Pipes"


class PipeMetrics:
    """The metrics of a pipe's executions: each execution is one attempt to deliver a batch.

    `ExecutionThrottled` concerns the account's quota of concurrent executions, which a sandbox lacks: it is 0.
    """

    def __init__(self, region: str, pipe: str, *, enriched: bool = False) -> None:
        self._region = region
        self._pipe = pipe
        self._enriched = enriched
        self._invocations = self._series("Invocations")
        self._events = self._series("EventCount")
        self._bytes = self._series("EventSize", "Bytes")
        self._duration = self._series("Duration", "Milliseconds")
        self._failed = self._series("ExecutionFailed")
        self._partly_failed = self._series("ExecutionPartiallyFailed")
        self._throttled = self._series("ExecutionThrottled")
        self._timed_out = self._series("ExecutionTimeout")
        self._target_duration = self._series("TargetStageDuration", "Milliseconds")
        self._target_failed = self._series("TargetStageFailed")

    def executed(self, events: int, size_bytes: int, failed: int, duration_ms: float) -> None:
        """Count an execution of a number of events, of which some have failed."""
        self._invocations.add(1)
        self._events.add(events)
        self._bytes.add(size_bytes)
        self._duration.add(round(duration_ms, 2))
        all_failed = failed == events
        self._failed.add(int(all_failed))
        self._partly_failed.add(int(0 < failed < events))
        self._throttled.add(0)
        self._timed_out.add(0)
        if not self._enriched:
            # With an enrichment the pipe cannot separate the durations of the two.
            self._target_duration.add(round(duration_ms, 2))
            self._target_failed.add(int(all_failed))

    def _series(self, name: str, unit: str = "None") -> MetricSeries:
        # AWS's page gives "Units: None" for every count except Invocations, which has "Count or sum".
        unit = "Count" if name == "Invocations" else unit
        return RECORDER.series(self._region, metric(NAMESPACE, name, PipeName=self._pipe), unit)
