"""Identification of a request's service, operation and caller."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from sandbox.front.protocols import signed_for
from sandbox.front.reply import Request
from sandbox.state import WORKER_AGENT

_SERVICES = {
    "AWSEvents": "events",
    "AWSGlue": "glue",
    "AmazonAthena": "athena",
    "AmazonSQS": "sqs",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "DynamoDB_20120810": "dynamodb",
    "Kinesis_20131202": "kinesis",
}
_INVOCATION = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
_S3 = {
    # (method, whether the path names an object): the operation without a subresource
    ("GET", True): "GetObject",
    ("HEAD", True): "HeadObject",
    ("PUT", True): "PutObject",
    ("DELETE", True): "DeleteObject",
    ("GET", False): "ListObjects",
    ("HEAD", False): "HeadBucket",
    ("PUT", False): "CreateBucket",
    ("DELETE", False): "DeleteBucket",
}
_S3_SUBRESOURCES = {
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "uploadId"): "ListParts",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", "partNumber"): "UploadPart",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("POST", "delete"): "DeleteObjects",
}


class Called(NamedTuple):
    """A call: service and operation in botocore's terms ("" if unknown), and whether a worker made it."""

    service: str
    operation: str
    by_worker: bool


def called_of(request: Request) -> Called:
    """Return the call that a request makes."""
    headers = dict(request.headers)
    by_worker = WORKER_AGENT in headers.get("user-agent", "")
    prefix, _, operation = headers.get("x-amz-target", "").partition(".")
    if prefix:
        return Called(_SERVICES.get(prefix, ""), operation, by_worker)
    signed = signed_for(request)
    service = "" if signed is None else signed.service
    if service == "s3":
        return Called(service, _s3_operation(request, headers), by_worker)
    if service == "lambda":
        return Called(service, "Invoke" if _INVOCATION.fullmatch(request.path) else "", by_worker)
    return Called(service, _action(request), by_worker)


def _s3_operation(request: Request, headers: dict[str, str]) -> str:
    given = parse_qs(request.query, keep_blank_values=True)
    for (method, name), operation in _S3_SUBRESOURCES.items():
        if method == request.method and name in given:
            return operation
    is_object = "/" in request.path.strip("/")
    if is_object and request.method == "PUT" and "x-amz-copy-source" in headers:
        return "CopyObject"
    # Any other query names a subresource: a bucket's policy, an object's tags.
    return (
        ""
        if given.keys() - {"x-id", "prefix", "delimiter", "max-keys", "marker"}
        else _S3.get((request.method, is_object), "")
    )


def _action(request: Request) -> str:
    """The operation of a request in the query protocol; "" if it names none."""
    body = request.body.decode("latin-1") if len(request.body) < 1 << 16 else ""
    for text in (request.query, body):
        if found := parse_qs(text).get("Action"):
            return found[0]
    return ""
