"""The dashboard: the stages of a change from the table to a query, from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import metrics
from components.json_text import json_text
from components.metrics import Metric, Pipeline

_COLUMNS = 24
"""CloudWatch's grid is 24 units wide."""
_WIDTH = 8
_FROM_LEFT = range(0, _COLUMNS, _WIDTH)
_HEIGHT = 6
_TITLE_HEIGHT = 1


@dataclass(frozen=True)
class MetricGraph:
    """One graph: metrics over time under a title."""

    title: str
    metrics: Sequence[Metric]


@dataclass(frozen=True)
class DashboardRow:
    """A stage's graphs, up to three, with a heading."""

    heading: str
    graphs: Sequence[MetricGraph]


def body(
    pipeline: Pipeline, region: pulumi.Input[str], *, by_pipe: bool, with_events: bool = False
) -> pulumi.Output[str]:
    """The dashboard's JSON text (CloudWatch's Dashboard Body Structure and Syntax)."""
    widgets: list[dict[str, object]] = []
    top = 0
    for row in rows(pipeline, by_pipe=by_pipe, with_events=with_events):
        widgets.append(_heading(row.heading, top))
        widgets.extend(
            _graph(graph, region, index * _WIDTH, top + _TITLE_HEIGHT) for index, graph in enumerate(row.graphs)
        )
        top += _TITLE_HEIGHT + _HEIGHT
    return json_text({"widgets": widgets})


def rows(pipeline: Pipeline, *, by_pipe: bool, with_events: bool = False) -> list[DashboardRow]:
    """The stages in the order of a change."""
    return [
        DashboardRow(
            "1 · Table: changes",
            [
                MetricGraph(
                    "Write units used", [metrics.table(pipeline, "ConsumedWriteCapacityUnits", label="write units")]
                ),
                MetricGraph("Writes throttled", [metrics.table(pipeline, "WriteThrottleEvents", label="throttled")]),
            ],
        ),
        *([_pipe_row(pipeline)] if by_pipe else []),
        DashboardRow(
            "3 · Kinesis: changes waiting",
            [
                MetricGraph(
                    "Records in and out",
                    [
                        metrics.stream(pipeline, "IncomingRecords", label="in"),
                        metrics.stream(pipeline, "GetRecords.Records", label="out"),
                    ],
                ),
                MetricGraph(
                    "Age of the oldest change (ms)",
                    [
                        metrics.stream(pipeline, "GetRecords.IteratorAgeMilliseconds", "Maximum", "since in Kinesis"),
                        metrics.rows(pipeline, "OldestEventAge", "Maximum", "since the change"),
                    ],
                ),
                MetricGraph(
                    "Throttled",
                    [
                        metrics.stream(pipeline, "WriteProvisionedThroughputExceeded", label="writes"),
                        metrics.stream(pipeline, "ReadProvisionedThroughputExceeded", label="reads"),
                    ],
                ),
            ],
        ),
        DashboardRow(
            "4 · Transform: changes to rows",
            [
                MetricGraph(
                    "Invocations, errors, throttles",
                    [
                        metrics.function(pipeline, "Invocations", label="invocations"),
                        metrics.function(pipeline, "Errors", label="errors"),
                        metrics.function(pipeline, "Throttles", label="throttles"),
                    ],
                ),
                MetricGraph(
                    "Duration (ms)",
                    [
                        metrics.function(pipeline, "Duration", "Average", "average"),
                        metrics.function(pipeline, "Duration", "Maximum", "longest"),
                    ],
                ),
                MetricGraph(
                    "Changes read, rows written, bad records",
                    [
                        metrics.rows(pipeline, "Records", label="read"),
                        metrics.rows(pipeline, "Ok", label="rows"),
                        metrics.rows(pipeline, "ProcessingFailed", label="bad"),
                        metrics.rows(pipeline, "MismatchedValues", label="values of an unexpected type"),
                    ],
                ),
            ],
        ),
        DashboardRow(
            "5 · Firehose: rows to the lake",
            [
                MetricGraph(
                    "Freshness: age of the oldest row not delivered (s)",
                    [metrics.delivery(pipeline, "DeliveryToS3.DataFreshness", "Maximum", "age")],
                ),
                MetricGraph(
                    "Rows delivered, conversions failed",
                    [
                        metrics.delivery(pipeline, "DeliveryToS3.Records", label="delivered"),
                        metrics.delivery(pipeline, "FailedConversion.Records", label="conversion failed"),
                    ],
                ),
                MetricGraph(
                    "Success rate of writes to S3",
                    [metrics.delivery(pipeline, "DeliveryToS3.Success", "Average")],
                ),
            ],
        ),
        DashboardRow(
            "6 · Athena: queries",
            [
                MetricGraph("Bytes scanned", [metrics.workgroup(pipeline, "ProcessedBytes", label="bytes")]),
                MetricGraph(
                    "Query time (ms)", [metrics.workgroup(pipeline, "TotalExecutionTime", "Average", "average")]
                ),
            ],
        ),
        *([_event_row(pipeline)] if with_events else []),
    ]


