"""What AWS refuses of calls that its models do not limit, or that another process of the sandbox answers."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.front.reply import Request
from sandbox.front.services import refused
from sandbox.state import client
from tests.integration.sandbox.provider.calls import trusting

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def code(sandbox_server: Any) -> Any:
    """Return the error's code of a call, without boto3's own validation; "" if it is accepted."""

    def call(operation: str, **given: Any) -> str:
        service, _, name = operation.partition(".")
        boto: Any = boto3
        client: Any = boto.client(
            service,
            endpoint_url=sandbox_server.endpoint_url,
            region_name=REGION,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            config=Config(parameter_validation=False, retries={"max_attempts": 0}),
        )
        try:
            getattr(client, name)(**given)
        except ClientError as error:
            response: Any = error.response
            return response["Error"]["Code"]
        return ""

    return call


def test_a_partition_has_a_value_for_each_key(code: Any) -> None:
    """ "The number of partition keys do not match the number of partition values": cdk-preflight rules/glue."""
    code("glue.create_database", DatabaseInput={"Name": "limits"})
    keys = [{"Name": "day", "Type": "string"}, {"Name": "hour", "Type": "string"}]
    code("glue.create_table", DatabaseName="limits", TableInput={"Name": "log", "PartitionKeys": keys})
    where = {"DatabaseName": "limits", "TableName": "log"}
    assert code("glue.create_partition", **where, PartitionInput={"Values": ["1"]}) == "InvalidInputException"
    assert code("glue.create_partition", **where, PartitionInput={"Values": ["1", "2"]}) == ""
    batch = [{"Values": ["2", str(number)]} for number in range(101)]
    assert code("glue.batch_create_partition", **where, PartitionInputList=batch) == "ValidationException"
    assert code("glue.batch_create_partition", **where, PartitionInputList=[*batch[:9], {"Values": []}])
    assert code("glue.batch_create_partition", **where, PartitionInputList=batch[:100]) == ""


def test_an_expression_of_names_is_a_regular_one(code: Any) -> None:
    code("glue.create_database", DatabaseInput={"Name": "limits"})
    assert code("glue.get_tables", DatabaseName="limits", Expression="[") == "InvalidInputException"
    assert code("glue.get_tables", DatabaseName="limits", Expression="log.*") == ""


def test_the_primary_workgroup_stays(code: Any) -> None:
    """https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteWorkGroup.html."""
    refused = code("athena.delete_work_group", WorkGroup="primary", RecursiveDeleteOption=True)
    assert refused == "InvalidRequestException"
    assert code("athena.get_work_group", WorkGroup="primary") == ""


@pytest.mark.parametrize(
    ("given", "member"),
    [
        ({}, None),
        ({"ClientRequestToken": "x" * 32}, None),
        ({"ClientRequestToken": "short"}, "clientRequestToken"),
        ({"ExecutionParameters": []}, "executionParameters"),
        ({"ExecutionParameters": ["1"]}, None),
        ({"QueryString": ""}, None),
    ],
)
def test_a_query_has_the_lengths_of_the_model(given: Mapping[str, Any], member: str | None) -> None:
    """The constraints of botocore's model; the statement's are left to the process that answers the call."""
    body = json.dumps({"QueryString": "SELECT 1", **given}).encode()
    error = refused(Request("POST", "/", "", [], body), "AmazonAthena.StartQueryExecution")
    assert (None if error is None else error.code) == (member and "InvalidRequestException")
    assert member is None or f"at '{member}'" in str(error)


def test_a_query_with_a_short_token_does_not_start(code: Any) -> None:
    refusal = code("athena.start_query_execution", QueryString="SELECT 1", ClientRequestToken="short")
    assert refusal == "InvalidRequestException"


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"Timeout": 900}, ""),
        ({"Timeout": 901}, "ValidationException"),
        ({"Environment": {"Variables": {"STAGE": "x"}}}, ""),
        ({"Environment": {"Variables": {"STAGE": "x", "AWS_REGION": "x"}}}, "InvalidParameterValueException"),
    ],
)
def test_a_function_s_configuration(code: Any, given: Mapping[str, Any], refused: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and configuration-envvars.html."""
    code("iam.create_role", RoleName="limits", AssumeRolePolicyDocument=trusting("lambda"))
    created = {
        "FunctionName": f"limits-{time.time_ns()}",
        "Role": "arn:aws:iam::123456789012:role/limits",
        "Runtime": "python3.12",
        "Handler": "handler.handle",
        "Code": {"ZipFile": b"PK\x05\x06" + bytes(18)},
    }
    assert code("lambda.create_function", **created, **given) == refused


