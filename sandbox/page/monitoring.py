"""CloudWatch for the page: the deployed dashboard with its data, the alarms and their history."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any, cast

from botocore.exceptions import ClientError

from sandbox.page.clients import Clients, reason

_MAX_QUERIES = 500
"""GetMetricData's limit of queries: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""


def dashboard(clients: Clients) -> dict[str, Any]:
    """The dashboard's body as the program deployed it."""
    found = clients.cloudwatch.get_dashboard(DashboardName=clients.outputs["dashboard_name"])
    return json.loads(found["DashboardBody"])


def data(clients: Clients, minutes: int) -> list[dict[str, Any]]:
    """The data of every graph of the dashboard over the last minutes: title, and lines with times (epoch s) and values.

    Raises:
        ValueError: CloudWatch refuses the query; the text is the reason.
    """
    widgets = [widget["properties"] for widget in dashboard(clients)["widgets"] if widget["type"] == "metric"]
    queries: list[dict[str, Any]] = []
    lines: list[list[str]] = []
    for widget in widgets:
        queries_of_widget = [_query(f"m{len(queries) + number}", metric, widget) for number, metric in _metrics(widget)]
        lines.append([query["Id"] for query in queries_of_widget])
        queries += queries_of_widget
    end_s = time.time()
    results: dict[str, dict[str, Any]] = {}
    for start in range(0, len(queries), _MAX_QUERIES):
        try:
            found = clients.cloudwatch.get_metric_data(
                MetricDataQueries=queries[start : start + _MAX_QUERIES],
                StartTime=datetime.fromtimestamp(end_s - minutes * 60, UTC),
                EndTime=datetime.fromtimestamp(end_s, UTC),
                ScanBy="TimestampAscending",
            )
        except ClientError as error:
            raise ValueError(reason(error)) from error
        results |= {result["Id"]: result for result in found["MetricDataResults"]}
    return [
        {
            "title": widget.get("title", ""),
            "lines": [
                {
                    "label": results[id_]["Label"],
                    "times": [each.timestamp() for each in results[id_]["Timestamps"]],
                    "values": results[id_]["Values"],
                }
                for id_ in ids
                if id_ in results
            ],
        }
        for widget, ids in zip(widgets, lines, strict=True)
    ]


def _metrics(widget: dict[str, Any]) -> list[tuple[int, list[Any]]]:
    """The metrics of a widget, with CloudWatch's `.` replaced by the corresponding member of the previous metric."""
    found: list[list[Any]] = []
    for metric in widget["metrics"]:
        above = found[-1] if found else []
        found.append(
            [above[place] if part == "." and place < len(above) else part for place, part in enumerate(metric)]
        )
    return list(enumerate(found))


def _query(id_: str, metric: list[Any], widget: dict[str, Any]) -> dict[str, Any]:
    """One entry of a widget as a query of GetMetricData."""
    options = cast("dict[str, Any]", metric[-1] if isinstance(metric[-1], dict) else {})
    parts: list[str] = metric[:-1] if options else metric
    label = {"Label": options["label"]} if "label" in options else {}
    period = options.get("period", widget.get("period", 60))
    if "expression" in options:
        return {"Id": options.get("id", id_), "Expression": options["expression"], "Period": period, **label}
    dimensions = [{"Name": name, "Value": value} for name, value in zip(parts[2::2], parts[3::2], strict=True)]
    return {
        "Id": options.get("id", id_),
        "MetricStat": {
            "Metric": {"Namespace": parts[0], "MetricName": parts[1], "Dimensions": dimensions},
            "Period": period,
            "Stat": options.get("stat", widget.get("stat", "Average")),
        },
        **label,
    }


def alarms(clients: Clients) -> list[dict[str, Any]]:
    """Every alarm with its state, reason and time of the last change, those in ALARM first."""
    found = clients.cloudwatch.describe_alarms()
    order = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
    shown = [
        {
            "name": alarm["AlarmName"],
            "description": alarm.get("AlarmDescription", ""),
            "state": alarm["StateValue"],
            "reason": alarm.get("StateReason", ""),
            "since": alarm["StateUpdatedTimestamp"].timestamp(),
        }
        for alarm in (*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ()))
    ]
    return sorted(shown, key=lambda alarm: (order[alarm["state"]], alarm["name"]))


def history(clients: Clients) -> list[dict[str, Any]]:
    """The latest changes of the alarms' states, the newest first."""
    found = clients.cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate", MaxRecords=50)
    return [
        {"name": item["AlarmName"], "at": item["Timestamp"].timestamp(), "summary": item["HistorySummary"]}
        for item in found["AlarmHistoryItems"]
    ]
