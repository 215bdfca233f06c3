"""The Athena API of the worker, AWS JSON 1.1 over a Unix socket."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sandbox.athena.errors import ApiError, StatementError
from sandbox.http1.service import ServiceReply

_log = logging.getLogger(__name__)
_CONTENT_TYPE = "application/x-amz-json-1.1"

Call = Callable[[Mapping[str, Any]], dict[str, Any]]


class Service:
    """Serves calls by their names; each runs in a thread, so none blocks another."""

    def __init__(self, calls: Mapping[str, Call]) -> None:
        self._calls = calls

    async def answer(self, target: str, given: bytes) -> ServiceReply:
        """Return the reply to a call, by its X-Amz-Target and its body."""
        operation = target.rpartition(".")[2]
        call = self._calls.get(operation)
        try:
            if call is None:
                raise ApiError(f"{target or 'The request'} is not a call of the worker", "UnknownOperationException")
            body = msgspec.json.decode(given or b"{}", type=dict[str, Any])
            answer = await asyncio.to_thread(call, body)
        except msgspec.DecodeError as error:
            return _error(ApiError(str(error), "SerializationException"))
        except ApiError as error:
            return _error(error)
        except StatementError as error:
            return _error(ApiError(error.reason))
        except Exception as error:
            _log.exception("%s", operation)
            return _error(ApiError(str(error), "InternalServerException"), status=500)
        return _response(answer)


def _response(answer: object, status: int = 200) -> ServiceReply:
    headers = [("content-type", _CONTENT_TYPE), ("x-amzn-requestid", str(uuid.uuid4()))]
    return ServiceReply(status, headers, msgspec.json.encode(answer))


def _error(error: ApiError, status: int = 400) -> ServiceReply:
    body = {"__type": error.code, "Message": error.message, "message": error.message}
    if error.code == "InvalidRequestException":
        body |= {"AthenaErrorCode": error.athena_code, "ErrorCode": error.athena_code}
    return _response(body, status)
