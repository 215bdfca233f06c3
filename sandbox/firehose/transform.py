"""The Lambda processor: an invocation's request, the meaning of its response, and its retries.

A failing function is retried up to NumberOfRetries times, then its records go to the error output. A response of the
function is final, even if invalid: each record is evaluated separately.
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
"""

from __future__ import annotations

import binascii
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, cast

import msgspec
import pybase64
from msgspec import Struct, field

from sandbox.awsjson import CallError, ServiceResponse, service_error
from sandbox.firehose.records import BufferedRecord
from sandbox.invocation import FunctionClient

REQUEST_BYTES = 6 * 1024 * 1024
"""Lambda's limit for the payload of a synchronous invocation."""
_ENVELOPE_BYTES = 512
"""An upper bound of a record's ids and metadata in the payload."""

_FUNCTION_ERROR = (
    "Lambda.FunctionError",
    "The Lambda function was successfully invoked but it returned an error result.",
)
_TIMED_OUT = (
    "Lambda.FunctionTimedOut",
    "The Lambda function invocation timed out. Increase the Timeout setting in the Lambda function.",
)
_THROTTLED = (
    "Lambda.InvokeLimitExceeded",
    "The Lambda concurrent execution limit is exceeded. Increase the concurrent execution limit.",
)
_NOT_FOUND = (
    "Lambda.ResourceNotFound",
    "The specified Lambda function does not exist. Use a different function that does exist.",
)
_MISSING = (
    "Lambda.MissingRecordId",
    "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
)
_DUPLICATED = (
    "Lambda.DuplicatedRecordId",
    (
        "Multiple records were returned with the same record Id. "
        "Ensure that the Lambda function returns a unique record Id for each record."
    ),
)
_PROCESSING_FAILED = ("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
_NULL_DATA = (
    "Lambda.InvalidReturnFormat",
    (
        "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and "
        "processing result is Ok. The value field cannot be null when the SourceType is MSKAsSource and "
        "processing result is Ok."
    ),
)


class Transformed(Struct, frozen=True):
    """A record with the result Ok: its new data, and its partition keys for the prefix."""

    record: BufferedRecord
    data: bytes
    partition_keys: dict[str, str]


class Failed(Struct, frozen=True):
    """A record for the error output."""

    record: BufferedRecord
    code: str
    message: str


class Dropped(Struct, frozen=True):
    """A record with the result Dropped."""

    record: BufferedRecord


Outcome = Transformed | Failed | Dropped


class FunctionError(Exception):
    """An invocation that failed: `code` and `message` for the error documents, `detail` for the log."""

    def __init__(self, code: str, message: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.message = message


class _Metadata(Struct, frozen=True, rename="camel"):
    sequence_number: str
    subsequence_number: int
    partition_key: str
    shard_id: str
    approximate_arrival_timestamp: int


class _EventRecord(Struct, frozen=True, rename="camel"):
    record_id: str
    approximate_arrival_timestamp: int
    data: msgspec.Raw
    kinesis_record_metadata: _Metadata


class _Event(Struct, frozen=True, rename="camel"):
    invocation_id: str
    source_kinesis_stream_arn: str = field(name="sourceKinesisStreamArn")
    delivery_stream_arn: str
    region: str
    records: list[_EventRecord]


class ProcessorFunction:
    """The Lambda function of a delivery stream, by its ARN. Not thread-safe."""

    def __init__(self, endpoint_url: str, function_arn: str, stream_arn: str, source_arn: str) -> None:
        self._function = FunctionClient(endpoint_url, function_arn)
        self._region = self._function.region
        self._stream_arn = stream_arn
        self._source_arn = source_arn

    def transform(self, records: Sequence[BufferedRecord]) -> list[Outcome]:
        """Invoke the function with the records; returns one outcome for each.

        Raises:
            FunctionError: the function failed, or cannot be invoked.
            CallError: the Lambda service is unreachable, independent of the function.
        """
        ids = [record_id(record) for record in records]
        event = _Event(
            str(uuid.uuid4()),
            self._source_arn,
            self._stream_arn,
            self._region,
            [_event_record(id_, record) for id_, record in zip(ids, records, strict=True)],
        )
        response = self._function.invoke(msgspec.json.encode(event))
        return judge(_payload(response), dict(zip(ids, records, strict=True)))

    def close(self) -> None:
        """Close the connection."""
        self._function.close()


def record_id(record: BufferedRecord) -> str:
    """A record id that is unique among all shards: 56 digits, like Firehose's."""
    shard = record.shard_id.rsplit("-", 1)[-1]
    return f"{record.source.sequence:0>44}{shard:0>12}"[-56:]


def requests(records: Sequence[BufferedRecord]) -> Iterator[list[BufferedRecord]]:
    """Split a buffer's records into as few requests as Lambda's payload limit allows."""
    batch: list[BufferedRecord] = []
    size = 0
    for record in records:
        grown = size + record.size_bytes * 4 // 3 + len(record.source.partition_key) + _ENVELOPE_BYTES
        if batch and grown > REQUEST_BYTES:
            yield batch
            batch, grown = [], grown - size
        batch.append(record)
        size = grown
    if batch:
        yield batch


def judge(payload: bytes, records: dict[str, BufferedRecord]) -> list[Outcome]:
    """The outcomes of a function's response, in the records' order; `records` is by their ids.

    An unknown id is ignored; a record whose id is missing or repeated has failed.
    """
    results: dict[str, dict[str, Any]] = {}
    twice: set[str] = set()
    for result in _results(payload):
        id_ = str(result.get("recordId"))
        if id_ in results:
            twice.add(id_)
        results[id_] = result
    outcomes: list[Outcome] = []
    for id_, record in records.items():
        if id_ in twice:
            outcomes.append(Failed(record, *_DUPLICATED))
        elif id_ in results:
            outcomes.append(_outcome(record, results[id_]))
        else:
            outcomes.append(Failed(record, *_MISSING))
    return outcomes


def _results(payload: bytes) -> list[dict[str, Any]]:
    try:
        answer = msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return []
    listed = cast("dict[str, Any]", answer).get("records") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        return []
    return [cast("dict[str, Any]", result) for result in cast("list[Any]", listed) if isinstance(result, dict)]


def _outcome(record: BufferedRecord, result: dict[str, Any]) -> Outcome:
    status, data = result.get("result"), result.get("data")
    if status == "Dropped":
        return Dropped(record)
    if status == "ProcessingFailed":
        return Failed(record, *_PROCESSING_FAILED)
    if status != "Ok":
        message = f"The result field must be Ok, Dropped or ProcessingFailed, not {status!r}."
        return Failed(record, "Lambda.InvalidReturnFormat", message)
    if not isinstance(data, str):
        return Failed(record, *_NULL_DATA)
    try:
        decoded = pybase64.b64decode(data, None, True)
    except (binascii.Error, ValueError) as error:
        return Failed(record, "Lambda.InvalidReturnFormat", f"The data field must be base64: {error}.")
    return Transformed(record, decoded, _partition_keys(result))


def _partition_keys(result: dict[str, Any]) -> dict[str, str]:
    metadata = result.get("metadata")
    keys = cast("dict[str, Any]", metadata).get("partitionKeys") if isinstance(metadata, dict) else None
    if not isinstance(keys, dict):
        return {}
    return {f"partitionKeyFromLambda:{name}": str(value) for name, value in cast("dict[str, Any]", keys).items()}


def _payload(response: ServiceResponse) -> bytes:
    if response.status != 200:
        raise _refusal(response)
    if "x-amz-function-error" in response.headers:
        detail = response.body.decode(errors="replace")
        raise FunctionError(*(_TIMED_OUT if "Task timed out" in detail else _FUNCTION_ERROR), detail)
    return response.body


def _refusal(response: ServiceResponse) -> CallError | FunctionError:
    error = service_error(response)
    if error.is_outage:
        return error
    if error.is_throttle:
        return FunctionError(*_THROTTLED, str(error))
    if error.code == "ResourceNotFoundException":
        return FunctionError(*_NOT_FOUND, str(error))
    return FunctionError(*_FUNCTION_ERROR, str(error))


def _event_record(id_: str, record: BufferedRecord) -> _EventRecord:
    source = record.source
    metadata = _Metadata(source.sequence, 0, source.partition_key, record.shard_id, record.arrived_ms)
    return _EventRecord(id_, record.arrived_ms, source.as_json, metadata)
