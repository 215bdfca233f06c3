from __future__ import annotations

import inspect
import re

import pytest

from components import continuity
from components.explain.graph import Graph, Resource
from components.settings import PROJECT
from stack import outputs
from tests.unit.components.provider import class_of
from tests.unit.components.running import CHOSEN, STACK_NAMES, WHOLE, Record
from transform.schema import TABLE

OUTPUTS = {
    "region": "eu-west-1",
    "table_name": "order-cdc-{}-table",
    "table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/order-cdc-{}-table",
    "stream_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/order-cdc-{}-table/stream/2026-01-01T00:00:00.000",
    "stream_name": "order-cdc-{}-stream",
    "large_pipe_name": "order-cdc-{}-large-pipe",
    "shorten_function_name": "order-cdc-{}-shorten",
    "pipe_name": "order-cdc-{}-pipe",
    "delivery_stream_name": "order-cdc-{}-delivery",
    "function_name": "order-cdc-{}-transform",
    "bucket_name": "order-cdc-{}-lake-123456789012",
    "database_name": "order_cdc_{}_lake",
    "change_log_name": TABLE.change_log,
    "view_name": TABLE.view,
    "workgroup_name": "order-cdc-{}-analytics",
    "dead_letter_queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/order-cdc-{}-dead-letters",
    "dashboard_name": "order-cdc-{}-pipeline",
}

