"""The documents that Firehose writes under the error prefix, one JSON object per line.

The members have Firehose's order: a failed transformation starts with the raw data and ends with lambdaARN, a failed
conversion starts with attemptsMade and ends with dataCatalogTable.
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-error-handling.html
"""

from __future__ import annotations

import msgspec
from msgspec import Struct, field

PROCESSING_FAILED = "processing-failed"
CONVERSION_FAILED = "format-conversion-failed"


class ProcessingFailure(Struct, frozen=True, rename="camel"):
    """A record that the Lambda processor did not transform. Timestamps in epoch milliseconds."""

    raw_data: bytes
    error_code: str
    error_message: str
    attempts_made: int
    arrival_timestamp: int
    attempt_ending_timestamp: int
    lambda_arn: str = field(name="lambdaARN")


class CatalogTable(Struct, frozen=True, rename="camel"):
    """The catalogue table of a conversion."""

    catalog_id: str
    database_name: str
    table_name: str
    region: str
    version_id: str
    role_arn: str


class ConversionFailure(Struct, frozen=True, rename="camel"):
    """A record that does not match the catalogue's table. Timestamps in epoch milliseconds."""

    attempts_made: int
    arrival_timestamp: int
    last_error_code: str
    last_error_message: str
    attempt_ending_timestamp: int
    raw_data: bytes
    sequence_number: str
    sub_sequence_number: int
    data_catalog_table: CatalogTable


def error_line(failure: ProcessingFailure | ConversionFailure) -> bytes:
    """The failure as a line of an error object."""
    return msgspec.json.encode(failure) + b"\n"
