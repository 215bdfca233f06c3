"""Each role allows exactly the calls of its service.

The calls are those that AWS's documentation says the service makes for this
configuration:
pipes      https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
delivery   https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
transform  https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
merge      https://docs.aws.amazon.com/step-functions/latest/dg/athena-iam.html
           https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
schedule   https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
crawler    https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html
keys       https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from components.explain.graph import Graph
from components.settings import Settings
from tests.unit.components.iam import Call, allows
from tests.unit.components.running import CHOSEN, Record

# The Service Authorization Reference names no resource type for these.
DELIVERS_LOGS = (
    *("CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies", "GetLogDelivery"),
    *("ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery"),
)
UNNARROWED = {
    *("dynamodb:ListStreams", "kinesis:ListStreams", "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    *(f"logs:{action}" for action in DELIVERS_LOGS),
}
PREFIX = "arn:aws:{}:eu-west-1:123456789012:{}"
SERVICES = {
    "pipe": "pipes",
    "large-pipe": "pipes",
    "event-pipe": "pipes",
    "delivery": "firehose",
    "transform": "lambda",
    "shorten": "lambda",
    "crawler": "glue",
    "merge": "states",
    "merge-schedule": "scheduler",
}


class Names:
    """The ARNs of a stack's resources, written out here rather than taken from what is tested."""

    def __init__(self, stack: str) -> None:
        self.table_stream = PREFIX.format("dynamodb", f"table/order-cdc-{stack}-table/stream/2026-01-01T00:00:00.000")
        self.stream = PREFIX.format("kinesis", f"stream/order-cdc-{stack}-stream")
        self.dead_letters = PREFIX.format("sqs", f"order-cdc-{stack}-dead-letters")
        self.bus = PREFIX.format("events", f"event-bus/order-cdc-{stack}-events")
        self.event_dead_letters = PREFIX.format("sqs", f"order-cdc-{stack}-event-dead-letters")
        self.function = PREFIX.format("lambda", f"function:order-cdc-{stack}-transform:$LATEST")
        self.shorten = PREFIX.format("lambda", f"function:order-cdc-{stack}-shorten")
        self.shorten_log = PREFIX.format(
            "logs", f"log-group:/aws/lambda/order-cdc-{stack}-shorten:log-stream:2026/11/22/[$LATEST]0a"
        )
        self.bucket = f"arn:aws:s3:::order-cdc-{stack}-lake-123456789012"
        self.rows = f"{self.bucket}/order_changes/arrival_hour=2026-11-22-15/part-1"
        self.errors = f"{self.bucket}/errors/processing-failed/arrival_hour=2026-11-22-15/part-1"
        self.delivery_log = PREFIX.format(
            "logs", f"log-group:/aws/kinesisfirehose/order-cdc-{stack}-delivery:log-stream:delivery"
        )
        self.transform_log = PREFIX.format(
            "logs", f"log-group:/aws/lambda/order-cdc-{stack}-transform:log-stream:2026/11/22/[$LATEST]0a"
        )
        self.crawler_log = PREFIX.format("logs", "log-group:/aws-glue/crawlers:log-stream:crawler")
        self.database = f"order_cdc_{stack}_lake"
        self.catalog = [PREFIX.format("glue", "catalog"), PREFIX.format("glue", f"database/{self.database}")]
        self.change_log = PREFIX.format("glue", f"table/{self.database}/order_changes")
        self.observed = PREFIX.format("glue", f"table/{self.database}/observed_order_changes")
        self.machine = PREFIX.format("states", f"stateMachine:order-cdc-{stack}-merge")
        self.merge_dead_letters = PREFIX.format("sqs", f"order-cdc-{stack}-merge-dead-letters")
        self.workgroup = PREFIX.format("athena", f"workgroup/order-cdc-{stack}-analytics")
        self.current = PREFIX.format("glue", f"table/{self.database}/orders_current")
        self.view = PREFIX.format("glue", f"table/{self.database}/orders")
        self.current_file = f"{self.bucket}/orders_current/data/part-1.parquet"
        self.result = f"{self.bucket}/query-results/secret.csv"
        self.key = PREFIX.format("kms", "key/00000000-0000-0000-0000-000000000000")

    def via(self, service: str, *actions: str) -> list[Call]:
        return [
            Call(f"kms:{action}", self.key, {"kms:ViaService": f"{service}.eu-west-1.amazonaws.com"})
            for action in actions
        ]


def calls(service: str, resource: str, *actions: str) -> list[Call]:
    return [Call(f"{service}:{action}", resource) for action in actions]