# Where a type's physical name stands, how long it may be and of what it may be made, by the service's API reference.
NAMES: dict[str, tuple[str, int, str]] = {
    "aws:appautoscaling/policy:Policy": ("name", 256, r"[A-Za-z0-9_-]+"),
    "aws:athena/namedQuery:NamedQuery": ("name", 128, r"[\w -]+"),
    "aws:athena/workgroup:Workgroup": ("name", 128, r"[a-zA-Z0-9._-]+"),
    "aws:cloudwatch/dashboard:Dashboard": ("dashboardName", 255, r"[A-Za-z0-9_-]+"),
    "aws:cloudwatch/eventBus:EventBus": ("name", 256, r"[/.\-_A-Za-z0-9]+"),
    "aws:cloudwatch/eventRule:EventRule": ("name", 64, r"[.\-_A-Za-z0-9]+"),
    "aws:cloudwatch/eventTarget:EventTarget": ("targetId", 64, r"[.\-_A-Za-z0-9]+"),
    "aws:cloudwatch/logGroup:LogGroup": ("name", 512, r"[.\-_/#A-Za-z0-9]+"),
    "aws:cloudwatch/logStream:LogStream": ("name", 512, r"[^:*]+"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", 255, r"[ -~]+"),
    "aws:dynamodb/table:Table": ("name", 255, r"[a-zA-Z0-9_.-]{3,}"),
    "aws:glue/catalogDatabase:CatalogDatabase": ("name", 255, r"[a-z0-9_]+"),
    "aws:glue/catalogTable:CatalogTable": ("name", 255, r"[a-z0-9_]+"),
    "aws:glue/crawler:Crawler": ("name", 255, r"[A-Za-z0-9_-]+"),
    "aws:iam/role:Role": ("name", 64, r"[\w+=,.@-]+"),
    "aws:iam/rolePolicy:RolePolicy": ("name", 128, r"[\w+=,.@-]+"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ("name", 64, r"[a-zA-Z0-9_.-]+"),
    "aws:kinesis/stream:Stream": ("name", 128, r"[a-zA-Z0-9_.-]+"),
    "aws:kms/alias:Alias": ("name", 256, r"alias/[a-zA-Z0-9/_-]+"),
    "aws:lambda/function:Function": ("name", 64, r"[a-zA-Z0-9-_]+"),
    "aws:pipes/pipe:Pipe": ("name", 64, r"[.\-_A-Za-z0-9]+"),
    "aws:s3/bucket:Bucket": ("bucket", 63, r"[a-z0-9][a-z0-9-]+[a-z0-9]"),
    "aws:scheduler/schedule:Schedule": ("name", 64, r"[0-9a-zA-Z-_.]+"),
    "aws:sfn/stateMachine:StateMachine": ("name", 80, r"[0-9A-Za-z_-]+"),
    "aws:sns/topic:Topic": ("name", 256, r"[A-Za-z0-9_-]+"),
    "aws:sqs/queue:Queue": ("name", 80, r"[A-Za-z0-9_-]+"),
}
# Resources that configure another one and have no name.
NAMELESS = re.compile(
    r"aws:(s3/bucket\w+|sqs/queuePolicy|sns/topic(Policy|Subscription)|kms/key|cloudwatch/eventBusPolicy|appautoscaling/target):\w+"
)
LONG = "a-stack-of-a-name-that-is-forty-letters-"


def test_the_outputs_locate_everything_for_the_tools(stack: str, program: Graph) -> None:
    local = {"endpoint_url": "http://127.0.0.1:4566"} if stack == "local" else {}
    assert {name: value for name, value in program.outputs.items() if name != continuity.OUTPUT} == local | {
        name: value.format(stack.replace("-", "_") if name == "database_name" else stack)
        for name, value in OUTPUTS.items()
    }


def test_the_tools_know_every_output_and_no_other(record: Record) -> None:
    """`stack.outputs` cannot import the program: an output that is added in one place needs the other."""
    exported = set(record("local", CHOSEN).outputs) - {continuity.OUTPUT}
    assert set(outputs.NAMES) == exported


def test_only_components_are_at_the_top(program: Graph) -> None:
    assert {resource.type.removeprefix(f"{PROJECT}:pipeline:") for resource in program.children("")} - {
        "Encryption"
    } == {
        *("Table", "Capture", "Lake", "Catalogue", "Delivery", "Analytics", "Observability"),
    }


def test_every_resource_is_the_child_of_a_component(program: Graph) -> None:
    components = {resource.urn for resource in program.resources if not resource.custom}
    assert [
        resource.urn for resource in program.resources if resource.custom and resource.parent not in components
    ] == []


def test_everything_that_can_be_tagged_is_tagged(stack: str, program: Graph) -> None:
    untagged = [
        resource.urn for resource in program.resources if _takes_tags(resource) and not _is_tagged(resource, stack)
    ]
    assert untagged == []


def test_a_stage_is_tagged_with_its_own_name(program: Graph) -> None:
    stages = {tags["Stage"] for resource in program.resources if (tags := resource.inputs.get("tags"))}
    expected = {
        "table",
        "capture",
        "pipe",
        "lake",
        "errors",
        "catalogue",
        "delivery",
        "transform",
        "analytics",
        "observability",
        "shorten",
    }
    assert stages - {"encryption"} == expected


@pytest.mark.parametrize("name", STACK_NAMES)
def test_names_fit_however_the_stack_is_called(name: str, record: Record) -> None:
    for resource in record("prod", WHOLE, name=name).resources:
        if not resource.custom or NAMELESS.fullmatch(resource.type):
            continue
        where, limit, pattern = NAMES[resource.type]
        physical = str(resource.inputs[where])
        assert len(physical) <= limit, resource.urn
        assert re.fullmatch(pattern, physical), (resource.urn, physical)


def test_two_stacks_never_share_a_name(record: Record) -> None:
    def names(stack: str) -> set[tuple[str, str]]:
        shared = {"aws:glue/catalogTable:CatalogTable", "aws:athena/namedQuery:NamedQuery"}
        shared |= {"aws:cloudwatch/logStream:LogStream", "aws:iam/rolePolicy:RolePolicy"}
        shared |= {"aws:cloudwatch/eventTarget:EventTarget"}
        found = [resource for resource in record("prod", WHOLE, name=stack).resources if resource.type in NAMES]
        return {
            (resource.type, str(resource.inputs[NAMES[resource.type][0]]))
            for resource in found
            if resource.type not in shared
        }

    alike = ["a.b", "a-b", "A-B", LONG + "1", LONG + "2"]
    assert {"A-B", LONG + "1"} <= set(STACK_NAMES), "which are recorded for the other tests"
    for index, one in enumerate(alike):
        for other in alike[index + 1 :]:
            assert names(one).isdisjoint(names(other)), (one, other)


def test_a_chosen_stage_is_one_more_component_all_tagged_with_unique_names(stack: str, record: Record) -> None:
    graph = record(stack, CHOSEN)
    new = {resource.urn: resource for resource in graph.resources}
    for resource in record(stack).resources:
        del new[resource.urn]
    tops = [resource for resource in new.values() if not resource.parent]
    assert [resource.name for resource in tops] == ["fanout", "merge"]
    assert [
        resource.urn for resource in new.values() if _takes_tags(resource) and not _is_tagged(resource, stack)
    ] == []
    stages = {tags["Stage"] for resource in new.values() if (tags := resource.inputs.get("tags"))}
    assert stages - {"observability"} == {"fanout", "eventpipe", "consumer", "merge"}


@pytest.mark.parametrize("changed", [{}, CHOSEN], ids=["by default", "chosen"])
def test_what_only_aws_knows_stays_unknown_in_a_preview(changed: dict[str, str], stack: str, record: Record) -> None:
    preview, up = record(stack, changed, preview=True), record(stack, changed)
    assert {resource.urn for resource in preview.resources} == {resource.urn for resource in up.resources}


def _takes_tags(resource: Resource) -> bool:
    return resource.custom and "tags" in inspect.signature(class_of(resource.type)._internal_init).parameters


def _is_tagged(resource: Resource, stack: str) -> bool:
    tags = resource.inputs.get("tags", {})
    return tags.get("Project") == PROJECT and tags.get("Stack") == stack and bool(tags.get("Stage"))
