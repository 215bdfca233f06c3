"""The checks of the provider: names, types, enums, ARNs, and rules across fields."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import cast

import pytest

from components.explain.graph import Graph, Resource
from tests.unit.components.provider import complaints
from tests.unit.components.running import CHOSEN, Record

FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"

# Where the provider or AWS takes one of few values, by their own documentation.
ENUMS: dict[tuple[str, str], set[object]] = {
    ("aws:athena/workgroup:Workgroup", "encryptionOption"): {"SSE_S3", "SSE_KMS", "CSE_KMS"},
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "comparisonOperator"): {
        *("GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold")
    },
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "statistic"): {"SampleCount", "Average", "Sum", "Minimum", "Maximum"},
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "treatMissingData"): {"missing", "ignore", "breaching", "notBreaching"},
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "period"): {10, 20, 30, *range(60, 86_401, 60)},
    ("aws:dynamodb/table:Table", "billingMode"): {"PROVISIONED", "PAY_PER_REQUEST"},
    ("aws:dynamodb/table:Table", "streamViewType"): {"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"},
    ("aws:glue/catalogTable:CatalogTable", "tableType"): {"EXTERNAL_TABLE", "GOVERNED", "VIRTUAL_VIEW"},
    ("aws:glue/crawler:Crawler", "recrawlBehavior"): {
        *("CRAWL_EVENT_MODE", "CRAWL_EVERYTHING", "CRAWL_NEW_FOLDERS_ONLY")
    },
    ("aws:glue/crawler:Crawler", "deleteBehavior"): {"LOG", "DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE"},
    ("aws:glue/crawler:Crawler", "updateBehavior"): {"LOG", "UPDATE_IN_DATABASE"},
    (FIREHOSE, "compressionFormat"): {"UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"},
    (FIREHOSE, "compression"): {"UNCOMPRESSED", "SNAPPY", "GZIP"},
    (FIREHOSE, "destination"): {"extended_s3"},
    (FIREHOSE, "parameterName"): {
        *("LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds")
    },
    ("aws:kinesis/stream:Stream", "encryptionType"): {"NONE", "KMS"},
    ("aws:kinesis/stream:Stream", "streamMode"): {"PROVISIONED", "ON_DEMAND"},
    ("aws:lambda/function:Function", "applicationLogLevel"): {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"},
    ("aws:lambda/function:Function", "systemLogLevel"): {"DEBUG", "INFO", "WARN"},
    ("aws:lambda/function:Function", "logFormat"): {"JSON", "Text"},
    ("aws:lambda/function:Function", "mode"): {"Active", "PassThrough"},
    ("aws:scheduler/schedule:Schedule", "mode"): {"OFF", "FLEXIBLE"},
    ("aws:sfn/stateMachine:StateMachine", "level"): {"ALL", "ERROR", "FATAL", "OFF"},
    ("aws:sfn/stateMachine:StateMachine", "type"): {"STANDARD", "EXPRESS"},
    ("aws:pipes/pipe:Pipe", "level"): {"OFF", "ERROR", "INFO", "TRACE"},
    ("aws:pipes/pipe:Pipe", "onPartialBatchItemFailure"): {"AUTOMATIC_BISECT"},
    ("aws:pipes/pipe:Pipe", "startingPosition"): {"TRIM_HORIZON", "LATEST"},
    ("aws:cloudwatch/eventRule:EventRule", "state"): {"ENABLED", "DISABLED"},
    ("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "sseAlgorithm"): {
        *("AES256", "aws:kms", "aws:kms:dsse")
    },
    ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "status"): {"Enabled", "Disabled"},
}
ARN = re.compile(r"arn:aws:[a-z0-9-]+:([a-z]{2}-[a-z]+-\d)?:(\d{12})?:[^\s:].*")

CHOICES: dict[str, dict[str, str]] = {
    "as it is": {},
    "native": {"captureMode": "native", "tableContributorInsights": "throttled-keys"},
    "on-demand stream": {"kinesisShards": "0"},
    "provisioned table": {"tableCapacity": "provisioned", "tableMaxReadUnits": "50", "tableMaxWriteUnits": "900"},
    "json": {"lakeFormat": "json-gzip"},
    "parquet": {"lakeFormat": "parquet", "bufferSizeMb": "64"},
    "chosen": CHOSEN,
    "limits": dict.fromkeys(("tableMaxWriteUnits", "tableWarmWriteUnits", "lambdaConcurrency"), "9000"),
}


@pytest.fixture(params=CHOICES.values(), ids=list(CHOICES))
def chosen(request: pytest.FixtureRequest, stack: str, record: Record) -> Graph:
    """Each stack as it is, and with each choice made otherwise."""
    return record(stack, request.param)


def custom(program: Graph) -> list[Resource]:
    return [resource for resource in program.resources if resource.custom]


def leaves(value: object, name: str = "") -> list[tuple[str, object]]:
    match value:
        case dict():
            inner = cast("dict[str, object]", value)
            return [leaf for key, one in inner.items() for leaf in leaves(one, key)]
        case list():
            return [leaf for one in cast("list[object]", value) for leaf in leaves(one, name)]
        case _:
            return [(name, value)]


def test_every_input_is_what_the_provider_takes(chosen: Graph) -> None:
    wrong = [complaint for resource in custom(chosen) for complaint in complaints(resource.type, resource.inputs)]
    assert wrong == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"hashKy": "order_id"}, "has no property hashKy"),
        ({"billingMode": 1}, "billingMode is 1, no"),
        ({"streamEnabled": "true"}, "streamEnabled is 'true', no"),
        ({"attributes": [{"name": "order_id"}]}, r"attributes\[0\].type is required"),
        ({"attributes": {"name": "x"}}, "attributes is .* no list"),
        ({"tags": {"a": 1}}, r"tags\[a\] is 1, no"),
        ({"writeCapacity": 1.5}, "writeCapacity is 1.5, no"),
        ({"pointInTimeRecovery": True}, "pointInTimeRecovery is True, no"),
    ],
)
def test_an_input_that_is_not_is_found(changed: dict[str, object], says: str, record: Record) -> None:
    table = record("dev").one("aws:dynamodb/table:Table")
    (found,) = complaints(table.type, {**table.inputs, **changed})
    assert re.search(says, found)


def test_a_missing_input_is_found(record: Record) -> None:
    pipe = record("dev").of("aws:pipes/pipe:Pipe")[0]
    without = {name: value for name, value in pipe.inputs.items() if name != "roleArn"}
    assert list(complaints(pipe.type, without)) == ["aws:pipes/pipe:Pipe.roleArn is required"]


def test_every_choice_among_few_is_one_of_them(chosen: Graph) -> None:
    for resource in custom(chosen):
        for name, value in leaves(resource.inputs):
            allowed = ENUMS.get((resource.type, name))
            assert allowed is None or value in allowed, (resource.urn, name, value)


def test_every_arn_is_one(chosen: Graph) -> None:
    for resource in custom(chosen):
        for name, value in leaves(resource.inputs):
            if name.endswith(("Arn", "arn")) or str(value).startswith("arn:"):
                assert ARN.fullmatch(str(value)), (resource.urn, name, value)


def test_documents_are_json(chosen: Graph) -> None:
    documents = (
        "policy",
        "assumeRolePolicy",
        "dashboardBody",
        "configuration",
        "eventPattern",
        "redrivePolicy",
        "definition",
    )
    for resource in custom(chosen):
        for name in documents:
            if isinstance(text := resource.inputs.get(name), str):
                assert json.loads(text)


def test_parquet_has_its_buffer_and_no_second_compression(chosen: Graph) -> None:
    s3 = chosen.one(FIREHOSE).inputs["extendedS3Configuration"]
    if "dataFormatConversionConfiguration" in s3:
        assert 64 <= s3["bufferingSize"] <= 128
        assert s3["compressionFormat"] == "UNCOMPRESSED"


def test_an_expression_in_the_prefix_comes_with_an_error_prefix_that_names_the_error(chosen: Graph) -> None:
    s3 = chosen.one(FIREHOSE).inputs["extendedS3Configuration"]
    assert "!{" in s3["prefix"]
    assert "!{firehose:error-output-type}" in s3["errorOutputPrefix"]
    assert "!{firehose:error-output-type}" not in s3["prefix"]
    assert "serverSideEncryption" not in chosen.one(FIREHOSE).inputs, "a delivery stream with a source has none"


def test_the_tables_attributes_are_its_keys_and_no_others(chosen: Graph) -> None:
    table = chosen.one("aws:dynamodb/table:Table").inputs
    declared = {attribute["name"] for attribute in table["attributes"]}
    assert declared == {table["hashKey"], table.get("rangeKey", table["hashKey"])}


def test_capacity_is_said_where_it_is_paid_for(chosen: Graph) -> None:
    table = chosen.one("aws:dynamodb/table:Table").inputs
    stream = chosen.one("aws:kinesis/stream:Stream").inputs
    provisioned = table["billingMode"] == "PROVISIONED"
    assert ("readCapacity" in table) == ("writeCapacity" in table) == provisioned
    assert not (provisioned and ("onDemandThroughput" in table or "warmThroughput" in table))
    assert ("shardCount" in stream) == (stream["streamModeDetails"]["streamMode"] == "PROVISIONED")


def test_a_projection_is_whole(chosen: Graph) -> None:
    for table in chosen.of("aws:glue/catalogTable:CatalogTable"):
        parameters = table.inputs["parameters"]
        if parameters.get("projection.enabled") != "true":
            continue
        for key in table.inputs["partitionKeys"]:
            stem = f"projection.{key['name']}"
            assert parameters[f"{stem}.type"] == "date"
            assert {f"{stem}.{rest}" for rest in ("range", "format", "interval", "interval.unit")} <= set(parameters)
            assert f"${{{key['name']}}}" in parameters["storage.location.template"]


def test_what_waits_for_nothing_it_needs_is_found_by_its_inputs(chosen: Graph) -> None:
    """Each resource comes after those whose outputs it takes: no input is an id of something made later."""
    seen: set[str] = set()
    for resource in chosen.resources:
        assert set(resource.depends_on) <= seen, resource.urn
        seen.add(resource.urn)


def test_the_checks_would_see_a_wrong_choice(record: Record) -> None:
    pipe = record("dev").of("aws:pipes/pipe:Pipe")[0]
    wrong = dataclasses.replace(pipe, inputs={"startingPosition": "EARLIEST"})
    values = [value for name, value in leaves(wrong.inputs) if (wrong.type, name) in ENUMS]
    assert not any(value in ENUMS[wrong.type, "startingPosition"] for value in values)
