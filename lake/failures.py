"""Records that Firehose could not transform or convert: the objects under the error prefix, and their records.

Their formats: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html and
https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-error-handling.html
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from msgspec import DecodeError, Struct
from msgspec.json import Decoder
from msgspec.structs import replace

from lake.changes_again import change_of
from lake.clients import FirehoseClient, error_code
from lake.objects import S3Client, listed
from stack import UserError
from transform.schema import LakeTable

PROCESSING_FAILED = "processing-failed"
"""Firehose's error type for records that its Lambda did not transform."""
CONVERSION_FAILED = "format-conversion-failed"
"""Firehose's error type for rows that it did not convert to the catalogue's columns."""

_EXPRESSION = "!{firehose:error-output-type}"
_GZIP = b"\x1f\x8b"


class Failure(Struct, frozen=True, rename="camel"):
    """A record as Firehose received it, and its error; the fields that begin with `last` are from a conversion.

    `arrival_timestamp` is in milliseconds since 1970, 0 if unknown.
    """

    raw_data: bytes
    error_code: str = ""
    error_message: str = ""
    last_error_code: str = ""
    last_error_message: str = ""
    arrival_timestamp: int = 0

    @property
    def cause(self) -> str:
        """Firehose's error code."""
        return self.error_code or self.last_error_code or "unknown"

    @property
    def message(self) -> str:
        """Firehose's error message, as one line."""
        return " ".join((self.error_message or self.last_error_message).split())


class Place(Struct, frozen=True):
    """A delivery stream's source and its place for failed records."""

    stream_name: str
    bucket: str
    prefix: str


def place(client: FirehoseClient, delivery_stream_name: str) -> Place:
    """Find the place of a delivery stream's failures.

    Raises: UserError: the delivery stream or its error prefix does not exist.
    """
    try:
        answer = client.describe_delivery_stream(DeliveryStreamName=delivery_stream_name)
    except Exception as error:
        if error_code(error) == "ResourceNotFoundException":
            raise UserError(
                f"There is no delivery stream {delivery_stream_name!r}: check --delivery-stream."
            ) from error
        raise
    description = answer["DeliveryStreamDescription"]
    source = description.get("Source", {}).get("KinesisStreamSourceDescription")
    destination = description["Destinations"][0]["ExtendedS3DestinationDescription"]
    before, expression, _ = destination.get("ErrorOutputPrefix", "").partition(_EXPRESSION)
    if source is None or not expression or "!{" in before:
        raise UserError(
            f"{delivery_stream_name} reads no Kinesis stream, or its error prefix has no {_EXPRESSION} after a fixed "
            "part: the failed records cannot be identified."
        )
    return Place(
        stream_name=source["KinesisStreamARN"].rpartition("/")[2],
        bucket=destination["BucketARN"].rpartition(":")[2],
        prefix=before,
    )


class Failures:
    """The error objects of one place."""

    def __init__(self, client: S3Client, place: Place, table: LakeTable) -> None:
        self._client = client
        self._place = place
        self._table = table

    def objects(self) -> Iterator[str]:
        """Return the keys of the objects with records, in order of their kind."""
        for kind in (PROCESSING_FAILED, CONVERSION_FAILED):
            yield from self._keys(f"{self._place.prefix}{kind}/")

    def others(self) -> int:
        """The number of objects with failures of another kind."""
        known = tuple(f"{self._place.prefix}{kind}/" for kind in (PROCESSING_FAILED, CONVERSION_FAILED))
        return sum(not key.startswith(known) for key in self._keys(self._place.prefix))

    def read(self, key: str) -> list[tuple[bytes, Failure]]:
        """Return an object's lines and their records, a row's change. Raises: UserError: Firehose did not write it."""
        content: bytes = self._client.get_object(Bucket=self._place.bucket, Key=key)["Body"].read()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        converted = key.startswith(f"{self._place.prefix}{CONVERSION_FAILED}/")
        try:
            return [(line, self._failure(line, converted=converted)) for line in content.splitlines() if line.strip()]
        except (DecodeError, ValueError, KeyError) as error:
            raise UserError(
                f"s3://{self._place.bucket}/{key} is not what Firehose writes for a failed record ({error}): "
                "move it elsewhere, then run again."
            ) from error

    def keep(self, key: str, lines: list[bytes]) -> None:
        """Keep only these lines of an object after the replay of its other records; without lines, delete it."""
        if lines:
            body = b"\n".join(lines) + b"\n"
            self._client.put_object(Bucket=self._place.bucket, Key=key, Body=body)
        else:
            self._client.delete_object(Bucket=self._place.bucket, Key=key)

    def _failure(self, line: bytes, *, converted: bool) -> Failure:
        failure = _FAILURES.decode(line)
        return replace(failure, raw_data=change_of(failure.raw_data, self._table)) if converted else failure

    def _keys(self, prefix: str) -> Iterator[str]:
        return (entry["Key"] for entry in listed(self._client, self._place.bucket, prefix))


_FAILURES = Decoder(Failure)
