"""Metrics in log lines: the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from sandbox.monitoring.recorder import MetricKey, Published
from sandbox.monitoring.statistics import statistic_set

_MARK = '"_aws"'


class _Definition(msgspec.Struct, rename="pascal"):
    name: str
    unit: str = "None"


class _Directive(msgspec.Struct, rename="pascal"):
    namespace: str
    dimensions: list[list[str]]
    metrics: list[_Definition]


class _Metadata(msgspec.Struct, rename="pascal"):
    timestamp: int
    cloud_watch_metrics: list[_Directive]


def metrics_of(region: str, message: str) -> Iterator[Published]:
    """The metrics of a log line; empty for a line that is not in the format.

    A dimension without a value, or a metric without numbers, is omitted.
    """
    if _MARK not in message:
        return
    try:
        root = msgspec.json.decode(message, type=dict[str, Any])
        metadata = msgspec.convert(root.get("_aws"), _Metadata)
    except msgspec.MsgspecError:
        return
    for directive in metadata.cloud_watch_metrics:
        for names in directive.dimensions:
            if not all(isinstance(root.get(name), str) for name in names):
                continue
            dimensions = tuple(sorted((name, cast("str", root[name])) for name in names))
            for definition in directive.metrics:
                given = root.get(definition.name)
                values = cast("list[Any]", given) if isinstance(given, list) else [given]
                numbers = Counter(float(value) for value in values if isinstance(value, int | float))
                if numbers:
                    samples = statistic_set({value: float(count) for value, count in numbers.items()})
                    metric = MetricKey(directive.namespace, definition.name, dimensions)
                    yield Published(region, metric, definition.unit, samples, metadata.timestamp // 1000)
