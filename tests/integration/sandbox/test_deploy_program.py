"""The pipeline's program, deployed whole: boto3's descriptions match the stack."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sandbox.deploy import deploy
from sandbox.deploy.deployer import RESOURCES
from sandbox.deploy.without_effect import has_no_effect
from sandbox.state import StateDir, client
from tests.conftest import SandboxServer
from tests.integration.sandbox.destroy import destroy, left
from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back import READERS, Resource, differences

ROOT = Path(__file__).parents[3]
STACKS = ("local", "dev", "prod")
PROJECT = "sales-analytics-cdc"
# Settings that no stack has by default, so that every type of resource is deployed somewhere.
MORE = {
    "local": {"tableCapacity": "provisioned", "tableMaxReadUnits": 50, "tableMaxWriteUnits": 40},
    "dev": {"eventFanout": "true", "lambdaConcurrency": 5, "mergeIntervalMinutes": 60},
    "prod": {"captureMode": "native", "tableContributorInsights": "throttled-keys"},
}
OF_PIPES = {"pipe_name", "large_pipe_name", "shorten_function_name", "dead_letter_queue_url"}
# Read back by another check: no description has a zip.
SEEN_OTHERWISE = {("aws:lambda/function:Function", "code")}
FORWARD = f"""
import runpy, sys
sys.path[0] = {str(ROOT)!r}
runpy.run_path({str(ROOT / "__main__.py")!r}, run_name="__main__")
"""


class Deployed(NamedTuple):
    """One stack of the program in the sandbox."""

    stack: str
    outputs: Mapping[str, str]
    endpoint_url: str
    lines: list[str]
    resources: list[Resource]

    def aws(self, service: str) -> Any:
        return client(service, self.endpoint_url)


def every_output_is_a_text_that_says_something(deployed: Deployed) -> None:
    names = (
        "region table_name table_arn stream_arn stream_name pipe_name large_pipe_name "
        "shorten_function_name delivery_stream_name function_name bucket_name"
    )
    more = "database_name change_log_name view_name workgroup_name dead_letter_queue_url dashboard_name"
    own = {"local": "endpoint_url", "dev": "event_bus_name event_queue_url merge_machine_arn", "prod": ""}[
        deployed.stack
    ]
    texts = {name: value for name, value in deployed.outputs.items() if name != "made_with"}
    assert set(texts) == {*names.split(), *more.split(), *own.split()}
    assert all(isinstance(value, str) for value in texts.values())
    assert {name for name, value in texts.items() if not value} == (OF_PIPES if deployed.stack == "prod" else set())
    assert deployed.outputs["region"] == "eu-west-1"


def progress_tells_of_every_resource_once(deployed: Deployed) -> None:
    assert f"Table {deployed.outputs['table_name']}" in deployed.lines
    assert len(deployed.lines) == len({resource[:2] for resource in deployed.resources}) > 40


def the_table_streams_both_images(deployed: Deployed) -> None:
    table = deployed.aws("dynamodb").describe_table(TableName=deployed.outputs["table_name"])["Table"]
    assert table["TableArn"] == deployed.outputs["table_arn"]
    assert table["LatestStreamArn"] == deployed.outputs["stream_arn"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    capacity = "PROVISIONED" if deployed.stack == "local" else "PAY_PER_REQUEST"
    assert table["BillingModeSummary"]["BillingMode"] == capacity
    assert table["DeletionProtectionEnabled"] is (deployed.stack == "prod")
    assert ("SSEDescription" in table) is (deployed.stack == "prod")


def the_stream_is_as_large_and_keeps_as_long_as_the_stack_says(deployed: Deployed) -> None:
    name = deployed.outputs["stream_name"]
    stream = deployed.aws("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert stream["StreamARN"] == aws_arn("kinesis", f"stream/{name}")
    assert stream["StreamModeDetails"]["StreamMode"] == ("ON_DEMAND" if deployed.stack == "prod" else "PROVISIONED")
    assert stream["RetentionPeriodHours"] == (168 if deployed.stack == "prod" else 24)
    assert stream["EncryptionType"] == "KMS"


def the_capture_leads_from_the_table_to_kinesis(deployed: Deployed) -> None:
    stream_arn = aws_arn("kinesis", f"stream/{deployed.outputs['stream_name']}")
    if deployed.stack == "prod":
        table = deployed.outputs["table_name"]
        found = deployed.aws("dynamodb").describe_kinesis_streaming_destination(TableName=table)
        (destination,) = found["KinesisDataStreamDestinations"]
        assert (destination["StreamArn"], destination["DestinationStatus"]) == (stream_arn, "ACTIVE")
        return
    queue = deployed.aws("sqs").get_queue_attributes(
        QueueUrl=deployed.outputs["dead_letter_queue_url"], AttributeNames=["QueueArn"]
    )["Attributes"]
    enrichments: list[str] = []
    for output in ("pipe_name", "large_pipe_name"):
        pipe = deployed.aws("pipes").describe_pipe(Name=deployed.outputs[output])
        assert (pipe["Source"], pipe["Target"]) == (deployed.outputs["stream_arn"], stream_arn)
        source = pipe["SourceParameters"]["DynamoDBStreamParameters"]
        assert source["StartingPosition"] == "TRIM_HORIZON"
        assert source["DeadLetterConfig"] == {"Arn": queue["QueueArn"]}
        assert pipe["TargetParameters"] == {"KinesisStreamParameters": {"PartitionKey": "$.eventID"}}
        enrichments.append(pipe.get("Enrichment", "").rpartition(":")[2])
    assert enrichments == ["", deployed.outputs["shorten_function_name"]]


def aws_arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:eu-west-1:123456789012:{resource}"


def firehose_reads_kinesis_calls_the_function_and_writes_the_bucket(deployed: Deployed) -> None:
    name = deployed.outputs["delivery_stream_name"]
    described = deployed.aws("firehose").describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    source = described["Source"]["KinesisStreamSourceDescription"]
    assert source["KinesisStreamARN"].endswith(f":stream/{deployed.outputs['stream_name']}")
    s3 = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert s3["BucketARN"] == f"arn:aws:s3:::{deployed.outputs['bucket_name']}"
    assert s3["Prefix"] == "order_changes/arrival_hour=!{timestamp:yyyy-MM-dd-HH}/"
    (processor,) = s3["ProcessingConfiguration"]["Processors"]
    parameters = {entry["ParameterName"]: entry["ParameterValue"] for entry in processor["Parameters"]}
    assert parameters["LambdaArn"].endswith(f":function:{deployed.outputs['function_name']}:$LATEST")
    if deployed.stack == "dev":
        assert s3["CompressionFormat"] == "GZIP"
        assert "DataFormatConversionConfiguration" not in s3
        return
    conversion = s3["DataFormatConversionConfiguration"]
    assert conversion["Enabled"] is True
    assert conversion["SchemaConfiguration"]["TableName"] == deployed.outputs["change_log_name"]
    assert set(conversion["InputFormatConfiguration"]["Deserializer"]) == {"OpenXJsonSerDe"}


def the_function_has_the_zip_that_was_built(deployed: Deployed) -> None:
    function = deployed.aws("lambda").get_function(FunctionName=deployed.outputs["function_name"])
    configuration = function["Configuration"]
    assert configuration["Handler"] == "transform.handler.handler"
    assert configuration["CodeSize"] > 10_000
    assert configuration["Architectures"] == (
        ["arm64"] if deployed.stack != "local" else configuration["Architectures"]
    )
    assert function["Tags"]["Stack"] == f"test-{deployed.stack}"


def the_catalogue_has_the_typed_table_and_the_view(deployed: Deployed) -> None:
    glue, database = deployed.aws("glue"), deployed.outputs["database_name"]
    table = glue.get_table(DatabaseName=database, Name=deployed.outputs["change_log_name"])["Table"]
    assert table["Parameters"]["projection.enabled"] == "true"
    assert [key["Name"] for key in table["PartitionKeys"]] == ["arrival_hour"]
    types = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert types["total"] == "decimal(18,2)"
    assert types["before"] == "string"
    view = glue.get_table(DatabaseName=database, Name=deployed.outputs["view_name"])["Table"]
    assert view["TableType"] == "VIRTUAL_VIEW"
    assert view["ViewOriginalText"].startswith("/* Presto View: ")
    assert "SerdeInfo" in view["StorageDescriptor"]
    assert "order_id" in [column["Name"] for column in view["StorageDescriptor"]["Columns"]]


def the_bucket_is_closed_versioned_and_logged(deployed: Deployed) -> None:
    s3, bucket = deployed.aws("s3"), deployed.outputs["bucket_name"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    (deny,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    algorithm = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    assert algorithm == ("aws:kms" if deployed.stack == "prod" else "AES256")
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetPrefix"] == "access/"
    notification = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert set(notification) == {"ResponseMetadata", "EventBridgeConfiguration"}
    ids = {rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert {"query-results", "tidy"} <= ids
    assert ("rows" in ids) is (deployed.stack == "dev")


def what_is_written_under_errors_is_noted_and_nothing_else(deployed: Deployed) -> None:
    """The first message is of the first error: an alarm watches the queue."""
    s3, sqs, bucket = deployed.aws("s3"), deployed.aws("sqs"), deployed.outputs["bucket_name"]
    url = sqs.get_queue_url(QueueName=f"order-cdc-test-{deployed.stack}-errors")["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    s3.put_object(Bucket=bucket, Key="query-results/x.csv", Body=b"")
    s3.put_object(Bucket=bucket, Key="errors/processing-failed/x", Body=b"{}")
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "errors/processing-failed/x"


def the_workgroup_puts_results_into_the_bucket(deployed: Deployed) -> None:
    group = deployed.aws("athena").get_work_group(WorkGroup=deployed.outputs["workgroup_name"])["WorkGroup"]
    result = group["Configuration"]["ResultConfiguration"]
    assert result["OutputLocation"] == f"s3://{deployed.outputs['bucket_name']}/query-results/"
    assert result["EncryptionConfiguration"]["EncryptionOption"] == (
        "SSE_KMS" if deployed.stack == "prod" else "SSE_S3"
    )


def each_role_has_its_one_policy(deployed: Deployed) -> None:
    iam = deployed.aws("iam")
    for part in ("transform", "delivery", "crawler") + (() if deployed.stack == "prod" else ("pipe",)):
        role = f"order-cdc-test-{deployed.stack}-{part}-role"
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        assert iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]


def alarms_speak_to_the_topic_where_there_is_one(deployed: Deployed) -> None:
    prefix = f"order-cdc-test-{deployed.stack}-"
    alarms = deployed.aws("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    assert len(alarms) >= 8
    topics = {arn for alarm in alarms for arn in alarm["AlarmActions"]}
    assert len(topics) == (1 if deployed.stack == "prod" else 0)
    dashboard = deployed.aws("cloudwatch").get_dashboard(DashboardName=deployed.outputs["dashboard_name"])
    assert json.loads(dashboard["DashboardBody"])["widgets"]


def every_input_is_read_back_equal(deployed: Deployed) -> None:
    """Issue 11, 14: the describe replies of the sandbox match the program's inputs."""
    aws = Aws(deployed.endpoint_url)
    unlike: list[str] = []
    for resource in deployed.resources:
        asked = {
            name: value
            for name, value in resource.inputs.items()
            if not has_no_effect(resource.type, name) and (resource.type, name) not in SEEN_OTHERWISE
        }
        found = READERS[resource.type](aws, resource)
        unlike += [f"{resource.type} {resource.name} {difference}" for difference in differences(asked, found)]
    assert unlike == []
    assert len(deployed.resources) == len(deployed.lines)