def test_a_function_s_code_is_an_archive_and_its_permissions_have_own_ids(code: Any) -> None:
    """lambda_/test_lambda.snapshot.json and test_lambda_api.snapshot.json of localstack/localstack."""
    code("iam.create_role", RoleName="limits", AssumeRolePolicyDocument=trusting("lambda"))
    made = {"Role": "arn:aws:iam::123456789012:role/limits", "Runtime": "python3.12", "Handler": "handler.handle"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "")
    name, zipped = f"archive-{time.time_ns()}", packed.getvalue()
    invalid = "InvalidParameterValueException"
    assert code("lambda.create_function", FunctionName=name, Code={"ZipFile": b"def handle"}, **made) == invalid
    assert code("lambda.create_function", FunctionName=name, Code={"ZipFile": zipped}, **made) == ""
    assert code("lambda.update_function_code", FunctionName=name, ZipFile=b"def handle") == invalid
    assert code("lambda.update_function_code", FunctionName=name, ZipFile=zipped) == ""
    given = {"FunctionName": name, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    added = [code("lambda.add_permission", StatementId=sid, **given) for sid in ("a", "a", "b")]
    assert added == ["", "ResourceConflictException", ""]
    assert code("lambda.add_permission", StatementId="a", **given | {"FunctionName": "none"}) != ""


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        *(("rate(1 minute)", True), ("rate(5 minutes)", True), ("rate(10 hours)", True), ("cron(0 20 * * ? *)", True)),
        *(("rate(1 minutes)", False), ("rate(5 minute)", False), ("rate(0 minutes)", False), ("cron(0 20 * *)", False)),
    ],
)
def test_a_rule_s_schedule(code: Any, text: str, valid: bool) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html."""
    assert code("events.put_rule", Name="limits", ScheduleExpression=text) == ("" if valid else "ValidationException")


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        *(("rate(60 minutes)", True), ("cron(0 20 * * ? *)", True), ("at(2030-01-01T00:00:00)", True)),
        *(("rate(0 minutes)", False), ("rate(30 seconds)", False), ("cron(*/30 * * * * ? *)", False)),
    ],
)
def test_a_schedule_s_expression(code: Any, text: str, valid: bool) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html."""
    target = {"Arn": "arn:aws:sqs:eu-west-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/limits"}
    given = {"ScheduleExpression": text, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    refused = code("scheduler.create_schedule", Name=f"limits-{time.time_ns()}", **given)
    assert refused == ("" if valid else "ValidationException")


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        ([{"Value": 2.0**360}], ""),
        ([{"Value": -(2.0**361)}], "InvalidParameterValue"),
        ([{"Value": 1}] * 1000, ""),
        ([{"Value": 1}] * 1001, "InvalidParameterValue"),
        ([{"Value": 1, "Dimensions": [{"Name": f"d{n}", "Value": "v"} for n in range(30)]}], ""),
        ([{"Value": 1, "Dimensions": [{"Name": f"d{n}", "Value": "v"} for n in range(31)]}], "InvalidParameterValue"),
        ([{"Value": 1, "ago_s": 13 * 86_400}], ""),
        ([{"Value": 1, "ago_s": 15 * 86_400}], "InvalidParameterValue"),
        ([{"Value": 1, "ago_s": -3600}], ""),
        ([{"Value": 1, "ago_s": -3 * 3600}], "InvalidParameterValue"),
    ],
)
def test_values_of_a_metric(code: Any, data: list[dict[str, Any]], refused: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html."""
    given = [
        {"MetricName": "limits", "Timestamp": time.time() - each.get("ago_s", 0)}
        | {name: value for name, value in each.items() if name != "ago_s"}
        for each in data
    ]
    assert code("cloudwatch.put_metric_data", Namespace="Limits", MetricData=given) == refused


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"Statistic": "Sum"}, ""),
        ({"ExtendedStatistic": "p99"}, ""),
        ({}, "ValidationError"),
        ({"Statistic": "Sum", "ExtendedStatistic": "p99"}, "ValidationError"),
    ],
)
def test_an_alarm_of_a_metric_has_one_statistic(code: Any, given: Mapping[str, str], refused: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html."""
    alarm = {
        "AlarmName": "limits",
        "Namespace": "Limits",
        "MetricName": "limits",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    assert code("cloudwatch.put_metric_alarm", **alarm, **given) == refused


@pytest.mark.parametrize(("name", "refused"), [("m1", ""), ("M1", "ValidationError"), ("1m", "ValidationError")])
def test_a_query_s_id_begins_with_a_small_letter(code: Any, name: str, refused: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html."""
    stat = {"Metric": {"Namespace": "Limits", "MetricName": "limits"}, "Period": 60, "Stat": "Sum"}
    asked = {"StartTime": time.time() - 3600, "EndTime": time.time()}
    queries = [{"Id": name, "MetricStat": stat}]
    assert code("cloudwatch.get_metric_data", MetricDataQueries=queries, **asked) == refused


def test_a_stream_with_consumers_is_not_deleted_by_accident(code: Any) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html."""
    assert code("kinesis.create_stream", StreamName="limits", ShardCount=1) == ""
    arn = f"arn:aws:kinesis:{REGION}:123456789012:stream/limits"
    assert code("kinesis.register_stream_consumer", StreamARN=arn, ConsumerName="reader") == ""
    assert code("kinesis.delete_stream", StreamName="limits") == "ResourceInUseException"
    assert code("kinesis.delete_stream", StreamARN=arn, EnforceConsumerDeletion=False) == "ResourceInUseException"
    assert code("kinesis.delete_stream", StreamName="limits", EnforceConsumerDeletion=True) == ""


def test_a_time_to_live_is_switched_once(code: Any) -> None:
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    types = [{"AttributeName": "id", "AttributeType": "S"}]
    table = {"TableName": "limits", "KeySchema": key, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST"}
    assert code("dynamodb.create_table", **table) == ""

    def switch(name: str, *, enabled: bool) -> str:
        given = {"AttributeName": name, "Enabled": enabled}
        return code("dynamodb.update_time_to_live", TableName="limits", TimeToLiveSpecification=given)

    assert switch("until", enabled=False) == "ValidationException", "it is already disabled"
    assert switch("until", enabled=True) == ""
    assert switch("until", enabled=True) == "ValidationException", "it is already enabled"
    assert switch("other", enabled=True) == "ValidationException", "it is active on another attribute"
    assert switch("other", enabled=False) == "ValidationException"
    assert switch("until", enabled=False) == ""


def test_a_message_has_contents_and_a_queue_known_attributes(code: Any, sandbox_server: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html."""
    url = f"{sandbox_server.endpoint_url}/123456789012/limits"
    assert code("sqs.create_queue", QueueName="limits", Attributes={"Sort": "1"}) == "InvalidAttributeName"
    assert code("sqs.create_queue", QueueName="limits", Attributes={"DelaySeconds": "0"}) == ""
    attributes = {"QueueArn": f"arn:aws:sqs:{REGION}:123456789012:other"}
    assert code("sqs.set_queue_attributes", QueueUrl=url, Attributes=attributes) == "InvalidAttributeName"
    sent = [
        code("sqs.send_message", QueueUrl=url, MessageBody=body) for body in ("", "\x01", "\ufffe", "\t\n\U0001f600")
    ]
    assert sent == ["MissingParameter", "InvalidMessageContents", "InvalidMessageContents", ""]
    batch = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(("fine", "\x00"))]
    assert code("sqs.send_message_batch", QueueUrl=url, Entries=batch) == "InvalidMessageContents"


def test_a_subscription_has_a_known_protocol(code: Any) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html."""
    code("sns.create_topic", Name="limits")
    topic = f"arn:aws:sns:{REGION}:123456789012:limits"
    assert code("sns.subscribe", TopicArn=topic, Protocol="ftp", Endpoint="x") == "InvalidParameter"
    assert code("sns.subscribe", TopicArn=topic, Protocol="email", Endpoint="a@b.example") == ""


TRUSTED = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("policy", "accepted"),
    [
        ({"Version": "2012-10-17", "Statement": [TRUSTED]}, True),
        ({"Statement": TRUSTED}, True),
        ({}, False),
        ([], False),
        ({"Version": "2012-10-17"}, False),
        ({"Version": "2012-10-17", "Statement": []}, False),
        ({"Version": "2012-10-17", "Statement": [TRUSTED, {"Effect": "Allow", "Action": "sts:AssumeRole"}]}, False),
    ],
)
def test_a_trust_policy_has_statements_with_principals(code: Any, policy: Any, accepted: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"""
    name, text = f"trust-{time.time_ns()}", json.dumps(policy)
    expected = "" if accepted else "MalformedPolicyDocument"
    assert code("iam.create_role", RoleName=name, AssumeRolePolicyDocument=text) == expected
    code("iam.create_role", RoleName=name, AssumeRolePolicyDocument=trusting("lambda"))
    if not accepted:
        assert code("iam.update_assume_role_policy", RoleName=name, PolicyDocument=text) == expected


def test_firehose_assumes_its_roles(code: Any) -> None:
    """hashicorp/terraform-provider-aws, internal/service/firehose, waits for a role that Firehose cannot assume yet."""
    name = f"roles-{time.time_ns()}"
    code("s3.create_bucket", Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    code("iam.create_role", RoleName=f"{name}-lambda", AssumeRolePolicyDocument=trusting("lambda"))
    code("iam.create_role", RoleName=f"{name}-firehose", AssumeRolePolicyDocument=trusting("firehose"))
    for role, refused_as in (
        (f"{name}-none", "InvalidArgumentException"),
        (f"{name}-lambda", "InvalidArgumentException"),
        (f"{name}-firehose", ""),
    ):
        destination = {"RoleARN": f"arn:aws:iam::123456789012:role/{role}", "BucketARN": f"arn:aws:s3:::{name}"}
        made = code(
            "firehose.create_delivery_stream",
            DeliveryStreamName=name[-60:],
            ExtendedS3DestinationConfiguration=destination,
        )
        assert made == refused_as


def test_events_of_aws_services_are_not_put(sandbox_server: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html"""
    sources = ("mine", "aws.s3", "awsome", "aws.")
    entries = [{"Source": source, "DetailType": "t", "Detail": "{}"} for source in sources]
    put: Any = client("events", sandbox_server.endpoint_url).put_events(Entries=entries)
    codes = [entry.get("ErrorCode") for entry in put["Entries"]]
    assert codes == [None, "NotAuthorizedForSourceException", None, "NotAuthorizedForSourceException"]
    assert put["FailedEntryCount"] == 2
    assert all("EventId" in entry for entry in put["Entries"] if "ErrorCode" not in entry)


def test_a_deleted_queue_s_name_is_not_free_at_once(sandbox_server: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html#API_CreateQueue_Errors"""
    sqs: Any = client("sqs", sandbox_server.endpoint_url)
    name = f"deleted-{time.time_ns()}"
    sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName=name)["QueueUrl"])
    with pytest.raises(sqs.exceptions.QueueDeletedRecently) as raised:
        sqs.create_queue(QueueName=name)
    assert raised.value.response["Error"]["Code"] == "AWS.SimpleQueueService.QueueDeletedRecently"


def test_lambda_assumes_its_role(code: Any) -> None:
    """hashicorp/terraform-provider-aws, internal/service/lambda, waits for a role that Lambda cannot assume yet."""
    name = f"role-{time.time_ns()}"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "")
    made = {"FunctionName": name, "Runtime": "python3.12", "Handler": "handler.handle"}
    for service, refused_as in (("firehose", "InvalidParameterValueException"), ("lambda", "")):
        code("iam.create_role", RoleName=f"{name}-{service}", AssumeRolePolicyDocument=trusting(service))
        role = f"arn:aws:iam::123456789012:role/{name}-{service}"
        found = code("lambda.create_function", **made, Role=role, Code={"ZipFile": packed.getvalue()})
        assert found == refused_as
