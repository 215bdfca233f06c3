"""The records of a pipe's source, as the events that the pipe filters and delivers.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from sandbox.pipes.config import PipeConfig
from sandbox.shards import RecordPage, Shard
from sandbox.streams import ChangeRecord, KinesisRecord, KinesisStream

DATA = "data"


class KinesisEvents:
    """The calls of a Kinesis stream, with its records as a pipe's events.

    `data` is the decoded record if it is JSON, otherwise base64: a pipe's filters, paths and templates read inside
    JSON.
    """

    def __init__(self, stream: KinesisStream, config: PipeConfig) -> None:
        self._stream = stream
        self._common = {
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventName": "aws:kinesis:record",
            "awsRegion": config.source_arn.split(":")[3],
            "eventSourceARN": config.source_arn,
        }
        self._shard_of: dict[str, str] = {}

    def shards(self) -> list[Shard]:
        """All shards whose records are not all trimmed."""
        return self._stream.shards()

    def iterator(self, shard_id: str, after: str | None) -> str:
        """Return an iterator after a sequence number, or from the oldest record."""
        iterator = self._stream.iterator(shard_id, after)
        self._shard_of[iterator] = shard_id
        return iterator

    def read(self, iterator: str) -> RecordPage[ChangeRecord]:
        """Return the records of one call."""
        page = self._stream.read(iterator)
        shard_id = self._shard_of.pop(iterator)
        if page.iterator is not None:
            self._shard_of[page.iterator] = shard_id
        records = [
            ChangeRecord(record.sequence, record.arrived_at, self._event(record, shard_id)) for record in page.records
        ]
        return RecordPage(records, page.iterator, page.at_tip, page.more)

    def _event(self, record: KinesisRecord, shard_id: str) -> dict[str, Any]:
        return {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence,
            DATA: _data(record.data),
            "approximateArrivalTimestamp": record.arrived_at,
            "eventID": f"{shard_id}:{record.sequence}",
            **self._common,
        }


def _data(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return base64.b64encode(data).decode()


def handed_on(event: dict[str, Any]) -> dict[str, Any]:
    """A Kinesis event in the output of a pipe without a template: its data is in base64."""
    data = event[DATA]
    encoded = data if isinstance(data, str) else base64.b64encode(msgspec.json.encode(data)).decode()
    return event | {DATA: encoded}
