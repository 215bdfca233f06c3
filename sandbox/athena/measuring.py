"""A query's metrics. https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html

They have the dimensions WorkGroup, QueryState and QueryType, together and WorkGroup alone, as the console shows them
"by workgroup".
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.monitoring.recorder import RECORDER, metric

NAMESPACE = "AWS/Athena"
_TIMES = {
    "EngineExecutionTime": "EngineExecutionTimeInMillis",
    "QueryPlanningTime": "QueryPlanningTimeInMillis",
    "QueryQueueTime": "QueryQueueTimeInMillis",
    "ServicePreProcessingTime": "ServicePreProcessingTimeInMillis",
    "ServiceProcessingTime": "ServiceProcessingTimeInMillis",
    "TotalExecutionTime": "TotalExecutionTimeInMillis",
}


def measured(
    region: str, workgroup: str, state: str, kind: str, scanned_bytes: int, timeline: Mapping[str, int]
) -> None:
    """Count a query that has ended; `timeline` is that of its QueryRuntimeStatistics."""
    values = {"ProcessedBytes": (float(scanned_bytes), "Bytes")}
    values |= {name: (float(timeline[member]), "Milliseconds") for name, member in _TIMES.items()}
    for name, (value, unit) in values.items():
        by_all = metric(NAMESPACE, name, WorkGroup=workgroup, QueryState=state, QueryType=kind)
        for counted in (metric(NAMESPACE, name, WorkGroup=workgroup), by_all):
            RECORDER.series(region, counted, unit).add(value)
