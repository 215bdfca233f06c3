"""The protocol of a request among AWS's protocols, and an error's form in each of them.

Clients retry an unreadable error: botocore and the SDKs for Java, Go and JavaScript retry the statuses 500, 502, 503
and 504 up to nine times. So an operation that the sandbox lacks, and a failure of the sandbox, is reported in the
client's own protocol with a different status and a code that no client considers transient: botocore/data/_retry.json
and botocore/retries/standard.py, aws-sdk-java-v2 SdkDefaultRetrySetting, aws-sdk-go-v2 aws/retry/standard.go,
smithy-typescript service-error-classification/src/constants.ts.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from moto.core.utils import get_service_model

from sandbox.front import cbor
from sandbox.front.reply import HttpReply, Request, ServiceError, error_reply, random_hex

_SCOPE = re.compile(r"Credential=[^/,]+/\d+/([^/,]+)/([^/,]+)/aws4_request")
_SIGNED_AS = {
    "eventbridge": "events",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""botocore's names of the services whose signing name is different."""
_S3_CONTROL = "/v20180820/"
_STREAMS_TARGET = "DynamoDBStreams_"


class Protocol(StrEnum):
    """A protocol, by botocore's name if botocore has it."""

    JSON = "json"
    AWS_CBOR = "aws-cbor"
    RPC_V2_CBOR = "smithy-rpc-v2-cbor"
    QUERY = "query"
    EC2 = "ec2"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"


class Signed(NamedTuple):
    """A signature's scope: a region and a service, by botocore's name."""

    region: str
    service: str


def signed_for(request: Request) -> Signed | None:
    """The region and service in a request's signature; None if its header has none."""
    headers = dict(request.headers)
    scope = _SCOPE.search(headers.get("authorization", ""))
    if scope is None:
        return None
    if scope[2] == "s3" and request.path.startswith(_S3_CONTROL):
        return Signed(scope[1], "s3control")
    if headers.get("x-amz-target", "").startswith(_STREAMS_TARGET):
        return Signed(scope[1], "dynamodbstreams")
    return Signed(scope[1], _SIGNED_AS.get(scope[2], scope[2]))


def protocol_of(request: Request) -> Protocol:
    """The protocol of a request: by its headers, else the protocol of the service in its signature."""
    headers = dict(request.headers)
    content_type = headers.get("content-type", "").partition(";")[0].strip()
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return Protocol.RPC_V2_CBOR
    if content_type == "application/x-amz-cbor-1.1":
        return Protocol.AWS_CBOR
    if "x-amz-target" in headers:
        return Protocol.JSON
    signed = signed_for(request)
    own = None if signed is None else _protocol_of_service(signed.service)
    if own is not None and own in (Protocol.EC2, Protocol.REST_JSON, Protocol.REST_XML):
        return own
    if content_type == "application/x-www-form-urlencoded" or "Action=" in request.query:
        return Protocol.QUERY
    if own is Protocol.JSON:
        return own
    return Protocol.REST_JSON if content_type == "application/json" else Protocol.REST_XML


def error_in_protocol(request: Request, error: ServiceError) -> HttpReply:
    """An error in the protocol of a request, without a model of the operation."""
    protocol, headers = protocol_of(request), dict(request.headers)
    if protocol is Protocol.JSON:
        return error_reply(error, headers.get("content-type", "application/x-amz-json-1.0"))
    request_id = random_hex(16)
    common = [("x-amzn-requestid", request_id)]
    if protocol is Protocol.REST_JSON:
        reply = error_reply(error, "application/json")
        return reply._replace(headers=[(name, value) for name, value in reply.headers if name != "x-amz-crc32"])
    if protocol is Protocol.AWS_CBOR:
        body = cbor.encode({"__type": error.code, "message": error.message}, cbor.MILLISECONDS)
        return HttpReply(error.status, [("content-type", "application/x-amz-cbor-1.1"), *common], body)
    if protocol is Protocol.RPC_V2_CBOR:
        body = cbor.encode({"__type": error.code, "message": error.message}, cbor.SECONDS)
        kind = [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
        return HttpReply(error.status, [*kind, *common], body)
    form = _IN_XML[_xml_form(request, protocol)]
    body = form.format(code=escape(error.code), message=escape(error.message), id=request_id)
    content = b"" if request.method == "HEAD" else body.encode()
    return HttpReply(error.status, [("content-type", "text/xml"), *common], content)


def _protocol_of_service(service: str) -> Protocol | None:
    try:
        model: Any = get_service_model(service)
    except (DataNotFoundError, UnknownServiceError):
        return None
    name = str(model.metadata["protocol"])
    return Protocol(name) if name in set(Protocol) else None


def _xml_form(request: Request, protocol: Protocol) -> Protocol:
    """The form of an error in XML: outside S3, REST uses that of the query protocol."""
    signed = signed_for(request)
    if protocol is Protocol.REST_XML and signed is not None and signed.service not in ("s3", "s3control"):
        return Protocol.QUERY
    return protocol


_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_IN_XML = {
    # https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#operation-error-serialization
    Protocol.QUERY: _HEAD + "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
    "<Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>",
    # https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html#operation-error-serialization
    Protocol.EC2: _HEAD + "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    "<RequestID>{id}</RequestID></Response>",
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses
    Protocol.REST_XML: _HEAD + "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId>"
    "</Error>",
}
