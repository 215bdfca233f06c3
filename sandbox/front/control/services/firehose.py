"""Who may put into a delivery stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.firehose.models import firehose_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import Call
from sandbox.front.control.registry import answers
from sandbox.front.reply import ServiceError


@answers("firehose", "PutRecord", "PutRecordBatch")
def put(call: Call) -> Mapping[str, Any]:
    """Refused: a stream that reads Kinesis takes nothing else, in AWS's words, and no other is delivered here.

    https://docs.aws.amazon.com/firehose/latest/dev/writing-with-sdk.html has puts for Direct PUT only; the
    sentence is AWS's own in aws/aws-cli issue 7010.
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
