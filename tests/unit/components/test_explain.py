from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from components import bundle
from components.explain import cli, outline, prices, rates
from components.explain.graph import Graph
from components.explain.prices import Cost, Workload
from components.settings import Settings
from tests.unit.components.running import Record

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture
def no_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The Lambda's zip is a file that is there already."""

    def build(*_: object) -> Path:
        (tmp_path / "transform.zip").write_bytes(b"")
        return tmp_path / "transform.zip"

    monkeypatch.setattr(bundle, "build", build)


def total(program: Graph, settings: Settings) -> Cost:
    return sum((prices.cost(one, settings, Workload()) for one in program.resources), Cost())


def test_the_stack_is_as_it_was_reviewed(stack: str, program: Graph, settings: Settings) -> None:
    """Every resource and input, compared with the snapshot. When the change is meant, write it anew:
    python -m components.explain --stack <stack> --inputs > tests/unit/components/snapshots/<stack>.txt
    """
    assert list(outline.with_inputs(program, settings)) == (SNAPSHOTS / f"{stack}.txt").read_text().splitlines()


def test_every_resource_is_in_the_tree_once_with_what_it_is_for(program: Graph) -> None:
    shown = [resource.urn for resource, _ in outline.tree(program)]
    assert sorted(shown) == sorted(resource.urn for resource in program.resources)
    assert all(outline.purpose(resource) for resource in program.resources)


def test_what_a_choice_may_bring_has_a_purpose_too(record: Record) -> None:
    for changed in (
        {"captureMode": "native"},
        {"eventFanout": "true"},
        {"tableCapacity": "provisioned", "tableMaxReadUnits": "5", "tableMaxWriteUnits": "5"},
    ):
        assert all(outline.purpose(resource) for resource in record("prod", changed).resources)


def test_the_stages_stand_in_the_order_in_which_a_change_meets_them(program: Graph) -> None:
    stages = [resource.name for resource, depth in outline.tree(program) if depth == 0 and resource.name != "key"]
    assert stages == ["table", "capture", "lake", "catalogue", "delivery", "analytics", "observability"]


def test_the_sums_are_those_of_the_parts(program: Graph, settings: Settings) -> None:
    lines = list(cli.explained(program, settings))
    (whole,) = [line for line in lines if line.startswith("all of it")]
    month, million = (float(amount) for amount in re.findall(r"\d+\.\d\d", whole))
    cost = total(program, settings)
    assert month == pytest.approx(cost.month, abs=0.005)
    assert million == pytest.approx(cost.million, abs=0.005)
    assert f"checked on {rates.CHECKED}." in lines[-2]


def test_a_price_that_nobody_confirms_is_said_to_be_one(record: Record) -> None:
    *_, last = cli.explained(record("dev"), Settings())
    doubtful = rates.unverified()
    assert all(f"{rate.unit} at ${rate.usd:g}" in last for rate in doubtful)
    assert last.startswith("Unverified") == bool(doubtful)


def test_every_other_price_has_its_source() -> None:
    for rate in set(rates.Rate) - set(rates.unverified()):
        assert re.match(r"[a-z0-9.-]+\.[a-z]+/", rate.source), rate


def test_changes_kept_longer_cost_more(record: Record) -> None:
    def million(hours: int) -> float:
        stream = record("prod", {"kinesisRetentionHours": str(hours)}).one("aws:kinesis/stream:Stream")
        return prices.cost(stream, Settings(), Workload()).million

    assert million(24) < million(168) < million(720)


def test_a_disposable_stack_costs_its_shard_its_alarms_and_its_dashboard(record: Record) -> None:
    dev = record("dev")
    alarms = len(dev.of("aws:cloudwatch/metricAlarm:MetricAlarm"))
    settings = Settings(lake_format="json-gzip", buffer_size_mb=16, kinesis_shards=1)
    assert total(dev, settings).month == pytest.approx(0.015 * 730 + 0.1 * alarms + 3)


@pytest.mark.parametrize(
    ("dear", "cheap"),
    [
        ({"captureMode": "pipe"}, {"captureMode": "native"}),
        ({"eventFanout": "true"}, {"eventFanout": "false"}),
        ({"lakeFormat": "parquet", "bufferSizeMb": "64"}, {"lakeFormat": "json-gzip", "bufferSizeMb": "64"}),
    ],
)
def test_a_choice_that_costs_by_the_write_is_seen_to(
    dear: dict[str, str], cheap: dict[str, str], record: Record
) -> None:
    def million(changed: dict[str, str]) -> float:
        settings = Settings(lake_format="parquet" if changed.get("lakeFormat", "parquet") == "parquet" else "json-gzip")
        return total(record("prod", changed), settings).million

    assert million(dear) > million(cheap)


def test_a_provisioned_table_costs_by_the_hour_and_not_by_the_write(record: Record) -> None:
    changed = {"tableCapacity": "provisioned", "tableMaxReadUnits": "50", "tableMaxWriteUnits": "900"}
    table = record("prod", changed).one("aws:dynamodb/table:Table")
    cost = prices.cost(table, Settings(), Workload())
    assert cost == Cost(month=pytest.approx((5 * 0.00065 + 5 * 0.00013) * 730), million=0.0)  # pyright: ignore[reportArgumentType] - approx stands for a number


def test_the_command_prints_the_tree(no_build: None, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--stack", "dev"], root) == 0
    printed = capsys.readouterr().out
    assert "Pipe capture-pipe" in printed
    assert "held to: DynamoDB.1, DynamoDB.2 (waived), DynamoDB.6 (waived)" in printed


def test_the_command_prints_every_input(no_build: None, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--stack", "dev", "--inputs"], root) == 0
    assert capsys.readouterr().out == (SNAPSHOTS / "dev.txt").read_text()


def test_the_command_shows_what_a_choice_would_bring(
    no_build: None, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--stack", "dev", "--config", "eventFanout=true", "--config", "captureMode=native"]
    assert cli.main(arguments, root) == 0
    printed = capsys.readouterr().out
    assert "EventBus fanout" in printed
    assert "Pipe capture-pipe" not in printed


def test_a_choice_that_is_none_is_refused(no_build: None, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--stack", "dev", "--config", "eventFanout"], root) == 2
    assert "eventFanout is ''; allowed: true or false." in capsys.readouterr().err


def test_who_has_read_enough_may_go(no_build: None, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def writelines(self, lines: object) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    assert cli.main(["--stack", "dev"], root) == 0


def test_an_unknown_stack_is_refused_with_those_there_are(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--stack", "staging"], root) == 2
    assert capsys.readouterr().err == "There is no stack 'staging': the stacks are dev, local, prod.\n"


def test_what_the_program_refuses_is_said_in_its_own_words(
    no_build: None, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.explain.stacks.config", lambda *_: {"sales-analytics-cdc:lakeFormat": "orc"})  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] - a stand-in
    assert cli.main(["--stack", "dev"], root) == 2
    assert "lakeFormat is 'orc'; allowed: parquet, json-gzip." in capsys.readouterr().err
