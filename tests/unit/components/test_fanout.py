from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest

from components.explain.graph import Graph, Resource
from components.fanout import Fanout, FanoutArgs
from components.settings import Settings, SettingsError
from tests import golden
from tests.unit.components.running import Alone, Record
from transform.schema import TABLE

PIPE = "aws:pipes/pipe:Pipe"
BUS = "aws:cloudwatch/eventBus:EventBus"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs"


@pytest.fixture
def fanout(stack: str, record: Record) -> Graph:
    """A stack's graph with the fan-out."""
    return record(stack, {"eventFanout": "true"})


def the(graph: Graph, type_: str, name: str) -> Resource:
    (found,) = [resource for resource in graph.of(type_) if resource.name == name]
    return found


def queue(graph: Graph, name: str) -> Resource:
    return the(graph, "aws:sqs/queue:Queue", name)


def policy(graph: Graph, name: str) -> list[Mapping[str, Any]]:
    return json.loads(the(graph, "aws:sqs/queuePolicy:QueuePolicy", name).inputs["policy"])["Statement"]


def test_no_stack_has_it_by_default(program: Graph) -> None:
    assert [resource.urn for resource in program.resources if "anout" in resource.urn] == []
    assert {"event_bus_name", "event_queue_url"}.isdisjoint(program.outputs)


def test_it_adds_to_the_stack_and_changes_nothing_but_what_watches_it(
    stack: str, record: Record, fanout: Graph
) -> None:
    without = {resource.urn: resource.inputs for resource in record(stack).resources}
    changed = {
        one.urn.rpartition("::")[2] for one in fanout.resources if one.inputs != without.get(one.urn, one.inputs)
    }
    assert set(without) < {resource.urn for resource in fanout.resources}
    assert changed <= {"key", "observability", "observability-stream-age"}


def test_the_stack_says_where_the_events_are(fanout: Graph) -> None:
    assert fanout.outputs["event_bus_name"] == fanout.one(BUS).inputs["name"]
    assert fanout.outputs["event_queue_url"] == queue(fanout, "fanout-consumer").state["url"]


def on_the_bus(graph: Graph, type_: str) -> list[Resource]:
    """The rules or targets of the events' own bus: the lake's errors have one of each on the default bus."""
    return [one for one in graph.of(type_) if "eventBusName" in one.inputs]


@pytest.mark.parametrize("mode", ["pipe", "native"])
def test_the_pipe_leads_from_the_stream_to_the_bus_however_the_stream_is_filled(
    mode: str, stack: str, record: Record
) -> None:
    graph = record(stack, {"eventFanout": "true", "captureMode": mode})
    pipe = the(graph, PIPE, "fanout-pipe").inputs
    assert pipe["source"] == graph.one("aws:kinesis/stream:Stream").state["arn"]
    assert pipe["target"] == graph.one(BUS).state["arn"]


def test_a_batch_is_no_larger_than_the_bus_takes(fanout: Graph) -> None:
    parameters = the(fanout, PIPE, "fanout-pipe").inputs["sourceParameters"]["kinesisStreamParameters"]
    assert parameters["batchSize"] == 10


def test_a_failing_batch_is_halved_retried_and_then_kept(fanout: Graph, settings: Settings) -> None:
    parameters = the(fanout, PIPE, "fanout-pipe").inputs["sourceParameters"]["kinesisStreamParameters"]
    assert parameters["onPartialBatchItemFailure"] == "AUTOMATIC_BISECT"
    assert parameters["maximumRetryAttempts"] == settings.pipe_retries
    assert parameters["maximumRecordAgeInSeconds"] == -1
    assert parameters["startingPosition"] == "TRIM_HORIZON"
    assert parameters["deadLetterConfig"] == {"arn": queue(fanout, "fanout-dead-letters").state["arn"]}


def test_one_pipe_reads_the_stream_whatever_the_number_of_events(fanout: Graph) -> None:
    stream = fanout.one("aws:kinesis/stream:Stream").state["arn"]
    assert len([pipe for pipe in fanout.of(PIPE) if pipe.inputs["source"] == stream]) == 1


def test_each_event_has_a_rule_that_leads_to_the_queue_under_its_name(fanout: Graph) -> None:
    rules = {rule.inputs["name"]: rule for rule in on_the_bus(fanout, RULE)}
    targets = {target.inputs["rule"]: target.inputs for target in on_the_bus(fanout, TARGET)}
    assert set(rules) == set(targets)
    templates = [target["inputTransformer"]["inputTemplate"] for target in targets.values()]
    assert sorted(template.split('"')[3] for template in templates) == sorted(event.name for event in TABLE.events)
    for target in targets.values():
        assert target["arn"] == queue(fanout, "fanout-consumer").state["arn"]
        assert target["deadLetterConfig"]["arn"] == queue(fanout, "fanout-dead-letters").state["arn"]
        assert target["eventBusName"] == fanout.one(BUS).inputs["name"]


