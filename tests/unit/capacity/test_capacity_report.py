"""Objectives, the diagnosis' cases, remedies and prices, the page and the comparison."""

from __future__ import annotations

import sys
import warnings
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from capacity import page, remedy
from capacity.bottleneck import CAPTURE, DELIVERY, Bottleneck, ServiceSignals, ShardLoad, Stage, find
from capacity.flow import StageFlow, enough_s
from capacity.metrics import CloudWatchMetrics, MetricReading, signals
from capacity.objective import Objective
from capacity.remedy import PricedStack
from capacity.report import CapacityReport, CapacityStep, gives_out, read
from lake.freshness import Freshness
from loadgen.cli import main
from loadgen.dynamodb.answers import throttle_class
from loadgen.dynamodb.contributors import KeyCount, TableKeys
from loadgen.dynamodb.writes import Outcome, Reply
from loadgen.report.report import RunReport, ThresholdReport
from stack import StackOutputs, UserError
from tests.property.capacity.simulated_pipeline import SimulatedPipeline

FRESH = Freshness(
    since=None, changes=9, objects=1, gone=0, p50_s=2, p90_s=4, p99_s=9, max_s=9, slowest="s3://lake/object"
)
BEHIND = StageFlow(
    name=DELIVERY,
    came=600,
    passed=600,
    came_per_s=100,
    passed_per_s=50,
    backlog=300,
    growth_per_s=50,
    busy_per_s=50,
    drained_s=6,
    verdict="behind",
    why="the backlog grew",
)
LATE = ThresholdReport(expression="freshness_p99<5s", value=9, met=False, measured="9 s")


def run_report() -> RunReport:
    return SimulatedPipeline().report(100, 100, 10)


def step(rate: float, **changed: Any) -> CapacityStep:
    given: dict[str, Any] = {
        "rate": rate,
        "load_s": 10,
        "acked_per_s": rate,
        "acked": int(rate * 10),
        "dropped": 0,
        "failed": 0,
        "throttled": {},
        "latency_ms": {"intended": {"p99": 4.0}, "service": {"p99": 3.0}},
        "objectives": [],
        "flows": [structs.replace(BEHIND, verdict="steady", growth_per_s=0)],
        "shards": [ShardLoad("shard-0", rate, 1000 * rate)],
        "signals": ServiceSignals(function_busy_s=rate / 100, function_invocations=10),
        "freshness": FRESH,
        "left": 0,
        "drain_s": 2.0,
        "change_bytes": 1700,
        "generator": "it kept up",
        "bottleneck": None,
    }
    return CapacityStep(**given | changed)


def capacity_report(**changed: Any) -> CapacityReport:
    cause = Bottleneck(stage="stream", limit_per_s=990, why="Kinesis refused <records>")
    steps = [step(500), step(2000, bottleneck=cause), step(1000)]
    given: dict[str, Any] = {
        "schema": 1,
        "kind": "capacity",
        "tool": "test",
        "started_at": "2026-01-01T00:00:00+00:00",
        "origin": "stack 'dev'",
        "table": "orders",
        "region": "eu-west-1",
        "endpoint_url": None,
        "objectives": ["dropped==0"],
        "precision": 0.1,
        "item_bytes": 0,
        "batch": 1,
        "buffered_s": 1.0,
        "steps": steps,
        "held_per_s": 1000,
        "failed_per_s": 2000,
        "bottleneck": cause,
    }
    return CapacityReport(**given | changed)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("freshness_p99<10s", True),
        ("freshness_p99<9s", False),
        ("freshness_max<=9s", True),
        ("freshness_p50<0.1m", True),
        ("dropped==0", True),
        ("intended_p99<0.5ms", False),
    ],
)
def test_an_objective_is_judged_by_the_writers_report_or_by_the_lake(text: str, met: bool) -> None:
    assert Objective.parse(text).check(run_report(), FRESH).met is met


def test_a_freshness_without_any_change_does_not_hold() -> None:
    assert not Objective.parse("freshness_p99<10s").check(run_report(), None).met


@pytest.mark.parametrize("text", ["freshness<10s", "freshness_p99==10s", "freshness_p99<10", "nothing<4"])
def test_an_objective_that_is_none_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"objective|metric"):
        Objective.parse(text)


@pytest.mark.parametrize(
    ("given", "stage"),
    [
        (ServiceSignals(function_throttles=3), "transform"),
        (ServiceSignals(function_throttles=0, function_busy_s=15, function_concurrency=1), "transform"),
        (ServiceSignals(function_throttles=0, function_busy_s=1, function_concurrency=1), "delivery"),
        (ServiceSignals(function_throttles=0, stream_reads_refused=9), "delivery"),
        (ServiceSignals(), "delivery"),
    ],
)
def test_a_delivery_that_falls_behind_is_the_transforms_when_its_metrics_say_so(
    given: ServiceSignals, stage: str
) -> None:
    found = find(run_report(), [BEHIND], [ShardLoad("shard-0", 50, 9)], given, [])
    assert found is not None
    assert found.stage == stage
    assert ("Kinesis refused 9 reads" in found.why) == (given.stream_reads_refused == 9)


