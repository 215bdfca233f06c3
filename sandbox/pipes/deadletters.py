"""The dead letters of a pipe: messages in Pipes's form to the pipe's queue or topic."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from sandbox.pipes.config import PipeConfig
from sandbox.state import client
from sandbox.streams import ChangeRecord

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
RECORD_TOO_OLD = "RecordAgeExceeded"


def dead_letter(
    config: PipeConfig, shard_id: str, records: Sequence[ChangeRecord], condition: str, now: float
) -> dict[str, Any]:
    """The message for discarded records of a stream: their position, not their content.

    The form is that of Pipes's stream sources; the stream has the records until its retention ends.
    """
    first, last = records[0], records[-1]
    return {
        "context": {"partnerResourceArn": config.arn, "condition": condition},
        "version": "1.0",
        "timestamp": _instant(now, milliseconds=True),
        "KinesisBatchInfo" if config.reads_kinesis else "DDBStreamBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": _instant(first.arrived_at),
            "approximateArrivalOfLastRecord": _instant(last.arrived_at),
            "batchSize": len(records),
            "streamArn": config.source_arn,
        },
    }


def _instant(epoch_s: float, *, milliseconds: bool = False) -> str:
    fraction = f".{int(epoch_s * 1000) % 1000:03d}" if milliseconds else ""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch_s)) + fraction + "Z"


class DeadLetters:
    """The queue (SQS) or topic (SNS) of a pipe's DeadLetterConfig."""

    def __init__(self, endpoint_url: str, arn: str) -> None:
        self._arn = arn
        self._service = arn.split(":")[2]
        if self._service not in {"sqs", "sns"}:
            raise ValueError(f"{arn} is neither an SQS queue nor an SNS topic")
        self._client: Any = client(self._service, endpoint_url)
        self._queue_url: str | None = None

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; botocore's errors pass through."""
        body = msgspec.json.encode(message).decode()
        if self._service == "sns":
            self._client.publish(TopicArn=self._arn, Message=body)
            return
        if self._queue_url is None:
            account, name = self._arn.split(":")[4:6]
            self._queue_url = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)