def test_a_rule_looks_for_what_the_pipe_says(fanout: Graph) -> None:
    parameters = the(fanout, PIPE, "fanout-pipe").inputs["targetParameters"]
    detail = json.loads(parameters["inputTemplate"])
    for rule in on_the_bus(fanout, RULE):
        pattern = json.loads(rule.inputs["eventPattern"])
        assert pattern["source"] == [parameters["eventbridgeEventBusParameters"]["source"]]
        assert set(pattern["detail"]) <= set(detail)
        assert set(pattern["detail"].get("order", ())) <= set(detail["order"])


def test_the_threshold_is_the_chosen_one(record: Record) -> None:
    graph = record("dev", {"eventFanout": "true", "largeOrderThreshold": "3"})
    pattern = json.loads(the(graph, RULE, "fanout-consumer-large-order").inputs["eventPattern"])
    assert pattern["detail"]["order"]["item_count"] == [{"anything-but": ["", "0", "1", "2"]}]


def test_what_the_consumer_fails_at_goes_to_the_dead_letters(fanout: Graph) -> None:
    redrive = json.loads(queue(fanout, "fanout-consumer").inputs["redrivePolicy"])
    assert redrive == {
        "deadLetterTargetArn": queue(fanout, "fanout-dead-letters").state["arn"],
        "maxReceiveCount": 5,
    }
    assert "redrivePolicy" not in queue(fanout, "fanout-dead-letters").inputs


def test_only_the_buss_own_rules_may_send_to_the_queues(fanout: Graph) -> None:
    prefix = "arn:aws:events:eu-west-1:123456789012:"
    name = fanout.one(BUS).inputs["name"]
    allowed = {
        "fanout-consumer": [f"{prefix}rule/{name}/*"],
        "fanout-dead-letters": [f"{prefix}event-bus/{name}", f"{prefix}rule/{name}/*"],
    }
    for logical, sources in allowed.items():
        refuse, *statements = policy(fanout, logical)
        assert refuse["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert [statement["Condition"]["ArnLike"]["aws:SourceArn"] for statement in statements] == sources
        for statement in statements:
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert statement["Action"] == ["sqs:SendMessage"]
            assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_only_the_pipe_may_put_events_on_the_bus(fanout: Graph) -> None:
    document = fanout.one("aws:cloudwatch/eventBusPolicy:EventBusPolicy").inputs["policy"]
    (statement,) = json.loads(document)["Statement"]
    assert statement["Principal"] == {"AWS": the(fanout, "aws:iam/role:Role", "fanout-pipe-role").state["arn"]}
    assert statement["Action"] == ["events:PutEvents"]


def test_a_target_waits_until_the_queue_lets_it_in(fanout: Graph) -> None:
    for target in on_the_bus(fanout, TARGET):
        assert any("QueuePolicy::fanout-consumer" in urn for urn in target.depends_on), target.urn


def test_the_bus_and_its_queues_are_encrypted_under_the_stacks_key(fanout: Graph, settings: Settings) -> None:
    key = fanout.one("aws:kms/key:Key").state["arn"] if settings.customer_managed_keys else None
    assert fanout.one(BUS).inputs.get("kmsKeyIdentifier") == key
    for name in ("fanout-consumer", "fanout-dead-letters"):
        assert queue(fanout, name).inputs.get("kmsMasterKeyId") == key


@pytest.mark.parametrize(("asked", "statements"), [("true", 3), ("false", 0)])
def test_eventbridge_uses_the_stacks_key_only_where_there_is_a_bus(asked: str, statements: int, record: Record) -> None:
    changed = {"eventFanout": asked, "errorQueue": "false"}
    document = record("prod", changed).one("aws:kms/key:Key").inputs["policy"]
    services = [
        statement
        for statement in json.loads(document)["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    assert len(services) == statements
    for statement in services:
        assert statement["Action"] == ["kms:DescribeKey"] or "aws:SourceArn" in statement["Condition"]["ArnLike"]


def test_a_table_without_events_is_refused(alone: Alone) -> None:
    with pytest.raises(SettingsError, match=r"eventFanout is true, but transform/schema\.py names no events"):
        alone(lambda context: Fanout("f", FanoutArgs(STREAM), dataclasses.replace(context, table=eventless())))


def eventless() -> Any:
    return type(TABLE)(TABLE.entity, TABLE.change_log, TABLE.view, TABLE.partition_key, TABLE.sort_key, TABLE.columns)


def test_it_is_as_it_was_reviewed(record: Record) -> None:
    """Every resource and input of it, compared with the snapshot. When the change is meant: `make snapshots`."""
    graph = record("prod", {"eventFanout": "true"})
    assert golden.stage_text(graph, Settings(), "Fanout fanout") == (golden.SNAPSHOTS / "fanout.txt").read_text()