CHECKS = (
    every_input_is_read_back_equal,
    every_output_is_a_text_that_says_something,
    progress_tells_of_every_resource_once,
    the_table_streams_both_images,
    the_stream_is_as_large_and_keeps_as_long_as_the_stack_says,
    the_capture_leads_from_the_table_to_kinesis,
    firehose_reads_kinesis_calls_the_function_and_writes_the_bucket,
    the_function_has_the_zip_that_was_built,
    the_catalogue_has_the_typed_table_and_the_view,
    the_bucket_is_closed_versioned_and_logged,
    what_is_written_under_errors_is_noted_and_nothing_else,
    the_workgroup_puts_results_into_the_bucket,
    each_role_has_its_one_policy,
    alarms_speak_to_the_topic_where_there_is_one,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The program under stack names that no other test deploys."""
    (tmp_path / "__main__.py").write_text(FORWARD)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    for stack in STACKS:
        file = tmp_path / f"Pulumi.test-{stack}.yaml"
        settings = "".join(f"  {PROJECT}:{key}: {value}\n" for key, value in MORE.get(stack, {}).items())
        file.write_text((ROOT / f"Pulumi.{stack}.yaml").read_text() + settings)
    return tmp_path


# One test per stack, not per check: a deployment takes seconds, and each worker of xdist would make one.
@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_deployed_as_it_says(
    stack: str, project: Path, sandbox_server: SandboxServer, subtests: pytest.Subtests
) -> None:
    lines: list[str] = []
    outputs = deploy(project, f"test-{stack}", sandbox_server.endpoint_url, StateDir(project / "state"), lines.append)
    kept = StateDir(project / "state").read_json(RESOURCES) or {}
    resources = [Resource(**resource) for resource in kept["resources"]]
    deployed = Deployed(stack, outputs, sandbox_server.endpoint_url, lines, resources)
    for check in CHECKS:
        with subtests.test(check.__name__):
            check(deployed)
    with subtests.test("a destroy leaves nothing"):
        aws = Aws(deployed.endpoint_url)
        destroy(aws, resources)
        assert left(aws, resources) == []
