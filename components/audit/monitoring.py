"""The rules for alarms and dashboards."""

from __future__ import annotations

from typing import Any

from components.audit.reading import document, fields, listed, one_of, text
from components.audit.requests import ALARM, but, failed
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import beside, given
from components.explain.evidence import Case

ALARM_TYPE = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
_ALARMS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"
_BODY = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/cloudwatch/"
_DAY, _WEEK, _HOUR = 86_400, 604_800, 3600
_OF_ONE_METRIC = frozenset(
    {"dimensions", "extendedStatistic", "metricName", "namespace", "period", "statistic", "unit"}
)
_METRIC_WIDGET = '{"type": "metric", "x": 0, "width": 8, "properties": {"region": "eu-west-1", "metrics": []}}'


def _periods(case: Case) -> list[int]:
    """The alarm's period, or those of its queries and their metrics."""
    queries = [part for one in listed(case.inputs, "metricQueries") for part in (one, fields(one, "metric"))]
    return [part["period"] for part in (case.inputs, *queries) if "period" in part]


def _has_whole_periods(case: Case) -> bool:
    return bool(_periods(case)) and all(period in (10, 20, 30) or period % 60 == 0 for period in _periods(case))


def _window_fits(case: Case) -> bool:
    evaluated = case.inputs["evaluationPeriods"]
    return all(period * evaluated <= (_WEEK if period >= _HOUR else _DAY) for period in _periods(case))


def _looks_at_one_thing(case: Case) -> bool:
    queries = listed(case.inputs, "metricQueries")
    if not queries:
        return {"namespace", "metricName", "period"} <= case.inputs.keys()
    return _OF_ONE_METRIC.isdisjoint(case.inputs) and [one.get("returnData") for one in queries].count(True) == 1


def _dimensions_are_there(case: Case) -> bool:
    dimensions = fields(case.inputs, "dimensions")
    return len(dimensions) <= 30 and all(value and len(value) <= 1024 for value in dimensions.values())


def _name_is_its_own(case: Case) -> bool:
    return sum(one.inputs["name"] == case.inputs["name"] for one in case.graph.of(ALARM_TYPE)) == 1


def _widgets(case: Case) -> list[Any]:
    return listed(document(case.inputs["dashboardBody"]), "widgets")


def _widgets_are_whole(case: Case) -> bool:
    return 1 <= len(_widgets(case)) <= 500 and all({"type", "properties"} <= one.keys() for one in _widgets(case))


def _widgets_fit(case: Case) -> bool:
    return all(
        one.get("x", 0) <= 23 and one.get("width", 1) <= 24 and one.get("x", 0) + one.get("width", 1) <= 24
        for one in _widgets(case)
    )


def _metrics(case: Case) -> list[Any]:
    return [one["properties"] for one in _widgets(case) if one["type"] == "metric"]


def _metrics_are_plain(case: Case) -> bool:
    """Namespace, name, and pairs of a dimension's name and value, all strings, then at most one object of options."""
    for metric in (metric for one in _metrics(case) for metric in one["metrics"]):
        plain = metric[:-1] if isinstance(metric[-1], dict) else metric
        if len(plain) < 2 or len(plain) % 2 or not all(isinstance(part, str) and part for part in plain):
            return False
    return True


def _alarm(changed: dict[str, object], sentence: str, source: str = "") -> RefusedCall:
    return RefusedCall("cloudwatch.PutMetricAlarm", but(ALARM, changed), "ValidationError", sentence, source)


def _dashboard(widget: str, path: str, message: str, source: str) -> RefusedCall:
    body = f'{{"widgets": [{widget}]}}'
    return RefusedCall(
        "cloudwatch.PutDashboard",
        {"DashboardName": "audit", "DashboardBody": body},
        "InvalidParameterInput",
        "The dashboard body is invalid, there are 1 validation errors:\n"
        f'[\n  {{\n    "dataPath": "{path}",\n    "message": "{message}"\n  }}\n]',
        f"{_PREFLIGHT}{source}",
    )


