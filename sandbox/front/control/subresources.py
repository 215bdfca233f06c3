"""Calls to a bucket or an object that moto would mistake for a different call, because it ignores the query's names.

moto handles DELETE /bucket?metrics&id=x by deleting the bucket, and PUT /bucket?analytics by creating it: so these
calls do not reach it. A client newer than the installed botocore may name a subresource that no model here has.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from moto.core.utils import get_service_model

from sandbox.front.control.absent import lacking
from sandbox.front.control.call import ControlCall
from sandbox.front.protocols import signed_for
from sandbox.front.reply import Request, ServiceError

_MISREAD = frozenset(
    {
        *(
            f"{verb}Bucket{kind}Configuration{'s' if verb == 'List' else ''}"
            for verb in ("Delete", "Get", "List", "Put")
            for kind in ("Analytics", "IntelligentTiering", "Metrics")
        ),
        *(f"{verb}BucketMetadata{kind}Configuration" for verb in ("Create", "Delete", "Get") for kind in ("", "Table")),
        "CreateSession",
        "DeleteBucketInventoryConfiguration",
        "GetBucketAbac",
        "PutBucketAbac",
        "UpdateBucketMetadataAnnotationTableConfiguration",
        "UpdateBucketMetadataInventoryTableConfiguration",
        "UpdateBucketMetadataJournalTableConfiguration",
    }
)
_OF_OBJECTS = frozenset({"annotation", "encryption", "renameObject", "select", "torrent"})
_OF_THE_SIGNATURE = "x-amz-"
_OF_THE_CLIENT = "x-id"


def refusal_of_misread(call: ControlCall) -> ServiceError | None:
    """The error for a bucket's call that moto would mistake for a different one; None for every other call."""
    if call.service != "s3":
        return None
    if call.operation in _MISREAD:
        return lacking(call.request, f"s3 {call.operation}")
    # S3 ignores a name that it does not support if the name has a value, as in ?list-type=2&metadata=true.
    changes = call.request.method != "GET"
    unknown = {name for name, value in _named(call.request).items() if changes or not value} - _known(call.operation)
    return lacking(call.request, f"s3's {call.request.method} ?{min(unknown)}") if unknown else None


def refusal_of_misread_object(request: Request) -> ServiceError | None:
    """The error for an object's call that moto would mistake for a different one; None for every other call."""
    signed = signed_for(request)
    if signed is None or signed.service != "s3":
        return None
    unknown = _named(request).keys() & _OF_OBJECTS
    return lacking(request, f"s3's {request.method} ?{min(unknown)} of an object") if unknown else None


def _named(request: Request) -> dict[str, str]:
    """The names in a query, without those of the signature and the one that only identifies the operation."""
    named = dict(parse_qsl(request.query, keep_blank_values=True))
    return {
        name: value
        for name, value in named.items()
        if name != _OF_THE_CLIENT and not name.lower().startswith(_OF_THE_SIGNATURE)
    }


@cache
def _known(operation: str) -> frozenset[str]:
    """The names that the query of an operation may have."""
    service: Any = get_service_model("s3")
    model: Any = service.operation_model(operation)
    path = str(model.http["requestUri"])
    fixed = {name for name, _ in parse_qsl(path.partition("?")[2], keep_blank_values=True)}
    members: dict[str, Any] = {} if model.input_shape is None else model.input_shape.members
    return frozenset({*fixed, *(str(shape.serialization.get("name")) for shape in members.values())})