def _pipe(names: Names, settings: Settings) -> Iterator[Call]:
    yield from calls("dynamodb", names.table_stream, "DescribeStream", "GetRecords", "GetShardIterator")
    yield from calls("dynamodb", "*", "ListStreams")
    yield from calls("kinesis", names.stream, "PutRecord", "PutRecords")
    yield from calls("sqs", names.dead_letters, "SendMessage")
    if settings.customer_managed_keys:
        yield from names.via("dynamodb", "Decrypt")
        yield from names.via("kinesis", "GenerateDataKey")
        yield from names.via("sqs", "Decrypt", "GenerateDataKey")


def _large_pipe(names: Names, settings: Settings) -> Iterator[Call]:
    yield from _pipe(names, settings)
    yield from calls("lambda", names.shorten, "InvokeFunction")


def _shorten(names: Names, settings: Settings) -> Iterator[Call]:
    yield from calls("logs", names.shorten_log, "CreateLogStream", "PutLogEvents")
    if settings.lambda_tracing:
        yield from calls("xray", "*", "PutTelemetryRecords", "PutTraceSegments")


def _delivery(names: Names, settings: Settings) -> Iterator[Call]:
    yield from calls("kinesis", names.stream, "DescribeStream", "GetRecords", "GetShardIterator", "ListShards")
    yield from calls("lambda", names.function, "GetFunctionConfiguration", "InvokeFunction")
    yield from calls("s3", names.bucket, "GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")
    for key in (names.rows, names.errors):
        yield from calls("s3", key, "AbortMultipartUpload", "GetObject", "PutObject")
    yield from calls("logs", names.delivery_log, "PutLogEvents")
    if settings.lake_format == "parquet":
        for resource in (*names.catalog, names.change_log):
            yield from calls("glue", resource, "GetTable", "GetTableVersion", "GetTableVersions")
    if settings.customer_managed_keys:
        yield from names.via("kinesis", "Decrypt")
        yield from names.via("s3", "Decrypt", "GenerateDataKey")


def _transform(names: Names, settings: Settings) -> Iterator[Call]:
    yield from calls("logs", names.transform_log, "CreateLogStream", "PutLogEvents")
    if settings.lambda_tracing:
        yield from calls("xray", "*", "PutTelemetryRecords", "PutTraceSegments")


def _crawler(names: Names, settings: Settings) -> Iterator[Call]:
    yield from calls("s3", names.bucket, "GetBucketLocation", "ListBucket")
    yield from calls("s3", names.rows, "GetObject")
    for resource in (*names.catalog, names.observed):
        yield from calls("glue", resource, "CreateTable", "GetTable", "GetTables", "UpdateTable")
        yield from calls("glue", resource, "BatchCreatePartition", "BatchGetPartition", "GetPartitions")
        yield from calls("glue", resource, "GetPartition", "UpdatePartition")
    yield from calls("glue", names.catalog[1], "GetDatabase")
    yield from calls("logs", names.crawler_log, "CreateLogGroup", "CreateLogStream", "PutLogEvents")
    if settings.customer_managed_keys:
        yield from names.via("s3", "Decrypt")


def _event_pipe(names: Names, settings: Settings) -> Iterator[Call]:
    reads = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
    yield from calls("kinesis", names.stream, *reads)
    yield from calls("kinesis", "*", "ListStreams")
    yield from calls("events", names.bus, "PutEvents")
    yield from calls("sqs", names.event_dead_letters, "SendMessage")
    if settings.customer_managed_keys:
        yield from names.via("kinesis", "Decrypt")
        yield from names.via("sqs", "Decrypt", "GenerateDataKey")


def _merge(names: Names, settings: Settings) -> Iterator[Call]:
    yield from calls("states", names.machine, "ListExecutions")
    yield from calls("athena", names.workgroup, "GetQueryExecution", "StartQueryExecution", "StopQueryExecution")
    yield from calls("athena", PREFIX.format("athena", "datacatalog/AwsDataCatalog"), "GetDataCatalog")
    for table in (names.change_log, names.current, names.view):
        yield from calls("glue", table, "GetTable")
    for resource in (*names.catalog, names.current, names.view):
        yield from calls("glue", resource, "CreateTable", "DeleteTable", "UpdateTable")
    for database in (names.catalog[1], PREFIX.format("glue", "database/default")):
        yield from calls("glue", database, "GetDatabase")
    yield from calls("s3", names.bucket, "GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")
    yield from calls("s3", names.rows, "GetObject")
    for key in (names.current_file, names.result):
        yield from calls("s3", key, "AbortMultipartUpload", "GetObject", "ListMultipartUploadParts", "PutObject")
    yield from calls("s3", names.current_file, "DeleteObject")
    yield from calls("logs", "*", *DELIVERS_LOGS)
    if settings.customer_managed_keys:
        yield from names.via("s3", "Decrypt", "GenerateDataKey")