RULES = (
    Rule(
        "alarm-name",
        ALARM_TYPE,
        "An alarm's name has 1 to 255 characters.",
        _ALARMS,
        text("name", 1, 255),
        given({"name": "n" * 256}),
        (
            _alarm(
                {"AlarmName": "n" * 256},
                failed("alarmName", "have length less than or equal to 255", value="n" * 256),
            ),
        ),
    ),
    Rule(
        "alarm-name-unique",
        ALARM_TYPE,
        "Alarm names are unique: a second alarm with the same name overwrites the first.",
        _ALARMS,
        _name_is_its_own,
        lambda case: beside(ALARM_TYPE, {"name": case.inputs["name"]})(case),
    ),
    Rule(
        "alarm-description",
        ALARM_TYPE,
        "An alarm's description has at most 1,024 characters.",
        _ALARMS,
        text("alarmDescription", 1, 1024),
        given({"alarmDescription": "d" * 1025}),
        (
            _alarm(
                {"AlarmDescription": "d" * 1025},
                failed("alarmDescription", "have length less than or equal to 1024", value="d" * 1025),
            ),
        ),
    ),
    Rule(
        "alarm-period",
        ALARM_TYPE,
        "A period is 10, 20 or 30 seconds or whole minutes.",
        _ALARMS,
        _has_whole_periods,
        given({"period": 90}),
        (
            _alarm(
                {"Period": 90},
                "Period must be 10, 20, 30 or a multiple of 60",
                f"{_PREFLIGHT}pf-cloudwatch-alarm-period",
            ),
        ),
    ),
    Rule(
        "alarm-looks-at-one",
        ALARM_TYPE,
        "An alarm has either one metric, or queries of which exactly one returns data.",
        f"{_ALARMS}, hashicorp/terraform-provider-aws internal/service/cloudwatch/metric_alarm.go (ConflictsWith)",
        _looks_at_one_thing,
        given({"metricQueries.0": {"id": "answer", "expression": "a + b", "returnData": True}, "period": 60}),
    ),
    Rule(
        "alarm-window",
        ALARM_TYPE,
        "All periods together are at most a day, or a week if each is an hour or longer.",
        f"{_PREFLIGHT}pf-cloudwatch-alarm-evaluation-window",
        _window_fits,
        given({"period": 300, "evaluationPeriods": 289}),
        (_alarm({"Period": 300, "EvaluationPeriods": 289}, "EvaluationPeriods * Period must be <= 86400"),),
    ),
    Rule(
        "alarm-datapoints",
        ALARM_TYPE,
        "The number of breaching periods is at most the number of periods.",
        f"{_PREFLIGHT}pf-cloudwatch-datapoints-evaluation",
        lambda case: case.inputs.get("datapointsToAlarm", 1) <= case.inputs["evaluationPeriods"],
        given({"datapointsToAlarm": 6, "evaluationPeriods": 5}),
        (_alarm({"DatapointsToAlarm": 6}, "DatapointsToAlarm must be less than or equal to EvaluationPeriods"),),
    ),
    Rule(
        "alarm-dimensions",
        ALARM_TYPE,
        "A metric has at most 30 dimensions, each with a value: an alarm on an empty name never receives data.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html",
        _dimensions_are_there,
        given({"dimensions": {"QueueName": ""}}),
        (
            _alarm(
                {"Dimensions": [{"Name": "QueueName", "Value": ""}]},
                failed("dimensions.1.member.value", "have length greater than or equal to 1", value=""),
            ),
        ),
    ),
    Rule(
        "alarm-statistic",
        ALARM_TYPE,
        "A statistic is one of five.",
        _ALARMS,
        one_of("statistic", ("Average", "Maximum", "Minimum", "SampleCount", "Sum")),
        given({"statistic": "p99"}),
        (_alarm({"Statistic": "p99"}, failed("statistic", "satisfy enum value set: [", value="p99")),),
    ),
    Rule(
        "alarm-comparison",
        ALARM_TYPE,
        "The comparison operator is one of four.",
        _ALARMS,
        one_of(
            "comparisonOperator",
            (
                "GreaterThanOrEqualToThreshold",
                "GreaterThanThreshold",
                "LessThanOrEqualToThreshold",
                "LessThanThreshold",
            ),
        ),
        given({"comparisonOperator": ">"}),
        (_alarm({"ComparisonOperator": ">"}, failed("comparisonOperator", "satisfy enum value set: [", value=">")),),
    ),
    Rule(
        "alarm-actions",
        ALARM_TYPE,
        "An alarm has at most five actions.",
        _ALARMS,
        lambda case: all(len(listed(case.inputs, name)) <= 5 for name in ("alarmActions", "okActions")),
        given({"alarmActions": [f"arn:aws:sns:eu-west-1:123456789012:{number}" for number in range(6)]}),
        (
            _alarm(
                {"AlarmActions": [f"arn:aws:sns:eu-west-1:123456789012:{number}" for number in range(6)]},
                failed(
                    "alarmActions",
                    "have length less than or equal to 5",
                    value=f"[{', '.join(f'arn:aws:sns:eu-west-1:123456789012:{number}' for number in range(6))}]",
                ),
            ),
        ),
    ),
    Rule(
        "dashboard-name",
        DASHBOARD,
        "A dashboard's name has 1 to 255 letters, digits, hyphens and underscores.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html",
        text("dashboardName", 1, 255, r"[A-Za-z0-9_-]+"),
        given({"dashboardName": "order pipeline"}),
        (
            RefusedCall(
                "cloudwatch.PutDashboard",
                {"DashboardName": "order pipeline", "DashboardBody": "{}"},
                "InvalidParameterValue",
                "The value for field DashboardName contains invalid characters. "
                "It can only contain alphanumerics, dash (-) and underscore (_).",
                "localstack/localstack tests/aws/services/cloudwatch/test_cloudwatch.snapshot.json",
            ),
        ),
    ),
    Rule(
        "dashboard-widgets",
        DASHBOARD,
        "A dashboard has 1 to 500 widgets, each with a type and properties.",
        _BODY,
        _widgets_are_whole,
        given({"dashboardBody": '{"widgets": [{"type": "text"}]}'}),
        (
            _dashboard(
                '{"type": "text"}',
                "/widgets/0",
                "Should have required property 'properties'",
                "pf-cloudwatch-dashboard-widget-fields",
            ),
        ),
    ),
    Rule(
        "dashboard-grid",
        DASHBOARD,
        "A widget lies within the grid of 24 columns.",
        _BODY,
        _widgets_fit,
        given({"dashboardBody": f'{{"widgets": [{_METRIC_WIDGET.replace(": 0", ": 24")}]}}'}),
        (
            _dashboard(
                _METRIC_WIDGET.replace(": 0", ": 24"),
                "/widgets/0/x",
                "Should be <= 23",
                "pf-cloudwatch-dashboard-widget-position",
            ),
        ),
    ),
    Rule(
        "dashboard-sources",
        DASHBOARD,
        "A metric widget has a region and metrics.",
        _BODY,
        lambda case: all(one.get("region") and one.get("metrics") for one in _metrics(case)),
        given({"dashboardBody": '{"widgets": [{"type": "metric", "properties": {"metrics": [["a", "b"]]}}]}'}),
        (
            _dashboard(
                '{"type": "metric", "properties": {"metrics": []}}',
                "/widgets/0/properties",
                "The metric widget should have specified a region and a data source or an alarm annotation",
                "pf-cloudwatch-dashboard-metric-widget-source",
            ),
        ),
    ),
    Rule(
        "dashboard-metrics",
        DASHBOARD,
        "A metric is a list of strings, namespace, name and pairs of dimensions, and at most one object of options.",
        _BODY,
        _metrics_are_plain,
        given(
            {
                "dashboardBody": '{"widgets": [{"type": "metric", "properties": '
                '{"region": "eu-west-1", "metrics": [["AWS/SQS", "Age", {"QueueName": "q"}, "Sum"]]}}]}'
            }
        ),
    ),
    Rule(
        "dashboard-periods",
        DASHBOARD,
        "A widget's period is 1 to 30 seconds, or whole minutes.",
        _BODY,
        lambda case: all(
            one.get("period", 60) in (1, 5, 10, 20, 30) or one.get("period", 60) % 60 == 0 for one in _metrics(case)
        ),
        given({"dashboardBody": '{"widgets": [{"type": "metric", "properties": {"period": 90}}]}'}),
        (
            _dashboard(
                _METRIC_WIDGET.replace('"metrics"', '"period": 90, "metrics"'),
                "/widgets/0/properties/period",
                "Should be multiple of 60",
                "pf-cloudwatch-dashboard-widget-period",
            ),
        ),
    ),
)
