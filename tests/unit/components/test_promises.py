"""The promises of the README and Pulumi.yaml about the stacks, checked against their resources."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Mapping
from typing import Any, get_type_hints

import pytest

import components
from components.alarms import alarms
from components.explain.controls import findings
from components.explain.graph import Graph, Resource
from components.explain.prices import Basis, Cost, cost
from components.explain.rates import Tariff
from components.metrics import Pipeline
from components.settings import Settings
from components.stage import Stage
from tests.unit.components.conftest import ROOT, settings_of
from tests.unit.components.firehose_rules import complaints
from tests.unit.components.running import Record

for module in pkgutil.iter_modules(components.__path__):
    # So that Stage knows all who are one.
    importlib.import_module(f"components.{module.name}")

README = (ROOT / "README.md").read_text()
FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
KEPT = {
    *("aws:dynamodb/table:Table", "aws:kinesis/stream:Stream", "aws:s3/bucket:Bucket", "aws:kms/key:Key"),
    "aws:cloudwatch/dashboard:Dashboard",
}
"""What `protect` keeps: whatever holds data, what the data is encrypted under, and what all the rest depends on."""
FOLLOWED: Mapping[str, set[str]] = {
    "table": {"ConsumedWriteCapacityUnits", "WriteThrottleEvents"},
    "pipe": {"Invocations", "ExecutionFailed", "Duration", "ApproximateNumberOfMessagesVisible"},
    "stream": {"IncomingRecords", "GetRecords.Records", "GetRecords.IteratorAgeMilliseconds", "OldestEventAge"},
    "transform": {"Errors", "Duration", "ProcessingFailed"},
    "delivery": {"DeliveryToS3.DataFreshness", "DeliveryToS3.Success", "FailedConversion.Records"},
    "queries": {"ProcessedBytes"},
}
DO = re.compile(
    r"\b(Check|Find|Fix|Raise|Read|Replay|Request|Set|back-fill|find|fix|lower|raise|read|replay|set|warm)\b"
)


def of(program: Graph, *types: str) -> list[Resource]:
    return [resource for resource in program.resources if resource.type in types]


def test_dev_costs_what_the_readme_says(record: Record) -> None:
    said = re.search(r"for `dev` about (\d+) dollars per month \(.*?\) and ([\d.]+) dollars per million", README)
    assert said
    basis = Basis(settings_of("dev"), tariff=Tariff("eu-west-1"))
    parts = (cost(resource, basis) or Cost() for resource in record("dev").resources)
    whole = sum(parts, Cost())
    assert (round(whole.month), round(whole.million, 1)) == (int(said[1]), float(said[2]))


@pytest.mark.parametrize("fanout", ["false", "true"])
def test_dev_can_be_destroyed_to_the_last_object(fanout: str, record: Record) -> None:
    dev = record("dev", {"eventFanout": fanout})
    assert [resource.urn for resource in dev.resources if resource.protect] == []
    assert [bucket.inputs["forceDestroy"] for bucket in of(dev, "aws:s3/bucket:Bucket")] == [True, True]
    assert dev.one("aws:athena/workgroup:Workgroup").inputs["forceDestroy"] is True
    assert dev.one("aws:kinesis/stream:Stream").inputs["enforceConsumerDeletion"] is True
    assert dev.one("aws:dynamodb/table:Table").inputs["deletionProtectionEnabled"] is False
    assert of(dev, "aws:kms/key:Key") == [], "a key would be paid for until its deletion window has passed"


def test_prod_is_kept(record: Record) -> None:
    prod = record("prod")
    assert {resource.type for resource in prod.resources if resource.protect} == KEPT
    assert all(resource.protect for resource in of(prod, *KEPT))
    table = prod.one("aws:dynamodb/table:Table").inputs
    assert (table["deletionProtectionEnabled"], table["pointInTimeRecovery"]) == (True, {"enabled": True})
    assert prod.one("aws:kms/key:Key").inputs["enableKeyRotation"] is True
    assert "dataFormatConversionConfiguration" in prod.one(FIREHOSE).inputs["extendedS3Configuration"]
    assert all(alarm.inputs["alarmActions"] for alarm in of(prod, "aws:cloudwatch/metricAlarm:MetricAlarm"))
    assert {group.inputs["retentionInDays"] for group in of(prod, "aws:cloudwatch/logGroup:LogGroup")} == {365}


def test_the_configuration_is_read_in_one_place() -> None:
    """A key read elsewhere could be missing from Pulumi.yaml."""
    readers: set[str] = set()
    for path in [ROOT / "__main__.py", *(ROOT / "components").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("Config", "get_config", "CONFIG"):
                readers.add(path.name)
    # explain's cli reads no key: it hands the stack's configuration to Settings. endpoint.py reads the provider's.
    assert readers == {"settings.py", "cli.py", "endpoint.py"}


@pytest.mark.parametrize("mode", ["pipe", "native"])
def test_each_alarm_says_what_to_do(mode: str) -> None:
    settings = Settings(capture_mode="pipe" if mode == "pipe" else "native", event_fanout=True)
    for alarm in alarms(Pipeline(*["x"] * 8), settings):
        _, *rest = re.split(r"[.:;] ", alarm.description)
        assert any(DO.search(sentence) for sentence in rest), alarm.description


def test_a_setting_that_an_alarm_names_is_one() -> None:
    keys = {re.sub(r"_(\w)", lambda letter: letter[1].upper(), name) for name in Settings.__dataclass_fields__}
    for alarm in alarms(Pipeline(*["x"] * 8), Settings(event_fanout=True)):
        named = re.findall(r"\b[a-z]+[A-Z]\w+", alarm.description)
        assert set(named) <= keys, alarm.name


@pytest.mark.parametrize("stage", FOLLOWED)
def test_the_dashboard_shows_what_each_stage_does(stage: str, record: Record) -> None:
    body = json.loads(record("prod").one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    drawn = {series[1] for widget in body["widgets"] for series in widget["properties"].get("metrics", ())}
    assert FOLLOWED[stage] <= drawn


@pytest.mark.parametrize(
    "changed",
    [
        {"captureMode": "native"},
        {"tableCapacity": "provisioned", "tableMaxReadUnits": "50", "tableMaxWriteUnits": "900"},
        {"lakeFormat": "json-gzip", "errorQueue": "false"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_no_choice_breaks_a_control(changed: dict[str, str], stack: str, settings: Settings, record: Record) -> None:
    found = findings(record(stack, changed), settings)
    assert [(finding.control.id, finding.urn) for finding in found if finding.status == "failed"] == []


@pytest.mark.parametrize("changed", [{"captureMode": "native"}, {"lakeFormat": "json-gzip", "errorQueue": "false"}])
def test_a_choice_can_be_previewed(changed: dict[str, str], record: Record) -> None:
    preview, up = record("prod", changed, preview=True), record("prod", changed)
    assert {resource.urn for resource in preview.resources} == {resource.urn for resource in up.resources}


@pytest.mark.parametrize("component", Stage.__subclasses__(), ids=lambda component: component.__name__)
def test_a_component_says_what_it_needs(component: type[Stage]) -> None:
    needs = get_type_hints(component.__init__).get("args")
    if needs is None:
        assert "Needs only the context" in " ".join((component.__doc__ or "").split())
    else:
        assert (needs.__doc__ or "").strip(), needs


@pytest.mark.parametrize("component", Stage.__subclasses__(), ids=lambda component: component.__name__)
def test_a_component_gives_what_it_says_and_says_what_it_gives(component: type[Stage]) -> None:
    said = re.search(r"Exports\s+(`[^.]*)", component.__doc__ or "")
    assert said
    assert set(re.findall(r"`(\w+)`", said[1])) <= set(component.__annotations__)
    assert all(f"`{name}`" in (component.__doc__ or "") for name in component.__annotations__)


def test_firehose_would_take_every_stacks_destination(program: Graph) -> None:
    assert list(complaints(program.one(FIREHOSE).inputs["extendedS3Configuration"])) == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"bufferingSize": 5}, "conversion needs a buffer of 64 MB"),
        ({"compressionFormat": "GZIP"}, "conversion compresses by itself"),
        ({"dataFormatConversionConfiguration": {"enabled": True}}, "conversion needs one serializer"),
        ({"dataFormatConversionConfiguration": {"enabled": True}}, "conversion needs one deserializer"),
        ({"dataFormatConversionConfiguration": {"enabled": True}}, "conversion needs a table"),
        ({"prefix": "rows/!{partitionKeyFromQuery:id}/"}, "need each other"),
        ({"dynamicPartitioningConfiguration": {"enabled": True}}, "need each other"),
        (
            {"dynamicPartitioningConfiguration": {"enabled": True}, "bufferingSize": 5},
            "dynamic partitioning needs a buffer of 64 MB",
        ),
        ({"errorOutputPrefix": "errors/"}, "needs an error prefix with !{firehose:error-output-type}"),
        ({"prefix": "!{firehose:error-output-type}/"}, "only the error prefix knows the error"),
        ({"prefix": "!{hour:yyyy}/"}, "there is no !{hour:...}"),
    ],
)
def test_a_destination_that_firehose_would_refuse_is_found(changed: dict[str, Any], says: str, record: Record) -> None:
    s3 = record("prod").one(FIREHOSE).inputs["extendedS3Configuration"]
    assert any(says in complaint for complaint in complaints({**s3, **changed}))
