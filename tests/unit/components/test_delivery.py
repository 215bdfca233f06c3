from __future__ import annotations

from typing import Any

import pytest

from components.explain.graph import Graph, Resource
from components.settings import Settings
from tests.unit.components.running import Record

FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
FUNCTION = "aws:lambda/function:Function"


def transform(program: Graph) -> Resource:
    (function,) = [one for one in program.of(FUNCTION) if one.name == "delivery-transform"]
    return function


def s3(program: Graph) -> Any:
    return program.one(FIREHOSE).inputs["extendedS3Configuration"]


def parameters(program: Graph) -> dict[str, str]:
    (processor,) = s3(program)["processingConfiguration"]["processors"]
    assert processor["type"] == "Lambda"
    return {entry["parameterName"]: entry["parameterValue"] for entry in processor["parameters"]}


def test_it_leads_from_the_stream_to_the_lake(program: Graph) -> None:
    inputs = program.one(FIREHOSE).inputs
    assert inputs["destination"] == "extended_s3"
    assert (
        inputs["kinesisSourceConfiguration"]["kinesisStreamArn"]
        == program.one("aws:kinesis/stream:Stream").state["arn"]
    )
    (lake,) = [bucket for bucket in program.of("aws:s3/bucket:Bucket") if bucket.name == "lake"]
    assert s3(program)["bucketArn"] == lake.state["arn"]


def test_rows_and_errors_lie_by_their_hour_of_arrival(program: Graph) -> None:
    assert s3(program)["prefix"] == "order_changes/arrival_hour=!{timestamp:yyyy-MM-dd-HH}/"
    assert s3(program)["errorOutputPrefix"] == (
        "errors/!{firehose:error-output-type}/arrival_hour=!{timestamp:yyyy-MM-dd-HH}/"
    )


def test_the_transform_is_called_by_its_version(program: Graph) -> None:
    assert parameters(program)["LambdaArn"] == f"{transform(program).state['arn']}:$LATEST"


def test_a_parameter_at_firehoses_own_value_is_left_out(record: Record) -> None:
    """Else the provider would find a difference at every update (aws.kinesis.FirehoseDeliveryStream's note)."""
    own = record("dev", {"transformBufferSeconds": "60", "transformBufferMb": "1", "transformRetries": "3"})
    assert set(parameters(own)) == {"LambdaArn"}
    chosen = record("dev", {"transformBufferSeconds": "0", "transformBufferMb": "2", "transformRetries": "5"})
    assert {name: value for name, value in parameters(chosen).items() if name != "LambdaArn"} == {
        "BufferIntervalInSeconds": "0",
        "BufferSizeInMBs": "2",
        "NumberOfRetries": "5",
    }


def test_buffers_are_the_chosen_ones(program: Graph, settings: Settings) -> None:
    assert s3(program)["bufferingInterval"] == settings.buffer_interval_seconds
    assert s3(program)["bufferingSize"] == settings.buffer_size_mb


@pytest.mark.parametrize("format_", ["parquet", "json-gzip"])
def test_parquet_is_converted_by_the_catalogues_table_and_json_is_zipped(
    stack: str, format_: str, record: Record
) -> None:
    program = record(stack, {"lakeFormat": format_, "bufferSizeMb": "64"})
    conversion = s3(program).get("dataFormatConversionConfiguration")
    if format_ == "json-gzip":
        assert (s3(program)["compressionFormat"], conversion) == ("GZIP", None)
        return
    assert s3(program)["compressionFormat"] == "UNCOMPRESSED"
    assert conversion["enabled"]
    assert set(conversion["inputFormatConfiguration"]["deserializer"]) == {"openXJsonSerDe"}
    assert conversion["outputFormatConfiguration"]["serializer"] == {"parquetSerDe": {"compression": "SNAPPY"}}
    schema = conversion["schemaConfiguration"]
    assert (schema["databaseName"], schema["tableName"]) == (program.outputs["database_name"], "order_changes")
    assert (schema["versionId"], schema["region"]) == ("LATEST", "eu-west-1")
    assert schema["roleArn"] == s3(program)["roleArn"]


def test_its_errors_are_logged(program: Graph, settings: Settings) -> None:
    options = s3(program)["cloudwatchLoggingOptions"]
    groups = {group.inputs["name"]: group.inputs for group in program.of("aws:cloudwatch/logGroup:LogGroup")}
    assert options["enabled"]
    assert groups[options["logGroupName"]]["retentionInDays"] == settings.log_retention_days
    stream = program.one("aws:cloudwatch/logStream:LogStream").inputs
    assert (stream["logGroupName"], stream["name"]) == (options["logGroupName"], options["logStreamName"])


def test_it_waits_for_its_roles_policy(program: Graph) -> None:
    firehose = program.one(FIREHOSE)
    for resource, role in ((firehose, "delivery-role"), (transform(program), "delivery-transform-role")):
        assert any(f"rolePolicy:RolePolicy::{role}" in urn for urn in resource.depends_on), role


def test_the_function_is_what_was_chosen(program: Graph, settings: Settings) -> None:
    function = transform(program).inputs
    assert function["handler"] == "transform.handler.handler"
    assert function["runtime"] == settings.runtime
    assert function["architectures"] == [settings.architecture]
    assert (function["memorySize"], function["timeout"]) == (settings.lambda_memory_mb, settings.lambda_timeout_seconds)
    assert function.get("reservedConcurrentExecutions", 0) == settings.lambda_concurrency
    assert function["tracingConfig"] == {"mode": "Active" if settings.lambda_tracing else "PassThrough"}


def test_the_function_logs_into_its_own_group_at_a_level_that_keeps_its_metrics(program: Graph) -> None:
    logging = transform(program).inputs["loggingConfig"]
    assert logging["logFormat"] == "JSON"
    assert logging["applicationLogLevel"] == "INFO"
    (group,) = [
        group for group in program.of("aws:cloudwatch/logGroup:LogGroup") if group.inputs["name"] == logging["logGroup"]
    ]
    assert group.urn in transform(program).depends_on
