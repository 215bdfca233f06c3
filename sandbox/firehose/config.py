"""A delivery stream's configuration, from DescribeDeliveryStream."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct, field

from sandbox.firehose.compression import COMPRESSIONS
from sandbox.firehose.naming import PrefixError, check_prefixes
from sandbox.firehose.queries import ProcessingQueryError, parse_query
from sandbox.supervisor import UnsupportedError

MIB = 1024 * 1024


class UnsupportedStreamError(UnsupportedError):
    """A delivery stream that this worker does not support; its text is the reason."""


class Buffering(Struct, frozen=True):
    """The limits of a buffer, whichever is reached first. An interval of 0 means immediately."""

    size_bytes: int
    interval_s: float


class Processor(Struct, frozen=True):
    """The Lambda processor. `retries` does not include the first attempt."""

    function_arn: str
    buffering: Buffering
    retries: int


class Conversion(Struct, frozen=True):
    """Record format conversion to Parquet with the columns of a Glue table."""

    database: str
    table: str
    region: str
    catalog_id: str
    version_id: str
    role_arn: str
    compression: str
    case_insensitive: bool
    key_mappings: dict[str, str]


class ObjectDestination(Struct, frozen=True):
    """The bucket, names and compression of objects."""

    bucket: str
    prefix: str
    error_prefix: str | None
    buffering: Buffering
    compression: str
    extension: str | None
    timezone: str


class StreamConfig(Struct, frozen=True):
    """A delivery stream from a Kinesis stream to S3. `created_at` in epoch seconds."""

    name: str
    arn: str
    version: str
    created_at: float
    source_arn: str
    destination: ObjectDestination
    backup: ObjectDestination | None
    processor: Processor | None
    conversion: Conversion | None
    partition_query: dict[str, tuple[str, ...]]
    delimiter: bytes

    @property
    def identity(self) -> str:
        """Distinguishes the delivery stream from a later one with the same name."""
        return f"{self.arn} {self.created_at} {self.source_arn}"


def parse_stream(description: Mapping[str, Any]) -> StreamConfig:
    """The configuration in a DeliveryStreamDescription.

    Raises:
        UnsupportedStreamError: its source, destination or processing is not supported.
    """
    stream = msgspec.convert(description, _Description)
    name = stream.DeliveryStreamName
    s3 = next((d.ExtendedS3DestinationDescription for d in stream.Destinations), None)
    if s3 is None:
        raise UnsupportedStreamError(f"delivery stream {name} has no extended S3 destination")
    if stream.Source is None:
        raise UnsupportedStreamError(f"delivery stream {name} does not read a Kinesis stream")
    processing = s3.ProcessingConfiguration
    processors = processing.Processors if processing.Enabled else []
    unknown = {p.Type for p in processors} - {"Lambda", "MetadataExtraction", "AppendDelimiterToRecord"}
    if unknown:
        raise UnsupportedStreamError(f"delivery stream {name} has unsupported processors: {', '.join(sorted(unknown))}")
    by_type = {p.Type: {q.ParameterName: q.ParameterValue for q in p.Parameters} for p in processors}
    conversion = s3.DataFormatConversionConfiguration
    converts = conversion is not None and conversion.Enabled
    backup = s3.S3BackupDescription if s3.S3BackupMode == "Enabled" else None
    try:
        return StreamConfig(
            name=name,
            arn=stream.DeliveryStreamARN,
            version=stream.VersionId,
            created_at=stream.CreateTimestamp.timestamp(),
            source_arn=stream.Source.KinesisStreamSourceDescription.KinesisStreamARN,
            destination=_destination(s3, 128 if converts else 5),
            backup=None if backup is None else _destination(backup, 5),
            processor=_processor(by_type.get("Lambda")),
            conversion=_conversion(conversion, stream.DeliveryStreamARN) if conversion and converts else None,
            partition_query=parse_query(by_type.get("MetadataExtraction", {}).get("MetadataExtractionQuery")),
            delimiter=_delimiter(by_type.get("AppendDelimiterToRecord")),
        )
    except (PrefixError, ProcessingQueryError) as error:
        raise UnsupportedStreamError(f"delivery stream {name}: {error}") from error


def _destination(s3: _S3, default_mb: int) -> ObjectDestination:
    check_prefixes(s3.Prefix, s3.ErrorOutputPrefix)
    if s3.CompressionFormat not in COMPRESSIONS:
        raise UnsupportedStreamError(f"compression {s3.CompressionFormat} is not supported")
    try:
        ZoneInfo(s3.CustomTimeZone)
    except ZoneInfoNotFoundError as error:
        raise UnsupportedStreamError(f"time zone {s3.CustomTimeZone!r} is unknown") from error
    hints = s3.BufferingHints
    size_mb = default_mb if hints.SizeInMBs is None else hints.SizeInMBs
    return ObjectDestination(
        bucket=s3.BucketARN.split(":::", 1)[-1],
        prefix=s3.Prefix,
        error_prefix=s3.ErrorOutputPrefix or None,
        buffering=Buffering(int(size_mb * MIB), 300.0 if hints.IntervalInSeconds is None else hints.IntervalInSeconds),
        compression=s3.CompressionFormat,
        extension=s3.FileExtension or None,
        timezone=s3.CustomTimeZone,
    )


def _processor(parameters: dict[str, str] | None) -> Processor | None:
    if parameters is None:
        return None
    buffering = Buffering(
        int(float(parameters.get("BufferSizeInMBs", "1")) * MIB), float(parameters.get("BufferIntervalInSeconds", "60"))
    )
    return Processor(parameters["LambdaArn"], buffering, int(parameters.get("NumberOfRetries", "3")))


def _delimiter(parameters: dict[str, str] | None) -> bytes:
    return b"" if parameters is None else parameters.get("Delimiter", "\\n").replace("\\n", "\n").encode()


def _conversion(conversion: _Conversion, arn: str) -> Conversion:
    serializer = conversion.OutputFormatConfiguration.Serializer
    if serializer.OrcSerDe is not None:
        raise UnsupportedStreamError("conversion to ORC is not supported: only Parquet is")
    schema = conversion.SchemaConfiguration
    open_x = conversion.InputFormatConfiguration.Deserializer.OpenXJsonSerDe or _OpenX()
    region, account = arn.split(":")[3:5]
    return Conversion(
        database=schema.DatabaseName,
        table=schema.TableName,
        region=schema.Region or region,
        catalog_id=schema.CatalogId or account,
        version_id=schema.VersionId or "LATEST",
        role_arn=schema.RoleARN,
        compression=serializer.ParquetSerDe.Compression,
        case_insensitive=open_x.CaseInsensitive,
        key_mappings=open_x.ColumnToJsonKeyMappings,
    )


class _Hints(Struct):
    SizeInMBs: float | None = None
    IntervalInSeconds: float | None = None


class _Parameter(Struct):
    ParameterName: str
    ParameterValue: str


class _Processor(Struct):
    Type: str
    Parameters: list[_Parameter] = []


class _Processing(Struct):
    Enabled: bool = False
    Processors: list[_Processor] = []


class _Schema(Struct):
    DatabaseName: str = "default"
    TableName: str = ""
    Region: str | None = None
    CatalogId: str | None = None
    VersionId: str | None = None
    RoleARN: str = ""


class _OpenX(Struct):
    CaseInsensitive: bool = True
    ColumnToJsonKeyMappings: dict[str, str] = {}


class _Deserializer(Struct):
    OpenXJsonSerDe: _OpenX | None = None


class _Input(Struct):
    Deserializer: _Deserializer = field(default_factory=_Deserializer)


class _Parquet(Struct):
    Compression: str = "SNAPPY"


class _Serializer(Struct):
    ParquetSerDe: _Parquet = field(default_factory=_Parquet)
    OrcSerDe: dict[str, Any] | None = None


class _Output(Struct):
    Serializer: _Serializer = field(default_factory=_Serializer)


class _Conversion(Struct):
    Enabled: bool = True
    SchemaConfiguration: _Schema = field(default_factory=_Schema)
    InputFormatConfiguration: _Input = field(default_factory=_Input)
    OutputFormatConfiguration: _Output = field(default_factory=_Output)


class _S3(Struct):
    BucketARN: str
    Prefix: str = ""
    ErrorOutputPrefix: str | None = None
    BufferingHints: _Hints = field(default_factory=_Hints)
    CompressionFormat: str = "UNCOMPRESSED"
    FileExtension: str | None = None
    CustomTimeZone: str = "UTC"


class _ExtendedS3(_S3):
    S3BackupMode: str = "Disabled"
    S3BackupDescription: _S3 | None = None
    ProcessingConfiguration: _Processing = field(default_factory=_Processing)
    DataFormatConversionConfiguration: _Conversion | None = None


class _Destinations(Struct):
    ExtendedS3DestinationDescription: _ExtendedS3 | None = None


class _Kinesis(Struct):
    KinesisStreamARN: str


class _Source(Struct):
    KinesisStreamSourceDescription: _Kinesis


class _Description(Struct):
    DeliveryStreamName: str
    DeliveryStreamARN: str
    VersionId: str
    CreateTimestamp: datetime
    Destinations: list[_Destinations]
    Source: _Source | None = None