@pytest.mark.parametrize(
    ("given", "records_per_s", "stage"),
    [
        (ServiceSignals(stream_refused=7), 300, "stream"),
        (ServiceSignals(stream_refused=0), 980, "pipe"),
        (ServiceSignals(), 980, "stream"),
        (ServiceSignals(), 300, "pipe"),
    ],
)
def test_a_capture_that_falls_behind_is_the_streams_when_a_shard_is_full(
    given: ServiceSignals, records_per_s: float, stage: str
) -> None:
    flows = [structs.replace(BEHIND, name=CAPTURE), BEHIND]
    found = find(run_report(), flows, [ShardLoad("shard-0", records_per_s, 9)], given, [])
    assert found is not None
    assert found.stage == stage


def test_an_objective_that_fails_without_a_full_stage_is_named_by_what_it_is_about() -> None:
    steady = [structs.replace(BEHIND, verdict="steady")]
    fresh = find(run_report(), steady, [], ServiceSignals(), [LATE])
    slow = ThresholdReport(expression="intended_p99<1ms", value=9, met=False, measured="9 ms")
    late = find(run_report(), steady, [], ServiceSignals(), [slow, LATE])
    assert (fresh and fresh.stage, late and late.stage) == ("buffering", "table")
    assert find(run_report(), steady, [], ServiceSignals(), []) is None


class CloudWatch:
    """Serves GetMetricData with sums that grow from call to call, page by page."""

    def __init__(self, *pages: dict[str, list[float]]) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, Any]] = []

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        page = self.pages.pop(0)
        results = [{"Id": f"m_{key}", "Values": values} for key, values in page.items()]
        return {"MetricDataResults": results} | ({"NextToken": "more"} if "more" in page else {})


def test_a_step_has_the_growth_of_sums_and_the_values_of_the_rest() -> None:
    outputs = StackOutputs(
        origin="test", region="r", endpoint_url="http://127.0.0.1:1", stream_name="s", function_name="f", pipe_name="p"
    )
    cloudwatch = CloudWatch(
        {"incoming": [40.0], "busy_ms": [1500.0, 500.0], "concurrency": [3.0, 2.0]},
        {"incoming": [100.0], "refused": [4.0], "invocations": [8.0], "busy_ms": [3500.0], "concurrency": [2.0, 4.0]},
    )
    metrics = CloudWatchMetrics(outputs, cloudwatch)
    before = MetricReading(datetime(2026, 1, 1, tzinfo=UTC), {"incoming": 30.0, "busy_ms": 1000.0})
    # Not all records exist at the first poll.
    found = signals(metrics.since(before, 70), 0, 0)
    assert len(cloudwatch.asked) == 2
    assert (found.stream_refused, found.function_throttles, found.pipe_failed) == (4.0, 0.0, None)
    assert (found.function_busy_s, found.function_concurrency) == (2.5, 4.0)
    names = {query["MetricStat"]["Metric"]["MetricName"] for query in cloudwatch.asked[0]["MetricDataQueries"]}
    assert "WriteProvisionedThroughputExceeded" in names
    assert "DeliveryToS3.Success" not in names, "the delivery stream is not known"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"throttlingReasons":[{"reason":"TableWriteKeyRangeThroughputExceeded"}]}', " (TableWriteKeyRange"),
        (b'{"ThrottlingReasons":[{"reason":"TableWriteMaxOnDemandThroughputExceeded"}]}', " (TableWriteMaxOnDemand"),
        (b'{"message":"slow down"}', ""),
        (b"", ""),
    ],
)
def test_a_throttle_is_counted_with_the_limit_that_dynamodb_names(body: bytes, name: str) -> None:
    found = throttle_class(Reply(Outcome.THROTTLED, "ThrottlingException", "", body))
    assert found.startswith(f"ThrottlingException{name}")
    assert name or found == "ThrottlingException"


@pytest.fixture(scope="module")
def stack() -> PricedStack:
    with warnings.catch_warnings():
        # pulumi_aws warns of deprecated classes in its modules, used or not, when it loads them.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = remedy.priced_stack("dev", step(900), 0)
        assert found is not None
        found.cost(())
    return found


def test_a_remedy_has_the_difference_of_the_stacks_cost(stack: PricedStack) -> None:
    more, on_demand = remedy.remedies("stream", stack, 1)
    assert (more.setting, more.now, more.to) == ("kinesisShards", "1", "2")
    # One shard more: 730 hours of the price list's $0.015.
    assert (more.month_usd, more.million_usd) == (pytest.approx(10.95), 0.0)
    assert on_demand.million_usd is not None
    assert on_demand.million_usd > 0
    price = remedy.price(stack, 900)
    cost = stack.cost(())
    assert price.million_usd == pytest.approx(cost.million + cost.month / (900 * 730 * 3600 / 1e6), abs=1e-4)


