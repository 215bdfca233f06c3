"""The calls that carry data, told from all others by their X-Amz-Target and answered without moto's handlers."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec

from sandbox.front.dynamodb import DynamoCalls
from sandbox.front.reply import JSON_1_0, JSON_1_1, Reply, ServiceError, error_reply
from sandbox.front.stream_calls import StreamCalls
from sandbox.kinesis.records import KinesisCalls


class _Calls(Protocol):
    def call(self, operation: str, region: str, body: bytes) -> Reply | None: ...


class _Service(NamedTuple):
    calls: _Calls
    content_type: str


class DataCalls:
    """The data calls of DynamoDB, DynamoDB Streams and Kinesis."""

    def __init__(self) -> None:
        self._services = {
            "DynamoDB_20120810": _Service(DynamoCalls(), JSON_1_0),
            "DynamoDBStreams_20120810": _Service(StreamCalls(), JSON_1_0),
            "Kinesis_20131202": _Service(KinesisCalls(), JSON_1_1),
        }

    def answer(self, target: str, authorization: bytes, body: bytes) -> Reply | None:
        """The answer to a call; None when it is for moto to answer, or to refuse."""
        prefix, _, operation = target.partition(".")
        service = self._services.get(prefix)
        region = None if service is None else _region(_scope(authorization))
        if service is None or region is None:
            return None
        try:
            return service.calls.call(operation, region, body)
        except ServiceError as error:
            return error_reply(error, service.content_type)
        except msgspec.ValidationError:
            return None
        except msgspec.DecodeError as error:
            return error_reply(ServiceError("SerializationException", str(error)), service.content_type)


def _scope(authorization: bytes) -> bytes:
    """The credential scope of a Signature Version 4 header; empty when there is none."""
    return authorization.partition(b"Credential=")[2].partition(b",")[0]


@lru_cache(maxsize=256)
def _region(scope: bytes) -> str | None:
    """The region of a credential scope: access key/date/region/service/aws4_request."""
    parts = scope.split(b"/")
    return parts[-3].decode("latin-1") if len(parts) >= 5 else None