def _event_row(pipeline: Pipeline) -> DashboardRow:
    return DashboardRow(
        "7 · Events: changes published",
        [
            MetricGraph(
                "Executions of the event Pipe",
                [
                    metrics.event_pipe(pipeline, "Invocations", label="started"),
                    metrics.event_pipe(pipeline, "ExecutionFailed", label="failed"),
                    metrics.event_pipe(pipeline, "ExecutionPartiallyFailed", label="partially failed"),
                    metrics.event_pipe(pipeline, "ExecutionThrottled", label="throttled"),
                ],
            ),
            MetricGraph(
                "The consumer's queue",
                [
                    metrics.event_queue(pipeline, "NumberOfMessagesSent", "Sum", "sent"),
                    metrics.event_queue(pipeline, "ApproximateNumberOfMessagesVisible", label="waiting"),
                ],
            ),
            MetricGraph(
                "Events in the dead-letter queue",
                [metrics.event_dead_letters(pipeline, "ApproximateNumberOfMessagesVisible", label="dead letters")],
            ),
        ],
    )


def _pipe_row(pipeline: Pipeline) -> DashboardRow:
    return DashboardRow(
        "2 · Pipe: changes captured",
        [
            MetricGraph(
                "Executions",
                [
                    metrics.pipe(pipeline, "Invocations", label="started"),
                    metrics.pipe(pipeline, "ExecutionFailed", label="failed"),
                    metrics.pipe(pipeline, "ExecutionPartiallyFailed", label="partially failed"),
                    metrics.pipe(pipeline, "ExecutionThrottled", label="throttled"),
                    metrics.large_pipe(pipeline, "Invocations", label="large changes: started"),
                    metrics.large_pipe(pipeline, "ExecutionFailed", label="large changes: failed"),
                    metrics.large_pipe(pipeline, "ExecutionThrottled", label="large changes: throttled"),
                ],
            ),
            MetricGraph(
                "Duration (ms)",
                [
                    metrics.pipe(pipeline, "Duration", "Average", "average"),
                    metrics.large_pipe(pipeline, "Duration", "Average", "large changes"),
                    metrics.shorten(pipeline, "Duration", "Average", "large changes: shortening"),
                ],
            ),
            MetricGraph(
                "Changes in the dead-letter queue",
                [metrics.dead_letters(pipeline, "ApproximateNumberOfMessagesVisible", label="dead letters")],
            ),
        ],
    )


def _heading(text: str, top: int) -> dict[str, object]:
    return {
        "type": "text",
        "x": 0,
        "y": top,
        "width": _COLUMNS,
        "height": _TITLE_HEIGHT,
        "properties": {"markdown": f"## {text}"},
    }


def _graph(graph: MetricGraph, region: pulumi.Input[str], left: int, top: int) -> dict[str, object]:
    return {
        "type": "metric",
        "x": left,
        "y": top,
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": graph.title,
            "region": region,
            "view": "timeSeries",
            "stacked": False,
            "period": 60,
            "metrics": [_series(metric) for metric in graph.metrics],
        },
    }


def _series(metric: Metric) -> list[object]:
    dimensions = [part for pair in metric.dimensions.items() for part in pair]
    return [
        metric.namespace,
        metric.name,
        *dimensions,
        {"stat": metric.statistic, "label": metric.label or metric.name},
    ]
