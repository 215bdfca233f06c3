"""Rules of Firehose between one field and another, as its API reference states them and its types do not.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_LEAST_BUFFER_MB = 64
"""For record format conversion, and for dynamic partitioning."""
_ERROR_TYPE = "!{firehose:error-output-type}"
_PARTITION_KEY = re.compile(r"!\{partitionKeyFrom(Query|Lambda):\w+\}")
_NAMESPACES = {"timestamp", "firehose", "partitionKeyFromQuery", "partitionKeyFromLambda"}


def complaints(s3: Mapping[str, Any]) -> Iterator[str]:
    """What Firehose would say to an extended S3 destination."""
    conversion = s3.get("dataFormatConversionConfiguration", {})
    if conversion.get("enabled", bool(conversion)):
        yield from _of_conversion(s3, conversion)
    partitioned = s3.get("dynamicPartitioningConfiguration", {}).get("enabled") is True
    if partitioned and s3["bufferingSize"] < _LEAST_BUFFER_MB:
        yield f"dynamic partitioning needs a buffer of {_LEAST_BUFFER_MB} MB"
    if partitioned != bool(_PARTITION_KEY.search(s3.get("prefix", ""))):
        yield "a partition key in the prefix and dynamic partitioning need each other"
    yield from _of_prefixes(s3.get("prefix", ""), s3.get("errorOutputPrefix", ""))


def _of_conversion(s3: Mapping[str, Any], conversion: Mapping[str, Any]) -> Iterator[str]:
    if s3["bufferingSize"] < _LEAST_BUFFER_MB:
        yield f"conversion needs a buffer of {_LEAST_BUFFER_MB} MB"
    if s3["compressionFormat"] != "UNCOMPRESSED":
        yield "conversion compresses by itself"
    if len(conversion.get("inputFormatConfiguration", {}).get("deserializer", {})) != 1:
        yield "conversion needs one deserializer"
    if len(conversion.get("outputFormatConfiguration", {}).get("serializer", {})) != 1:
        yield "conversion needs one serializer"
    if not {"roleArn", "databaseName", "tableName"} <= conversion.get("schemaConfiguration", {}).keys():
        yield "conversion needs a table to type its rows, and a role to read it with"


def _of_prefixes(prefix: str, errors: str) -> Iterator[str]:
    if "!{" in prefix and _ERROR_TYPE not in errors:
        yield f"a prefix with an expression needs an error prefix with {_ERROR_TYPE}"
    if "firehose:error-output-type" in prefix:
        yield "only the error prefix knows the error"
    for expression in re.findall(r"!\{(\w*)", prefix + errors):
        if expression not in _NAMESPACES:
            yield f"there is no !{{{expression}:...}}"
