"""The maximum time for which the delivery stream buffers a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lake.clients import FirehoseClient, error_code

# Firehose's defaults: https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
# and, for the Lambda's, https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
_DEFAULT_INTERVAL_S = 300
_DEFAULT_LAMBDA_INTERVAL_S = 60
UNKNOWN_S = 90.0
"""Assumed where the delivery stream is unknown or describing it is not allowed."""

_NOT_TOLD = frozenset({"AccessDenied", "AccessDeniedException", "ResourceNotFoundException"})


def buffering_s(client: FirehoseClient, delivery_stream_name: str) -> float:
    """Return the seconds by which a delivery stream may delay a change: the Lambda buffer plus the S3 buffer."""
    try:
        answer = client.describe_delivery_stream(DeliveryStreamName=delivery_stream_name)
    except Exception as error:
        if error_code(error) in _NOT_TOLD:
            return UNKNOWN_S
        raise
    destination = answer["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"]
    hints = destination.get("BufferingHints", {})
    processors = destination.get("ProcessingConfiguration", {}).get("Processors", [])
    return float(hints.get("IntervalInSeconds", _DEFAULT_INTERVAL_S) + sum(map(_processor_s, processors)))


def _processor_s(processor: dict[str, Any]) -> int:
    if processor["Type"] != "Lambda":
        return 0
    parameters: Sequence[dict[str, str]] = processor.get("Parameters", [])
    values = {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in parameters}
    return int(values.get("BufferIntervalInSeconds", _DEFAULT_LAMBDA_INTERVAL_S))
