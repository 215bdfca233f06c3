"""The errors for services and operations that the sandbox does not support.

Their statuses are not those on which an SDK retries its call (see `sandbox.front.protocols`): the AWS provider retries
such a call 25 times, the AWS CLI for half a minute.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from moto.core.utils import get_service_model

from sandbox.front.authentication import refusal_of_unsigned
from sandbox.front.protocols import Protocol, protocol_of, signed_for
from sandbox.front.reply import HttpReply, Request, ServiceError

_NOT_IMPLEMENTED = 501
_CODES = {
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
    Protocol.REST_XML: "NotImplemented",
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    Protocol.QUERY: "InvalidAction",
    Protocol.EC2: "InvalidAction",
}
_UNKNOWN_OPERATION = "UnknownOperationException"


def lacking(request: Request, what: str) -> ServiceError:
    """The error for an operation that the sandbox does not support, such as "sns ListSMSSandboxPhoneNumbers"."""
    code = _CODES.get(protocol_of(request), _UNKNOWN_OPERATION)
    return ServiceError(code, f"The sandbox does not have {what}.", _NOT_IMPLEMENTED)


def failed(what: str, error: Exception) -> ServiceError:
    """The error for a failure of the sandbox itself; the server's log has the traceback."""
    reason = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
    message = f"The sandbox failed at {what} ({reason}): `python -m sandbox logs server` says where."
    return ServiceError("SandboxFailure", message, _NOT_IMPLEMENTED)


def refusal_of_unknown(request: Request) -> ServiceError | None:
    """The error for a request of an operation that botocore lacks; None if moto may support it."""
    signed = signed_for(request)
    if signed is None:
        return refusal_of_unsigned(request)
    protocol = protocol_of(request)
    try:
        model: Any = get_service_model(signed.service)
    except (DataNotFoundError, UnknownServiceError):
        return None
    operation = _named(request, protocol)
    if operation is None or operation in model.operation_names:
        return None
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html; for JSON mhart/kinesalite
    message = f"The sandbox has no operation {operation} of {signed.service}."
    if not operation:
        message = f"The request names no operation of {signed.service}: a call in JSON has it in X-Amz-Target."
    return ServiceError(_CODES.get(protocol, _UNKNOWN_OPERATION), message)


def is_page(reply: HttpReply) -> bool:
    """Return whether a reply is the HTML page with which moto's web framework refuses a path or a method."""
    headers = {name.lower(): value for name, value in reply.headers}
    is_html = headers.get("content-type", "").startswith("text/html")
    return reply.status in (404, 405, 500) and is_html and reply.body[:15].lower() == b"<!doctype html>"


def _named(request: Request, protocol: Protocol) -> str | None:
    """The operation that a request names; None if its path determines it."""
    if protocol is Protocol.RPC_V2_CBOR:
        return request.path.rpartition("/operation/")[2]
    if protocol in (Protocol.JSON, Protocol.AWS_CBOR):
        return dict(request.headers).get("x-amz-target", "").rpartition(".")[2]
    if protocol in (Protocol.QUERY, Protocol.EC2):
        fields = {**parse_qs(request.query), **parse_qs(request.body.decode("latin-1"))}
        return fields.get("Action", [None])[0]
    return None
