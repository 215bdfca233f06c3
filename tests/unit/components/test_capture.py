from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.capture import Capture, CaptureArgs
from components.explain.graph import Graph, Resource
from components.pipe import LARGE_CHANGES, LARGE_FROM_BYTES, OTHER_CHANGES
from components.settings import Settings
from components.stage import Context
from sandbox.pipes.patterns import compile_filters
from tests.unit.components.running import Alone, Record
from transform.schema import TABLE

PIPE = "aws:pipes/pipe:Pipe"
STREAM = "aws:kinesis/stream:Stream"
QUEUE = "aws:sqs/queue:Queue"
FUNCTION = "aws:lambda/function:Function"
PIPES = ("capture-pipe", "capture-large-pipe")


def dead_letters(program: Graph, type_: str = QUEUE) -> Resource:
    (queue,) = [resource for resource in program.of(type_) if resource.name == "capture-pipe-dead-letters"]
    return queue


def pipe_of(program: Graph, name: str = "capture-pipe") -> Resource:
    (pipe,) = [resource for resource in program.of(PIPE) if resource.name == name]
    return pipe


def large_pipe(program: Graph) -> Resource:
    return pipe_of(program, "capture-large-pipe")


def source(program: Graph, name: str = "capture-pipe") -> Any:
    return pipe_of(program, name).inputs["sourceParameters"]["dynamodbStreamParameters"]


@pytest.mark.parametrize("name", PIPES)
def test_a_pipe_leads_from_the_table_to_the_stream(name: str, program: Graph) -> None:
    pipe = pipe_of(program, name).inputs
    assert pipe["source"] == program.one("aws:dynamodb/table:Table").state["streamArn"]
    assert pipe["target"] == program.one(STREAM).state["arn"]


@pytest.mark.parametrize("name", PIPES)
def test_a_pipe_reads_from_the_beginning_and_gives_no_change_up_for_its_age(name: str, program: Graph) -> None:
    assert source(program, name)["startingPosition"] == "TRIM_HORIZON"
    assert source(program, name)["maximumRecordAgeInSeconds"] == -1


def test_every_change_goes_one_of_the_two_ways(program: Graph) -> None:
    """Two Pipes on one table: DynamoDB allows two readers a shard.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html (LimitExceededException)
    """
    for name, patterns in zip(PIPES, (OTHER_CHANGES, LARGE_CHANGES), strict=True):
        filters = pipe_of(program, name).inputs["sourceParameters"]["filterCriteria"]["filters"]
        assert tuple(entry["pattern"] for entry in filters) == patterns
    takes = [compile_filters(OTHER_CHANGES), compile_filters(LARGE_CHANGES)]
    for size in (1, LARGE_FROM_BYTES - 1, LARGE_FROM_BYTES, 1_000_000, None):
        record = {} if size is None else {"SizeBytes": size}
        assert [matches({"dynamodb": record}) for matches in takes].count(True) == 1, size
    assert takes[1]({"dynamodb": {}})


def test_no_change_below_the_size_of_a_large_one_is_too_large_for_firehose() -> None:
    """By the kinds of values that grow the most as JSON; an empty text or a boolean is one byte to DynamoDB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    (FailedToReplicateRecordCount), https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html
    """
    element_bytes = 1
    values: list[dict[str, object]] = [{"S": ""}, {"B": ""}, {"BOOL": False}, {"NULL": True}, {"L": []}, {"M": {}}]
    for value in values:
        count = LARGE_FROM_BYTES // (element_bytes + (value not in ({"S": ""}, {"B": ""})))
        image = {"note": {"L": [value] * count}}
        assert len(json.dumps({"dynamodb": {"NewImage": image}})) < 1_000_000, value
    assert len(json.dumps({"note": {"S": "\x01" * LARGE_FROM_BYTES}})) < 1_000_000


def test_a_large_change_is_shortened_before_kinesis_gets_it(program: Graph, settings: Settings) -> None:
    function, transform = sorted(program.of(FUNCTION), key=lambda one: one.name)
    assert function.name == "capture-shorten"
    assert large_pipe(program).inputs["enrichment"] == function.state["arn"]
    assert "enrichment" not in pipe_of(program).inputs
    assert function.inputs["handler"] == "transform.shorten.handler"
    assert function.inputs["code"] == transform.inputs["code"]
    assert function.inputs["memorySize"] == max(settings.lambda_memory_mb, 512)
    assert "reservedConcurrentExecutions" not in function.inputs


def test_a_large_change_is_sent_alone_and_has_few_retries(program: Graph, settings: Settings) -> None:
    large = source(program, "capture-large-pipe")
    assert (large["batchSize"], large.get("maximumBatchingWindowInSeconds", 0)) == (1, 0)
    assert large["maximumRetryAttempts"] == min(10, settings.pipe_retries)
    assert large["deadLetterConfig"] == {"arn": dead_letters(program).state["arn"]}


def test_a_failing_batch_is_halved_retried_and_then_kept(program: Graph, settings: Settings) -> None:
    assert source(program)["onPartialBatchItemFailure"] == "AUTOMATIC_BISECT"
    assert source(program)["maximumRetryAttempts"] == settings.pipe_retries
    assert source(program)["deadLetterConfig"] == {"arn": dead_letters(program).state["arn"]}
    assert dead_letters(program).inputs["messageRetentionSeconds"] == 14 * 24 * 3600


@pytest.mark.parametrize("name", PIPES)
def test_the_partition_key_fits_whatever_the_tables_key_is(name: str, program: Graph) -> None:
    """A key of the table has up to 2,048 bytes, a partition key of Kinesis at most 256 characters.

    An eventID has 32: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html,
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
    """
    target = pipe_of(program, name).inputs["targetParameters"]
    assert target == {"kinesisStreamParameters": {"partitionKey": "$.eventID"}}


@pytest.mark.parametrize("name", PIPES)
def test_a_pipe_waits_for_its_role_and_the_roles_policy(name: str, program: Graph) -> None:
    waits = pipe_of(program, name).depends_on
    for type_ in ("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"):
        assert any(f"${type_}::{name}-role" in urn for urn in waits), type_


@pytest.mark.parametrize("name", PIPES)
def test_a_pipe_writes_its_errors_to_a_log_that_is_not_kept_for_ever(
    name: str, program: Graph, settings: Settings
) -> None:
    pipe = pipe_of(program, name).inputs
    (logs,) = [
        group
        for group in program.of("aws:cloudwatch/logGroup:LogGroup")
        if group.inputs["name"] == f"/aws/vendedlogs/pipes/{pipe['name']}"
    ]
    assert logs.inputs["retentionInDays"] == settings.log_retention_days
    assert pipe["logConfiguration"] == {
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
    assert [one.name for one in native.of(FUNCTION)] == ["delivery-transform"]
    for name in ("pipe_name", "large_pipe_name", "shorten_function_name", "dead_letter_queue_url"):
        assert native.outputs[name] == ""


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


def test_it_can_be_used_alone(alone: Alone) -> None:
    def build(context: Context) -> None:
        stream_arn = "arn:aws:dynamodb:eu-west-1:1:table/a-table/stream/x"
        code = pulumi.AssetArchive({"transform/shorten.py": pulumi.StringAsset("")})
        capture = Capture("mine", CaptureArgs("a-table", stream_arn, code), context)
        assert (capture.name, capture.context.table) == ("mine", TABLE)

    assert [pipe.inputs["source"][-9:] for pipe in alone(build).of(PIPE)] == ["/stream/x"] * 2
