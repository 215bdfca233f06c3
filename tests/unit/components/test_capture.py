from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from components.capture import Capture, CaptureArgs
from components.explain.graph import Graph, Resource
from components.pipe import partition_key_path
from components.settings import Settings
from components.stage import Site
from tests.unit.components.running import Alone, Record
from transform.schema import TABLE, Column, KeyAttribute, KeyType
from transform.schema import Table as Schema

PIPE = "aws:pipes/pipe:Pipe"
STREAM = "aws:kinesis/stream:Stream"
QUEUE = "aws:sqs/queue:Queue"


def dead_letters(program: Graph, type_: str = QUEUE) -> Resource:
    (queue,) = [resource for resource in program.of(type_) if resource.name == "capture-pipe-dead-letters"]
    return queue


def source(program: Graph) -> Any:
    return program.one(PIPE).inputs["sourceParameters"]["dynamodbStreamParameters"]


def test_the_pipe_leads_from_the_table_to_the_stream(program: Graph) -> None:
    pipe = program.one(PIPE).inputs
    assert pipe["source"] == program.one("aws:dynamodb/table:Table").state["streamArn"]
    assert pipe["target"] == program.one(STREAM).state["arn"]


def test_the_pipe_reads_from_the_beginning_and_gives_no_change_up_for_its_age(program: Graph) -> None:
    assert source(program)["startingPosition"] == "TRIM_HORIZON"
    assert source(program)["maximumRecordAgeInSeconds"] == -1


def test_a_failing_batch_is_halved_retried_and_then_kept(program: Graph, settings: Settings) -> None:
    assert source(program)["onPartialBatchItemFailure"] == "AUTOMATIC_BISECT"
    assert source(program)["maximumRetryAttempts"] == settings.pipe_retries
    assert source(program)["deadLetterConfig"] == {"arn": dead_letters(program).state["arn"]}
    assert dead_letters(program).inputs["messageRetentionSeconds"] == 14 * 24 * 3600


def test_the_changes_of_a_key_go_to_one_shard(program: Graph) -> None:
    target = program.one(PIPE).inputs["targetParameters"]
    assert target == {"kinesisStreamParameters": {"partitionKey": "$.dynamodb.Keys.order_id.S"}}


@pytest.mark.parametrize("type_", ["S", "N", "B"])
def test_the_partition_key_is_found_whatever_its_type(type_: KeyType, alone: Alone) -> None:
    schema = Schema("e", "log", "view", KeyAttribute("k", type_), None, (Column("k", "string", ("k",), ""),))
    found: list[str] = []
    alone(lambda site: found.append(partition_key_path(dataclasses.replace(site, table=schema))))
    assert found == [f"$.dynamodb.Keys.k.{type_}"]


def test_the_pipe_waits_for_its_role_and_the_roles_policy(program: Graph) -> None:
    waits = program.one(PIPE).depends_on
    for type_ in ("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"):
        assert any(f"${type_}::" in urn and "pipe-role" in urn for urn in waits), type_


def test_the_pipe_writes_its_errors_to_a_log_that_is_not_kept_for_ever(program: Graph, settings: Settings) -> None:
    (logs,) = [group for group in program.of("aws:cloudwatch/logGroup:LogGroup") if "/pipes/" in group.inputs["name"]]
    assert logs.inputs["retentionInDays"] == settings.log_retention_days
    assert program.one(PIPE).inputs["logConfiguration"] == {
        "level": "ERROR",
        "cloudwatchLogsLogDestination": {"logGroupArn": logs.state["arn"]},
    }


def test_the_stream_has_the_shards_and_the_retention_that_were_chosen(program: Graph, settings: Settings) -> None:
    stream = program.one(STREAM).inputs
    assert stream["streamModeDetails"] == {"streamMode": "PROVISIONED" if settings.kinesis_shards else "ON_DEMAND"}
    assert stream.get("shardCount", 0) == settings.kinesis_shards
    assert stream["retentionPeriod"] == settings.kinesis_retention_hours


def test_the_stream_and_the_queue_are_encrypted(program: Graph, settings: Settings) -> None:
    stream, queue = program.one(STREAM).inputs, dead_letters(program).inputs
    key = program.one("aws:kms/key:Key").state["arn"] if settings.customer_managed_keys else None
    assert (stream["encryptionType"], stream["kmsKeyId"]) == ("KMS", key or "alias/aws/kinesis")
    assert (queue.get("kmsMasterKeyId"), queue.get("sqsManagedSseEnabled")) == (key, None if key else True)


def test_the_queue_is_not_for_plain_http(program: Graph) -> None:
    policy = dead_letters(program, "aws:sqs/queuePolicy:QueuePolicy").inputs
    assert policy["queueUrl"] == dead_letters(program).state["url"]
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert statement == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["sqs:*"],
        "Resource": [dead_letters(program).state["arn"]],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_native_capture_is_the_tables_own_and_has_no_pipe(stack: str, record: Record) -> None:
    native = record(stack, {"captureMode": "native"})
    destination = native.one("aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination").inputs
    assert destination == {
        "tableName": native.one("aws:dynamodb/table:Table").inputs["name"],
        "streamArn": native.one(STREAM).state["arn"],
        "approximateCreationDateTimePrecision": "MICROSECOND",
    }
    assert native.of(PIPE) == ()
    assert [queue.name for queue in native.of(QUEUE) if "dead-letters" in queue.name] == []
    assert native.outputs["pipe_name"] == native.outputs["dead_letter_queue_url"] == ""


def test_native_capture_may_write_under_the_stacks_key(record: Record) -> None:
    def writers(mode: str) -> list[str]:
        statements = json.loads(record("prod", {"captureMode": mode}).one("aws:kms/key:Key").inputs["policy"])[
            "Statement"
        ]
        return [
            statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
            for statement in statements
            if "ArnEquals" in statement.get("Condition", {})
        ]

    assert writers("pipe") == []
    (writer,) = writers("native")
    assert writer.endswith("/AWSServiceRoleForDynamoDBKinesisDataStreamsReplication")


def test_it_stands_by_itself(alone: Alone) -> None:
    def build(site: Site) -> None:
        capture = Capture("mine", CaptureArgs("a-table", "arn:aws:dynamodb:eu-west-1:1:table/a-table/stream/x"), site)
        assert (capture.name, capture.site.table) == ("mine", TABLE)

    assert alone(build).one(PIPE).inputs["source"].endswith("/stream/x")