def _merge_schedule(names: Names, settings: Settings) -> Iterator[Call]:
    yield from calls("states", names.machine, "StartExecution")
    yield from calls("sqs", names.merge_dead_letters, "SendMessage")
    if settings.customer_managed_keys:
        yield from names.via("sqs", "Decrypt", "GenerateDataKey")


NEEDED = {
    "pipe": _pipe,
    "large-pipe": _large_pipe,
    "event-pipe": _event_pipe,
    "delivery": _delivery,
    "transform": _transform,
    "shorten": _shorten,
    "crawler": _crawler,
    "merge": _merge,
    "merge-schedule": _merge_schedule,
}


def needed(role: str, names: Names, settings: Settings) -> list[Call]:
    """The calls that the role's service must be able to make."""
    return list(NEEDED[role](names, settings))


def forbidden(role: str, names: Names) -> Iterator[Call]:
    """The calls that an attacker with the role must not be able to make."""
    table = names.table_stream.partition("/stream/")[0]
    yield from calls("dynamodb", table, "PutItem", "DeleteItem", "Scan", "DeleteTable", "GetItem")
    yield from calls("iam", "*", "PassRole", "CreateRole", "PutRolePolicy")
    yield from calls("sts", "*", "AssumeRole")
    if role != "merge":
        yield from calls("s3", names.result, "GetObject", "PutObject")
        yield from calls("glue", names.current, "UpdateTable", "DeleteTable", "CreateTable")
        yield from calls("athena", names.workgroup, "StartQueryExecution")
    if role != "merge-schedule":
        yield from calls("states", names.machine, "StartExecution")
        yield from calls("sqs", names.merge_dead_letters, "SendMessage")
    yield from calls("states", names.machine, "UpdateStateMachine", "DeleteStateMachine", "StopExecution")
    yield from calls("s3", names.result, "DeleteObject")
    yield from calls("s3", names.rows, "DeleteObject", "PutObjectAcl", "DeleteObjectVersion")
    yield from calls("s3", "arn:aws:s3:::somebody-elses/key", "GetObject", "PutObject")
    yield from calls(
        "kms", names.key, "Decrypt", "GenerateDataKey", "ScheduleKeyDeletion", "PutKeyPolicy", "CreateGrant"
    )
    yield from calls("glue", names.change_log, "UpdateTable", "DeleteTable", "CreateTable")
    yield from calls("logs", PREFIX.format("logs", "log-group:another"), "PutLogEvents", "GetLogEvents")
    yield from calls("lambda", names.function, "UpdateFunctionCode", "DeleteFunction")
    yield from calls("kinesis", names.stream, "DeleteStream", "MergeShards")
    if role not in ("pipe", "large-pipe"):
        yield from calls("kinesis", names.stream, "PutRecord", "PutRecords")
        yield from calls("sqs", names.dead_letters, "SendMessage")
        yield from calls("dynamodb", names.table_stream, "GetRecords")
    if role != "large-pipe":
        yield from calls("lambda", names.shorten, "InvokeFunction")
    yield from calls("lambda", names.shorten, "UpdateFunctionCode", "DeleteFunction")
    if role != "event-pipe":
        yield from calls("events", names.bus, "PutEvents")
        yield from calls("sqs", names.event_dead_letters, "SendMessage")
    yield from calls("events", names.bus, "PutRule", "PutTargets", "DeleteEventBus", "PutPermission")
    if role not in ("delivery", "event-pipe"):
        yield from calls("kinesis", names.stream, "GetRecords")
    if role != "delivery":
        yield from calls("lambda", names.function, "InvokeFunction")
        yield from calls("s3", names.rows, "PutObject")
    if role not in ("delivery", "crawler", "merge"):
        yield from calls("s3", names.rows, "GetObject")


@pytest.fixture
def program(stack: str, record: Record) -> Graph:
    """A stack's graph with every role that it can have."""
    return record(stack, CHOSEN)


def policy(program: Graph, role: str) -> str:
    (found,) = [one for one in program.of("aws:iam/rolePolicy:RolePolicy") if one.inputs["name"] == role]
    return str(found.inputs["policy"])


def test_the_roles_are_those_of_the_services(program: Graph) -> None:
    assert {one.inputs["name"] for one in program.of("aws:iam/rolePolicy:RolePolicy")} == set(SERVICES)


@pytest.mark.parametrize("role", SERVICES)
def test_the_role_is_enough(role: str, stack: str, program: Graph, settings: Settings) -> None:
    refused = [call for call in needed(role, Names(stack), settings) if not allows(policy(program, role), call)]
    assert refused == []


@pytest.mark.parametrize("role", SERVICES)
def test_the_role_is_no_more_than_enough(role: str, stack: str, program: Graph) -> None:
    assert [call for call in forbidden(role, Names(stack)) if allows(policy(program, role), call)] == []


