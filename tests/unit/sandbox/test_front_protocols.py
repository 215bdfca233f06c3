"""An error in each of AWS's protocols, as botocore's own parsers read it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from sandbox.awsjson import authorization
from sandbox.front.protocols import Protocol, error_in_protocol, protocol_of
from sandbox.front.reply import Request, ServiceError

ERROR = ServiceError("SomethingWrong", 'It is <wrong> & "so".', 409)
FORM = ("content-type", "application/x-www-form-urlencoded")


def asked(service: str, *headers: tuple[str, str], query: str = "", path: str = "/") -> Request:
    return Request("POST", path, query, [("authorization", authorization("eu-west-1", service)), *headers], b"")


REQUESTS = {
    Protocol.JSON: asked(
        "dynamodb", ("x-amz-target", "DynamoDB_20120810.X"), ("content-type", "application/x-amz-json-1.0")
    ),
    Protocol.RPC_V2_CBOR: asked("monitoring", ("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")),
    Protocol.QUERY: asked("sns", FORM),
    Protocol.EC2: asked("ec2", FORM),
    Protocol.REST_JSON: asked("lambda", path="/2015-03-31/functions/"),
    Protocol.REST_XML: asked("s3", path="/bucket"),
}


@pytest.mark.parametrize("protocol", REQUESTS)
def test_an_error_is_read_by_botocore(protocol: Protocol) -> None:
    request = REQUESTS[protocol]
    assert protocol_of(request) is protocol
    reply = error_in_protocol(request, ERROR)
    parser: Any = import_module("botocore.parsers").create_parser(protocol.value)
    headers = {name.lower(): value for name, value in reply.headers}
    parsed = parser.parse({"status_code": reply.status, "headers": headers, "body": reply.body}, None)
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (ERROR.code, ERROR.message)
    assert reply.status == 409


def test_a_service_in_xml_that_is_not_s3_wraps_its_errors() -> None:
    """https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html#operation-error-serialization"""
    assert b"<ErrorResponse>" in error_in_protocol(asked("route53"), ERROR).body
    assert b"<ErrorResponse>" not in error_in_protocol(REQUESTS[Protocol.REST_XML], ERROR).body


def test_an_action_in_the_query_string_is_the_query_protocol() -> None:
    assert protocol_of(asked("sts", query="Action=GetCallerIdentity&Version=2011-06-15")) is Protocol.QUERY