def test_a_stack_that_this_project_does_not_have_has_no_price() -> None:
    assert remedy.priced_stack("none", step(900), 0) is None
    assert all(one.month_usd is None for one in remedy.remedies("transform", None, 2))


def test_an_estimate_says_what_is_needed_and_what_it_assumes() -> None:
    found = remedy.estimate(1000, step(900), 4096, None)
    assert found.rate == 900_000
    # 4 units per item; 1.3 times the shards for 900,000 changes of 1,700 bytes.
    assert "3,600,000 write units per second, 3,600 or more partitions; above" in found.needs[0]
    assert "1,897 shards at 77% of their limits; above the 1,000" in found.needs[1]
    assert "within the 1,000" in remedy.estimate(10, step(900), 0, None).needs[1]
    # 9 s of invocations for 9,000 changes.
    assert "900.0 invocations" in found.needs[2]
    assert found.assumptions


def test_the_page_shows_the_curve_and_marks_the_stage_that_gives_out(stack: PricedStack) -> None:
    report = capacity_report(
        remedies=remedy.remedies("stream", None, 1),
        price=remedy.price(stack, 900),
        estimates=[remedy.estimate(10, step(900), 0, stack)],
    )
    html = page.page(report)
    assert html.count("<svg") == 2
    assert "2,000/s: the stream is the bottleneck" in html
    assert "Kinesis refused &lt;records&gt;" in html
    assert "<records>" not in html
    assert "kinesisShards: ? → 2" in html


def test_two_reports_are_compared_by_what_the_pipelines_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = tmp_path / "before.json", tmp_path / "after.json"
    capacity_report().save(paths[0])
    capacity_report(held_per_s=800).save(paths[1])
    assert read(paths[0]) == capacity_report()
    names = [str(path) for path in paths]
    assert main(["compare", *names]) == 0
    assert "takes 19.2% less" in capsys.readouterr().out  # 990, measured at the saturated stream, and 800
    assert main(["compare", *names, "--tolerate", "10%"]) == 1
    assert main(["compare", *names[::-1], "--tolerate", "10%"]) == 0


def test_a_narrow_comparison_has_a_line_for_each_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = tmp_path / "before.json", tmp_path / "after.json"
    for path in paths:
        capacity_report().save(path)
    for name, value in {"COLUMNS": "30", "LINES": "50", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["compare", *map(str, paths)]) == 0
    out = capsys.readouterr().out
    assert "bottleneck: stream and stream\n" in out
    assert {"before.json", "after.json"} <= set(out.split())


def test_the_stage_is_the_one_that_most_failed_steps_name() -> None:
    def failed(rate: float, stage: Stage, limit: float | None, load_s: float = 10) -> CapacityStep:
        return step(rate, load_s=load_s, bottleneck=Bottleneck(stage=stage, limit_per_s=limit, why=f"at {rate}"))

    steps = [failed(400, "stream", 200), step(100), failed(300, "stream", None), failed(250, "delivery", 190)]
    assert gives_out(steps) == Bottleneck(stage="stream", limit_per_s=200, why="at 300")
    assert gives_out([failed(300, "pipe", 9), failed(250, "delivery", 190)]) == failed(250, "delivery", 190).bottleneck
    assert gives_out([step(100)]) is None
    # The longest step decides, and of equally long ones the one whose rate is closest to the limit.
    longer = [failed(300, "pipe", 90, 40), failed(250, "pipe", 70), failed(400, "pipe", 80, 40)]
    assert gives_out(longer) == Bottleneck(stage="pipe", limit_per_s=90, why="at 250")


def test_a_report_of_something_else_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match="not a report of a capacity run"):
        read(tmp_path / "other.json")


def test_the_longer_the_buffer_the_longer_a_step() -> None:
    assert enough_s(0, 0) == 10
    assert 15 < enough_s(1, 1) < 40
    assert enough_s(70, 1) > 5 * 70


HOTTEST = KeyCount(key=("order-1",), number=90.0, busiest_per_s=1.5)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([TableKeys(table="orders", state="on", throttled=[HOTTEST])], "; its most throttled key is order-1, with 90 "),
        ([TableKeys(table="orders", state="off")], "; with tableContributorInsights the report names the keys"),
        ([], "acknowledged"),
    ],
)
def test_a_partitions_limit_comes_with_its_most_throttled_key(keys: list[TableKeys], said: str) -> None:
    report = SimulatedPipeline(partition=50).report(100, 50, 10)
    report.keys = keys
    found = find(report, [], [], ServiceSignals(), [LATE])
    assert found is not None
    assert found.stage == "partition"
    assert said in found.why


def test_the_page_of_a_saved_search_is_drawn_by_html(tmp_path: Path) -> None:
    capacity_report().save(tmp_path / "capacity.json")
    assert main(["html", str(tmp_path / "capacity.json"), str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text() == page.page(read(tmp_path / "capacity.json"))
