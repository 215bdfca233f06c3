"""A delivery stream's description, as boto3 gives it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.firehose.config import MIB, Buffering, Processor, UnsupportedStreamError, parse_stream
from sandbox.firehose.queries import ProcessingQueryError, parse_query, partition_keys

LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:transform"


def described(source: bool = True, **s3: Any) -> dict[str, Any]:
    description: dict[str, Any] = {
        "DeliveryStreamName": "orders",
        "DeliveryStreamARN": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders",
        "DeliveryStreamStatus": "ACTIVE",
        "VersionId": "2",
        "CreateTimestamp": datetime(2026, 11, 22, tzinfo=UTC),
        "Destinations": [
            {
                "DestinationId": "d",
                "S3DestinationDescription": {},
                "ExtendedS3DestinationDescription": {"RoleARN": "r", "BucketARN": "arn:aws:s3:::lake", **s3},
            }
        ],
        "HasMoreDestinations": False,
    }
    if source:
        description["Source"] = {
            "KinesisStreamSourceDescription": {
                "KinesisStreamARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
                "RoleARN": "r",
            }
        }
    return description


def processor(kind: str, **parameters: str) -> dict[str, Any]:
    listed = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Type": kind, "Parameters": listed}


def test_what_is_left_out_has_firehoses_defaults() -> None:
    config = parse_stream(
        described(ProcessingConfiguration={"Enabled": True, "Processors": [processor("Lambda", LambdaArn=LAMBDA)]})
    )
    assert config.destination.bucket == "lake"
    assert config.destination.buffering == Buffering(5 * MIB, 300)
    assert config.destination.timezone == "UTC"
    assert config.processor == Processor(LAMBDA, Buffering(MIB, 60), 3)
    assert config.conversion is None
    assert config.backup is None


def test_a_converting_stream_buffers_more() -> None:
    config = parse_stream(
        described(
            DataFormatConversionConfiguration={
                "SchemaConfiguration": {"DatabaseName": "lake", "TableName": "orders", "RoleARN": "r"},
                "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "GZIP"}}},
                "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {"CaseInsensitive": False}}},
            }
        )
    )
    assert config.destination.buffering.size_bytes == 128 * MIB
    assert config.conversion is not None
    assert config.conversion.compression == "GZIP"
    assert config.conversion.catalog_id == "123456789012"
    assert not config.conversion.case_insensitive


def test_processing_and_conversion_may_be_switched_off() -> None:
    config = parse_stream(
        described(
            ProcessingConfiguration={"Enabled": False, "Processors": [processor("Decompression")]},
            DataFormatConversionConfiguration={"Enabled": False},
        )
    )
    assert config.processor is None
    assert config.conversion is None


def test_hints_and_parameters_are_read() -> None:
    config = parse_stream(
        described(
            BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0},
            S3BackupMode="Enabled",
            S3BackupDescription={"BucketARN": "arn:aws:s3:::raw", "Prefix": "raw/", "CompressionFormat": "GZIP"},
            ProcessingConfiguration={
                "Enabled": True,
                "Processors": [
                    processor("MetadataExtraction", MetadataExtractionQuery="{r: .region}", JsonParsingEngine="JQ-1.6"),
                    processor(
                        "Lambda",
                        LambdaArn=LAMBDA,
                        BufferSizeInMBs="0.2",
                        BufferIntervalInSeconds="0",
                        NumberOfRetries="0",
                    ),
                    processor("AppendDelimiterToRecord", Delimiter="\\n"),
                ],
            },
        )
    )
    assert config.destination.buffering == Buffering(MIB, 0)
    assert config.processor == Processor(LAMBDA, Buffering(int(0.2 * MIB), 0), 0)
    assert config.partition_query == {"r": ("region",)}
    assert config.delimiter == b"\n"
    assert config.backup is not None
    assert (config.backup.bucket, config.backup.compression) == ("raw", "GZIP")


@pytest.mark.parametrize(
    ("s3", "complaint"),
    [
        ({"CompressionFormat": "Snappy"}, "compression Snappy"),
        ({"CustomTimeZone": "Moon/Base"}, "time zone 'Moon/Base'"),
        ({"Prefix": "!{timestamp:yyyy}/"}, "ErrorOutputPrefix is needed"),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [processor("Decompression")]}},
            "unsupported processors: Decompression",
        ),
        (
            {"DataFormatConversionConfiguration": {"OutputFormatConfiguration": {"Serializer": {"OrcSerDe": {}}}}},
            "ORC",
        ),
    ],
)
def test_what_is_not_run_here_is_said(s3: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UnsupportedStreamError, match=complaint):
        parse_stream(described(**s3))


def test_a_stream_without_a_kinesis_source_is_not_run() -> None:
    with pytest.raises(UnsupportedStreamError, match="does not read a Kinesis stream"):
        parse_stream(described(source=False))


def test_a_query_gives_each_records_keys() -> None:
    query = parse_query('{region: .region, "year": .at.year}')
    assert partition_keys(query, b'{"region": "EMEA", "at": {"year": 2026}}') == {"region": "EMEA", "year": "2026"}
    assert partition_keys(query, b'{"region": "EMEA"}') is None
    assert partition_keys(query, b"not json") is None
    assert partition_keys(parse_query(None), b"not json") == {}


@pytest.mark.parametrize("query", [".region", '{year: .at|strftime("%Y")}', "{a: 1}"])
def test_a_query_that_is_more_than_paths_is_refused(query: str) -> None:
    with pytest.raises(ProcessingQueryError):
        parse_query(query)
