"""Direct puts to a delivery stream, and the members of its description that moto omits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from moto.firehose.models import firehose_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers
from sandbox.front.reply import ServiceError


@answers("firehose", "PutRecord", "PutRecordBatch")
def put(call: ControlCall) -> Mapping[str, Any]:
    """Refuse direct puts: the sandbox delivers only streams whose source is Kinesis, and AWS refuses puts to those.

    https://docs.aws.amazon.com/firehose/latest/dev/writing-with-sdk.html has puts for Direct PUT only; the sentence is
    AWS's own in aws/aws-cli issue 7010.
    """
    name = call.parameters["DeliveryStreamName"]
    backend = backend_of(firehose_backends, call.region)
    stream = backend.delivery_streams.get(name)
    if stream is None:
        raise ServiceError(
            "ResourceNotFoundException", f"Firehose {name} under account {backend.account_id} not found."
        )
    if stream.delivery_stream_type == "DirectPut":
        raise ServiceError(
            "ServiceUnavailableException",
            f"The sandbox delivers what a delivery stream reads from Kinesis, and {name} takes direct puts: "
            "give it a Kinesis stream as its source.",
            status=503,
        )
    raise ServiceError(
        "InvalidArgumentException",
        f"This operation is not permitted on {stream.delivery_stream_type} delivery stream type.",
    )


@amends("firehose", "DescribeDeliveryStream")
def described(call: ControlCall, output: dict[str, Any]) -> None:
    """Add the members that every description of an S3 destination has, with their defaults.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationDescription.html requires the
    compression and the encryption, whose defaults are in API_ExtendedS3DestinationConfiguration.html, and the hints of
    API_BufferingHints.html.
    """
    del call
    for destination in output["DeliveryStreamDescription"].get("Destinations", ()):
        for description in destination.values():
            if isinstance(description, dict):
                _complete(cast("dict[str, Any]", description))


def _complete(description: dict[str, Any]) -> None:
    if "BucketARN" in description:
        converts = description.get("DataFormatConversionConfiguration", {}).get("Enabled", False)
        description.setdefault("CompressionFormat", "UNCOMPRESSED")
        description.setdefault("EncryptionConfiguration", {"NoEncryptionConfig": "NoEncryption"})
        description.setdefault("BufferingHints", {"SizeInMBs": 128 if converts else 5, "IntervalInSeconds": 300})
    for inner in ("S3BackupDescription", "S3DestinationDescription"):
        if isinstance(description.get(inner), dict):
            _complete(description[inner])
