"""Put a pipe's batch to its Kinesis stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pybase64
from msgspec import Struct

from sandbox.awsjson import AwsJson

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
MAXIMUM_RECORDS = 500
MAXIMUM_BYTES = 10 * 1024 * 1024
MAXIMUM_RECORD_BYTES = 1024 * 1024


class Outgoing(Struct, gc=False):
    """A record to put: its data, and the partition key, None if the pipe's path has no value.

    `size_bytes` is the size for Kinesis's limits: data and partition key.
    """

    data: bytes
    partition_key: str | None
    size_bytes: int = 0

    def __post_init__(self) -> None:
        self.size_bytes = len(self.data) + len(self.partition_key or "")


class Rejection(Struct, frozen=True):
    """Why a record was not accepted."""

    code: str
    message: str


class _Entry(Struct, frozen=True):
    Data: msgspec.Raw
    PartitionKey: str


class _Result(Struct, frozen=True):
    ErrorCode: str | None = None
    ErrorMessage: str | None = None


class _Answer(Struct, frozen=True):
    Records: list[_Result]


class KinesisTarget:
    """PutRecords to one stream, in as many calls as its limits require."""

    def __init__(self, client: AwsJson, stream_arn: str) -> None:
        self._client = client
        self._stream = {"StreamARN": stream_arn, "StreamName": stream_arn.rsplit("/", 1)[-1]}

    def put(self, records: Sequence[Outgoing]) -> dict[int, Rejection]:
        """Put the records in order; returns the failures by index.

        A record that would make Kinesis refuse the whole request (a missing or too long partition key, more than 1 MiB)
        fails alone.

        Raises:
            CallError: a call failed as a whole; records of earlier calls may have been accepted.
        """
        failures = {i: failure for i, record in enumerate(records) if (failure := _invalid(record))}
        for indices in _requests(records, failures):
            entries = [_Entry(_in_base64(records[i].data), records[i].partition_key or "") for i in indices]
            answer = self._client.call("PutRecords", self._stream | {"Records": entries}, _Answer)
            for i, result in zip(indices, answer.Records, strict=True):
                if result.ErrorCode is not None:
                    failures[i] = Rejection(result.ErrorCode, result.ErrorMessage or "")
        return failures


def to_retry(records: Sequence[Outgoing], failures: dict[int, Rejection]) -> list[int]:
    """The indices to send again: failed records, and later ones with the same key.

    An accepted later record of the key is in the stream before the failed one; sending it again restores the order of
    the key.
    """
    retry: list[int] = []
    keys: set[str | None] = set()
    for i, record in enumerate(records):
        if i in failures or record.partition_key in keys:
            keys.add(record.partition_key)
            retry.append(i)
    return retry


def _in_base64(data: bytes) -> msgspec.Raw:
    return msgspec.Raw(b'"%b"' % pybase64.b64encode(data))


def _invalid(record: Outgoing) -> Rejection | None:
    if not record.partition_key:
        return Rejection("ValidationException", "the pipe's PartitionKey path has no value in this event")
    if len(record.partition_key) > 256:
        return Rejection("ValidationException", "the partition key is longer than 256 characters")
    if record.size_bytes > MAXIMUM_RECORD_BYTES:
        return Rejection("ValidationException", f"the record of {record.size_bytes} bytes is larger than 1 MiB")
    return None


def _requests(records: Sequence[Outgoing], failures: dict[int, Rejection]) -> Iterator[list[int]]:
    indices: list[int] = []
    size = 0
    for i, record in enumerate(records):
        if i in failures:
            continue
        if indices and (len(indices) == MAXIMUM_RECORDS or size + record.size_bytes > MAXIMUM_BYTES):
            yield indices
            indices, size = [], 0
        indices.append(i)
        size += record.size_bytes
    if indices:
        yield indices
