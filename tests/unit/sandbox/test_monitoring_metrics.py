"""Statistics, metric math, searches and Metrics Insights, by the examples of CloudWatch's documentation."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.monitoring.embedded import metrics_of
from sandbox.monitoring.metric_file import MetricFile
from sandbox.monitoring.queries import MetricQuery, run
from sandbox.monitoring.recorder import MetricKey, Published, Recorder, metric, switched_by_signals
from sandbox.monitoring.series import MathError
from sandbox.monitoring.statistics import MAX_DISTINCT, StatisticSet, statistic_set
from sandbox.monitoring.store import MAX_METRICS, MetricStore

REGION = "eu-west-1"
NOW_S = 1_800_000_000
M1, M2 = metric("N", "m1", a="1"), metric("N", "m2", a="2")


def stored(values: Mapping[MetricKey, Mapping[int, float]], now_s: int = NOW_S) -> MetricStore:
    """A store with values by their minutes, counted from `NOW_S`."""
    store = MetricStore(lambda: now_s)
    for one, minutes in values.items():
        for minute, value in minutes.items():
            at_s = NOW_S + minute * 60
            store.add([Published(REGION, one, "Count", statistic_set({value: 1.0}), at_s)])
    return store


def answer(store: MetricStore, expression: str, minutes: int = 4) -> list[tuple[str, dict[int, float]]]:
    """What an expression over m1 and m2 gives, by minutes."""
    queries = [
        MetricQuery("m1", metric=M1, statistic="Sum", period_s=60, returned=False),
        MetricQuery("m2", metric=M2, statistic="Sum", period_s=60, returned=False),
        MetricQuery("e", expression=expression),
    ]
    results = run(store, REGION, queries, NOW_S, NOW_S + minutes * 60)
    return [
        (each.series.label, {(at - NOW_S) // 60: value for at, value in each.series.values.items()}) for each in results
    ]


def test_percentiles_are_those_of_the_samples() -> None:
    samples = statistic_set({float(value): 1.0 for value in range(1, 101)})
    assert [samples.statistic(name) for name in ("p50", "p90", "p99.9", "p100", "Average", "SampleCount")] == [
        50.0,
        90.0,
        100.0,
        100.0,
        50.5,
        100.0,
    ]


def test_many_values_are_binned_to_two_per_cent() -> None:
    samples = statistic_set({value / 7: 1.0 for value in range(1, 5_000)})
    assert samples.values is not None
    assert len(samples.values) <= MAX_DISTINCT
    assert samples.statistic("p50") == pytest.approx(2_500 / 7, rel=0.1)
    assert samples.maximum == 4_999 / 7


def test_a_percentile_of_a_statistic_set_is_not_known() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html, "Percentiles"."""
    assert StatisticSet(2, 3, 1, 2).statistic("p50") is None
    assert StatisticSet(2, 2, 1, 1).statistic("p50") == 1


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("m1 + m2 * 2", {0: 21.0, 1: 42.0}),
        ("(m1 + m2) / m1", {0: 11.0, 1: 11.0}),
        ("m1 ^ 2", {0: 1.0, 1: 4.0, 3: 16.0}),
        ("FILL(m2, 0)", {0: 10.0, 1: 20.0, 2: 0.0, 3: 0.0}),
        ("FILL(m1, REPEAT)", {0: 1.0, 1: 2.0, 2: 2.0, 3: 4.0}),
        ("FILL(m1, LINEAR)", {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}),
        ("IF(m1 > 1, m1, 0)", {0: 0.0, 1: 2.0, 3: 4.0}),
        ("IF(m1 > 1 AND m1 < 4, 1)", {1: 1.0}),
        ("RATE(m1)", {1: 1 / 60, 3: 2 / 120}),
        ("DIFF(m1)", {1: 1.0, 3: 2.0}),
        ("RUNNING_SUM(m1)", {0: 1.0, 1: 3.0, 3: 7.0}),
        ("SUM(METRICS())", {0: 11.0, 1: 22.0, 3: 4.0}),
        ('MAX(METRICS("m"))', {0: 10.0, 1: 20.0, 3: 4.0}),
        ("AVG([m1, m2])", {0: 5.5, 1: 11.0, 3: 4.0}),
        ("m1 - MIN(m1)", {0: 0.0, 1: 1.0, 3: 3.0}),
        ("m1 / PERIOD(m1)", {0: 1 / 60, 1: 2 / 60, 3: 4 / 60}),
        ("m1 / (m1 - 1)", {1: 2.0, 3: 4 / 3}),
    ],
)
def test_metric_math(expression: str, values: dict[int, float]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html"""
    store = stored({M1: {0: 1, 1: 2, 3: 4}, M2: {0: 10, 1: 20}})
    ((_, found),) = answer(store, expression)
    assert found == pytest.approx(values)


@pytest.mark.parametrize("expression", ["m1 +", "m3 * 2", "NOSUCH(m1)", "m1 m2", "e + 1", "AVG(m1)", "$", "m1 + 'a'"])
def test_an_expression_that_is_wrong_is_refused_in_a_sentence(expression: str) -> None:
    with pytest.raises(MathError, match=r".+"):
        answer(stored({M1: {0: 1}}), expression)


def test_a_search_finds_metrics_by_schema_and_words() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html"""
    one = metric("AWS/SQS", "NumberOfMessagesSent", QueueName="orders-dead-letters")
    other = metric("AWS/SQS", "NumberOfMessagesSent", QueueName="events")
    store = stored({one: {0: 1}, other: {0: 2}, metric("AWS/SQS", "Other"): {0: 3}})
    schema = "{AWS/SQS,QueueName}"

    def labels(text: str) -> list[str]:
        return sorted(label for label, _ in answer(store, f"SEARCH('{text}', 'Sum', 60)"))

    both = ["events NumberOfMessagesSent", "orders-dead-letters NumberOfMessagesSent"]
    assert labels(f'{schema} MetricName="NumberOfMessagesSent"') == both
    assert labels(f"{schema} messages NOT orders") == both[:1]
    assert labels(f'{schema} (dead letters) OR QueueName="events"') == both
    assert labels('Namespace="AWS/SQS" letters') == both[1:]


def test_metrics_insights_selects_groups_and_orders() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html"""
    name = "FailedToReplicateRecordCount"
    mine = metric("AWS/DynamoDB", name, TableName="t", DelegatedOperation="x")
    other = metric("AWS/DynamoDB", name, TableName="u", DelegatedOperation="x")
    store = stored({mine: {0: 1, 2: 3}, other: {0: 5}, metric("AWS/DynamoDB", name, TableName="t"): {0: 100}})
    schema = 'FROM SCHEMA("AWS/DynamoDB", DelegatedOperation, TableName)'
    assert answer(store, f"SELECT SUM({name}) {schema} WHERE TableName = 't'") == [(name, {0: 1.0, 2: 3.0})]
    assert answer(store, f"SELECT SUM({name}) {schema} WHERE TableName = 'no'") == [(name, {})]
    grouped = answer(store, f"SELECT MAX({name}) {schema} GROUP BY TableName ORDER BY MAX() DESC LIMIT 1")
    assert grouped == [("u", {0: 5.0})]
    with pytest.raises(MathError):
        answer(store, "SELECT everything")


def test_the_store_is_bounded_in_metrics_and_in_age() -> None:
    now_s = [NOW_S]
    store = MetricStore(lambda: now_s[0])
    for number in range(MAX_METRICS + 10):
        store.add([Published(REGION, metric("N", f"m{number}"), "Count", statistic_set({1.0: 1.0}))])
    assert len(list(store.metrics(REGION))) == MAX_METRICS
    newest = metric("N", f"m{MAX_METRICS + 9}")
    store.add([Published(REGION, newest, "Count", statistic_set({2.0: 1.0}), NOW_S + 60)])
    store.thin_out(NOW_S + 2 * 86_400)
    (point,) = store.periods(REGION, newest, NOW_S, NOW_S + 300, 300).values()
    assert (point.sum, point.count) == (3.0, 2.0)
    assert len(list(store.everything())) == MAX_METRICS
    store.thin_out(NOW_S + 20 * 86_400)
    assert list(store.everything()) == []


def test_the_recorder_takes_each_sample_once() -> None:
    recorder = Recorder()
    series = recorder.series(REGION, M1, "Count", 0.5)
    for value in (1, 2, 2):
        series.add(value)
    (published,) = recorder.take()
    assert (published.samples.sum, published.samples.count, published.samples.maximum) == (2.5, 3.0, 1.0)
    assert recorder.take() == []


def test_signals_switch_a_recorder_that_discards_while_it_is_off() -> None:
    recorder = Recorder(on=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    switched_by_signals(recorder)
    try:
        add, counted = recorder.series(REGION, M1, "Count").add, list[float]()
        for number in (signal.SIGUSR2, signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1):
            signal.raise_signal(number)
            add(number)
            counted += [each.samples.sum for each in recorder.take()]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert counted == [signal.SIGUSR1, signal.SIGUSR1]


def test_the_file_gives_back_what_is_whole(tmp_path: Path) -> None:
    file = MetricFile(tmp_path / "metrics")
    kept = Published(REGION, M1, "Count", statistic_set({1.0: 2.0}), NOW_S)
    file.append([kept])
    file.append([kept])
    with (tmp_path / "metrics").open("ab") as torn:
        torn.write(b"\0\0\1\0half")
    assert list(MetricFile(tmp_path / "metrics").read()) == [kept, kept]
    file.replace([kept])
    assert list(MetricFile(tmp_path / "metrics").read()) == [kept]


def test_metrics_are_taken_out_of_a_log_line() -> None:
    """The example of the Embedded Metric Format Specification, with numbers of two metrics."""
    line = (
        '{"_aws": {"Timestamp": 1574109732004, "CloudWatchMetrics": [{"Namespace": "lambda-function-metrics", '
        '"Dimensions": [["functionVersion"]], "Metrics": [{"Name": "time", "Unit": "Milliseconds"}, '
        '{"Name": "sizes"}, {"Name": "missing"}]}]}, "functionVersion": "$LATEST", "time": 100, "sizes": [1, 2]}'
    )
    time, sizes = metrics_of(REGION, line)
    expected = MetricKey("lambda-function-metrics", "time", (("functionVersion", "$LATEST"),))
    assert (time.metric, time.unit, time.at_s, time.samples.sum) == (expected, "Milliseconds", 1574109732, 100.0)
    assert (sizes.metric.name, sizes.unit, sizes.samples.count) == ("sizes", "None", 2.0)
    assert list(metrics_of(REGION, "plain text")) == []
    assert list(metrics_of(REGION, '{"_aws": 1}')) == []
