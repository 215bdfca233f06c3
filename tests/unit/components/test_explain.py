from __future__ import annotations

import re

import pytest

from components.explain import outline, prices, purposes, rates, text
from components.explain.graph import Graph
from components.explain.prices import Basis, Cost
from components.explain.rates import Rate, Tariff
from components.explain.report import StackReport, report
from components.settings import Settings
from tests import golden
from tests.unit.components.running import Record


def priced(program: Graph, settings: Settings, stack: str = "one") -> StackReport:
    return report(stack, program, Basis(settings))


def total(program: Graph, settings: Settings) -> Cost:
    return priced(program, settings).total


def undescribed(program: Graph) -> set[str]:
    """The program's own types that have no plain words yet: give them some in components/explain/purposes.py."""
    return {resource.type for resource in program.resources if not purposes.is_known(resource)}


def test_the_stack_is_as_it_was_reviewed(stack: str, program: Graph, settings: Settings) -> None:
    """Every resource and input, compared with the snapshot. When the change is meant: `make snapshots`."""
    assert golden.stack_text(program, settings) == (golden.SNAPSHOTS / f"{stack}.txt").read_text()


def test_every_resource_is_in_the_tree_once_with_what_it_is_for(program: Graph) -> None:
    shown = [resource.urn for resource, _ in outline.tree(program)]
    assert sorted(shown) == sorted(resource.urn for resource in program.resources)
    assert undescribed(program) == set()


def test_what_a_choice_may_bring_has_a_purpose_too(record: Record) -> None:
    for changed in (
        {"captureMode": "native", "tableContributorInsights": "all-keys"},
        {"eventFanout": "true"},
        {"tableCapacity": "provisioned", "tableMaxReadUnits": "5", "tableMaxWriteUnits": "5"},
    ):
        assert undescribed(record("prod", changed)) == set()


def test_the_stages_are_in_the_order_of_a_change(program: Graph) -> None:
    stages = [resource.name for resource, depth in outline.tree(program) if depth == 0 and resource.name != "key"]
    assert stages == ["table", "capture", "lake", "catalogue", "delivery", "analytics", "observability"]


def test_the_sums_are_those_of_the_parts(program: Graph, settings: Settings) -> None:
    made = priced(program, settings)
    costs = [prices.cost(one, Basis(settings)) for one in program.resources if one.custom]
    assert made.total.month == pytest.approx(sum(cost.month for cost in costs if cost))
    assert made.total.million == pytest.approx(sum(cost.million for cost in costs if cost))
    for lines in (text.overview(made), text.tree(made)):
        (whole,) = [line for line in lines if line.startswith("total")]
        month, million = (float(amount) for amount in re.findall(r"\d+\.\d\d", whole))
        assert (month, million) == (
            pytest.approx(made.total.month, abs=0.005),
            pytest.approx(made.total.million, abs=0.005),
        )


def test_an_unconfirmed_price_is_marked(record: Record) -> None:
    output = " ".join(text.overview(priced(record("dev"), Settings())))
    assert Tariff().unverified()
    assert all(f"{rate.unit} at $" in output for rate in Tariff().unverified())


def test_a_region_has_its_own_prices_where_a_source_confirms_them(record: Record) -> None:
    """Milan's GB-second costs more than Virginia's; of Kinesis nothing is known there, and that is said."""
    milan = Tariff("eu-south-1")
    assert milan.usd(Rate.X86_64_GB_SECOND) == pytest.approx(2.4e-9 * 8000)
    assert milan.usd(Rate.X86_64_GB_SECOND) > Rate.X86_64_GB_SECOND.usd
    assert milan.is_own(Rate.X86_64_GB_SECOND)
    assert not milan.is_own(Rate.SHARD_HOUR)
    output = " ".join(text.overview(report("dev", record("dev"), Basis(Settings(), tariff=milan))))
    assert f"No source confirms {len(Rate) - 1} of the {len(Rate)} prices for eu-south-1" in output
    assert "No source confirms" not in " ".join(text.overview(priced(record("dev"), Settings())))


def test_every_regional_price_has_its_source() -> None:
    for region, known in rates.REGIONAL.items():
        assert re.fullmatch(r"[a-z]{2}-[a-z]+-\d", region)
        assert all(usd > 0 and re.match(r"[a-z0-9.-]+\.[a-z]+/", source) for usd, source in known.values())


def test_every_other_price_has_its_source() -> None:
    for rate in set(rates.Rate) - set(Tariff().unverified()):
        assert re.match(r"[a-z0-9.-]+\.[a-z]+/", rate.source), rate


def test_changes_kept_longer_cost_more(record: Record) -> None:
    def million(hours: int) -> float:
        stream = record("prod", {"kinesisRetentionHours": str(hours)}).one("aws:kinesis/stream:Stream")
        cost = prices.cost(stream, Basis(Settings()))
        assert cost
        return cost.million

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
    cost = prices.cost(table, Basis(Settings()))
    assert cost == Cost(month=pytest.approx((5 * 0.00065 + 5 * 0.00013) * 730), million=0.0)  # pyright: ignore[reportArgumentType] - approx replaces a number


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        # Two rules of the partition key and an event a write: contributorinsights_HowItWorks.html, "billing".
        ("all-keys", Cost(month=2 * 0.50, million=0.03)),
        ("throttled-keys", Cost(month=0.50, million=0.0)),
    ],
)
def test_contributor_insights_cost_their_rules_and_the_keys_that_they_count(
    record: Record, chosen: str, expected: Cost
) -> None:
    insights = record("dev", {"tableContributorInsights": chosen}).one(
        "aws:dynamodb/contributorInsights:ContributorInsights"
    )
    cost = prices.cost(insights, Basis(Settings()))
    assert cost is not None
    assert (cost.month, cost.million) == (expected.month, pytest.approx(expected.million))
