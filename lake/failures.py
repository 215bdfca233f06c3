"""Records that Firehose could not transform: the objects under the error prefix, and their records.

Their format: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from msgspec import DecodeError, Struct, ValidationError
from msgspec.json import Decoder

from lake.clients import FirehoseClient, error_code
from lake.objects import S3Client, listed
from stack import UserError

PROCESSING_FAILED = "processing-failed"
"""Firehose's error type for records that its Lambda did not transform; objects of other types have rows, not changes.
"""

_EXPRESSION = "!{firehose:error-output-type}"
_GZIP = b"\x1f\x8b"


class Failure(Struct, frozen=True, rename="camel"):
    """A record as Firehose received it, and why it failed."""

    raw_data: bytes
    error_code: str = "unknown"


class Place(Struct, frozen=True):
    """A delivery stream's source and its place for failed records."""

    stream_name: str
    bucket: str
    prefix: str


def place(client: FirehoseClient, delivery_stream_name: str) -> Place:
    """Find the place of a delivery stream's failures; raises UserError when the delivery stream or its error prefix
    does not exist.
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

    def __init__(self, client: S3Client, place: Place) -> None:
        self._client = client
        self._place = place

    def objects(self) -> Iterator[str]:
        """The keys of the objects with records, in order."""
        return self._keys(f"{self._place.prefix}{PROCESSING_FAILED}/")

    def others(self) -> int:
        """The number of objects with failures of another kind."""
        ours = f"{self._place.prefix}{PROCESSING_FAILED}/"
        return sum(not key.startswith(ours) for key in self._keys(self._place.prefix))

    def read(self, key: str) -> list[Failure]:
        """An object's records; raises UserError when Firehose did not write it."""
        content: bytes = self._client.get_object(Bucket=self._place.bucket, Key=key)["Body"].read()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        try:
            return _FAILURES.decode_lines(content)
        except (DecodeError, ValidationError) as error:
            raise UserError(
                f"s3://{self._place.bucket}/{key} is not what Firehose writes for a failed record ({error}): "
                "move it elsewhere, then run again."
            ) from error

    def remove(self, key: str) -> None:
        """Delete an object whose records are on the stream again."""
        self._client.delete_object(Bucket=self._place.bucket, Key=key)

    def _keys(self, prefix: str) -> Iterator[str]:
        return (entry["Key"] for entry in listed(self._client, self._place.bucket, prefix))


_FAILURES = Decoder(Failure)