@pytest.mark.parametrize("role", SERVICES)
def test_no_action_is_granted_that_the_service_does_not_call(
    role: str, stack: str, program: Graph, settings: Settings
) -> None:
    granted = {action for statement in json.loads(policy(program, role))["Statement"] for action in statement["Action"]}
    called = {call.action for call in needed(role, Names(stack), settings)}
    assert granted == called


@pytest.mark.parametrize(("role", "service"), SERVICES.items())
def test_only_this_accounts_own_may_assume_the_role(role: str, service: str, stack: str, program: Graph) -> None:
    (found,) = [
        one for one in program.of("aws:iam/role:Role") if one.inputs["name"] == f"order-cdc-{stack}-{role}-role"
    ]
    assert json.loads(found.inputs["assumeRolePolicy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": trusted(service, f"order-cdc-{stack}-{role}"),
        }
    ]


@pytest.mark.parametrize("role", SERVICES)
def test_another_accounts_resource_may_not_assume_the_role(role: str, stack: str, program: Graph) -> None:
    name = f"order-cdc-{stack}-{role}-role"
    (found,) = [one for one in program.of("aws:iam/role:Role") if one.inputs["name"] == name]
    trust = str(found.inputs["assumeRolePolicy"])
    source = trusted(SERVICES[role], f"order-cdc-{stack}-{role}").get("ArnLike", {})
    ours = {"aws:SourceAccount": "123456789012", **source}
    assert allows(trust, Call("sts:AssumeRole", "*", ours))
    assert not allows(trust, Call("sts:AssumeRole", "*", ours | {"aws:SourceAccount": "210987654321"}))
    assert allows(trust, Call("sts:AssumeRole", "*")) == (not source)


def trusted(service: str, name: str) -> dict[str, dict[str, str]]:
    """The conditions that the service's documentation bears out.

    Pipes says that it names the pipe (EventBridge User Guide, "Cross-service
    confused deputy prevention"), Step Functions the state machine, and the
    Scheduler the schedule's group. Firehose, Lambda and Glue say nothing of either
    key: to ask for one would be to bet the deployment on it.
    """
    sources = {"pipes": f"pipe/{name}", "states": f"stateMachine:{name}", "scheduler": "schedule-group/default"}
    if service in sources:
        return {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": PREFIX.format(service, sources[service])},
        }
    return {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}


def test_only_what_cannot_be_narrowed_is_granted_on_everything(program: Graph) -> None:
    for role in SERVICES:
        for statement in json.loads(policy(program, role))["Statement"]:
            if statement["Resource"] == ["*"]:
                assert set(statement["Action"]) <= UNNARROWED


def test_native_capture_needs_no_role_of_the_pipe(record: Record) -> None:
    native = record("prod", {"captureMode": "native", **CHOSEN})
    roles = {one.inputs["name"] for one in native.of("aws:iam/rolePolicy:RolePolicy")}
    assert roles == set(SERVICES) - {"pipe", "large-pipe", "shorten"}


def test_a_policy_document_fits_into_its_role(program: Graph) -> None:
    """IAM counts the letters of a role's inline policies, without white space: 10,240 at most."""
    for one in program.of("aws:iam/rolePolicy:RolePolicy"):
        assert len("".join(one.inputs["policy"].split())) <= 10_240


@pytest.mark.parametrize(
    ("statement", "call", "allowed"),
    [
        ({}, Call("s3:GetObject", "a"), True),
        ({}, Call("S3:getobject", "a"), True),
        ({"Action": ["s3:Get*"]}, Call("s3:GetObject", "a"), True),
        ({"Resource": ["b"]}, Call("s3:GetObject", "a"), False),
        ({"Effect": "Deny"}, Call("s3:GetObject", "a"), False),
        ({"Condition": {"StringEquals": {"k": "v"}}}, Call("s3:GetObject", "a"), False),
        ({"Condition": {"StringEquals": {"k": "v"}}}, Call("s3:GetObject", "a", {"k": "v"}), True),
        ({"Condition": {"StringEqualsIfExists": {"k": "v"}}}, Call("s3:GetObject", "a"), True),
        ({"Condition": {"StringEqualsIfExists": {"k": "v"}}}, Call("s3:GetObject", "a", {"k": "w"}), False),
        ({"Condition": {"ArnLike": {"k": "v*"}}}, Call("s3:GetObject", "a", {"k": "vw"}), True),
    ],
)
def test_the_evaluation_is_iams(statement: dict[str, object], call: Call, allowed: bool) -> None:
    whole = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["a"]} | statement
    assert allows(json.dumps({"Statement": [whole]}), call) is allowed
