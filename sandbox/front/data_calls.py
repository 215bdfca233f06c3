"""The data calls, recognized by their X-Amz-Target and handled without moto's handlers."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec

from sandbox.front.dynamodb import DynamoCalls
from sandbox.front.reply import JSON_1_0, JSON_1_1, HttpReply, ServiceError, error_reply
from sandbox.front.stream_calls import StreamCalls
from sandbox.kinesis.records import KinesisCalls
from sandbox.refusals import constraints


class _Calls(Protocol):
    def call(self, operation: str, region: str, body: bytes) -> HttpReply | None: ...


class _Service(NamedTuple):
    """`model` is botocore's name of a service none of whose data calls reaches moto, not even an invalid one."""

    calls: _Calls
    content_type: str
    model: str | None = None


class DataCalls:
    """The data calls of DynamoDB, DynamoDB Streams and Kinesis."""

    def __init__(self) -> None:
        self._services = {
            "DynamoDB_20120810": _Service(DynamoCalls(), JSON_1_0),
            "DynamoDBStreams_20120810": _Service(StreamCalls(), JSON_1_0, "dynamodbstreams"),
            "Kinesis_20131202": _Service(KinesisCalls(), JSON_1_1, "kinesis"),
        }

    def answer(self, target: str, authorization: bytes, body: bytes) -> HttpReply | None:
        """Return the reply to a call; None if moto handles or refuses the call."""
        prefix, _, operation = target.partition(".")
        service = self._services.get(prefix)
        region = None if service is None else _region(_scope(authorization))
        if service is None or region is None:
            return None
        try:
            return service.calls.call(operation, region, body)
        except ServiceError as error:
            return error_reply(error, service.content_type)
        except msgspec.ValidationError as error:
            if service.model is None:
                return None
            return error_reply(malformed(service.model, operation, body, error), service.content_type)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return error_reply(ServiceError("SerializationException", str(error)), service.content_type)


def malformed(service: str, operation: str, body: bytes, error: msgspec.ValidationError) -> ServiceError:
    """The service's error for a request that lacks a member or has one of a wrong type.

    The types are checked first, then the constraints of the model: mhart/kinesalite index.js.
    """
    try:
        refused = constraints.refuse(service, operation, msgspec.json.decode(body))
    except (AttributeError, TypeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        refused = None
    return refused or ServiceError("SerializationException", str(error))


def _scope(authorization: bytes) -> bytes:
    """The credential scope of a Signature Version 4 header; empty without one."""
    return authorization.partition(b"Credential=")[2].partition(b",")[0]


@lru_cache(maxsize=256)
def _region(scope: bytes) -> str | None:
    """The region of a credential scope: access key/date/region/service/aws4_request."""
    parts = scope.split(b"/")
    return parts[-3].decode("latin-1") if len(parts) >= 5 else None
