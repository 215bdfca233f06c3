"""S3: what a request for an object, or a list of objects, may not have, and moto takes.

The checks read the request itself, because a call that carries an object is not parsed. Codes and sentences:
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, s3/*.snapshot.json of localstack/localstack
(recorded on AWS). Limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html, UsingMetadata.html.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from moto.s3.models import s3_backends

from sandbox.checksums import crc32c, crc64nvme
from sandbox.front.reply import Request, ServiceError
from sandbox.refusals.chunks import decoded
from sandbox.state import ACCOUNT_ID

_KEY_BYTES, _METADATA_BYTES = 1024, 2048
_MAX_DELETED, _MAX_PART, _MAX_INTEGER = 1000, 10_000, 2**31 - 1
_METADATA, _CHECKSUM = "x-amz-meta-", "x-amz-checksum-"
_ENCRYPTIONS = frozenset({"AES256", "aws:fsx", "aws:kms", "aws:kms:dsse"})
_OWNERS_ACLS = frozenset({"bucket-owner-full-control", "private"})
_MALFORMED_XML = "The XML you provided was not well-formed or did not validate against our published schema"


def _crc32(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4, "big")


def _sha1(body: bytes) -> bytes:
    return hashlib.sha1(body, usedforsecurity=False).digest()


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


_CHECKSUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": _crc32,
    "crc32c": crc32c,
    "crc64nvme": crc64nvme,
    "sha1": _sha1,
    "sha256": _sha256,
}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html"""


def refuse(request: Request) -> ServiceError | None:
    """The error for a request to S3 that AWS refuses; None if it is accepted, or if these checks do not cover it."""
    asked = _Asked(request)
    return next((error for check in _CHECKS if (error := check(asked)) is not None), None)


@dataclass(frozen=True)
class _Asked:
    """A request, as the checks read it."""

    request: Request

    @cached_property
    def headers(self) -> dict[str, str]:
        return dict(self.request.headers)

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.query, keep_blank_values=True))

    @cached_property
    def bucket(self) -> str:
        return unquote_to_bytes(self.request.path.lstrip("/").partition("/")[0]).decode("utf-8", "replace")

    @cached_property
    def key(self) -> bytes:
        """The object's key; empty for a request to a bucket."""
        return unquote_to_bytes(self.request.path.lstrip("/").partition("/")[2])

    @property
    def writes_object(self) -> bool:
        """Whether it makes an object or begins one of several parts."""
        starts = self.request.method == "POST" and "uploads" in self.query
        return bool(self.key) and (starts or (self.request.method == "PUT" and not self.query.keys() & _SUBRESOURCES))

    @property
    def is_streamed(self) -> bool:
        """Whether the body is in signed chunks, which moto decodes."""
        chunked = "aws-chunked" in self.headers.get("content-encoding", "")
        return chunked or self.headers.get("x-amz-content-sha256", "").startswith("STREAMING-")

    @property
    def content(self) -> tuple[bytes, Mapping[str, str]]:
        """The body without its chunks, and the trailers behind them."""
        found = decoded(self.request.body) if self.is_streamed else None
        return (self.request.body, {}) if found is None else found


_OF_LISTS = frozenset(
    {
        *("continuation-token", "delimiter", "encoding-type", "fetch-owner", "list-type", "marker", "max-keys"),
        *("prefix", "start-after", "x-id"),
    }
)
_SUBRESOURCES = frozenset({"acl", "legal-hold", "partNumber", "retention", "tagging"})


def _key(asked: _Asked) -> ServiceError | None:
    return ServiceError("KeyTooLongError", "Your key is too long") if len(asked.key) > _KEY_BYTES else None


def _listing(asked: _Asked) -> ServiceError | None:
    if asked.request.method != "GET" or asked.key or asked.query.keys() - _OF_LISTS:
        return None
    most = asked.query.get("max-keys")
    if most is not None and not (re.fullmatch(r"-?\d+", most) and int(most) <= _MAX_INTEGER):
        return _invalid("Provided max-keys not an integer or within integer range")
    if most is not None and int(most) < 0:
        return _invalid(f"Argument maxKeys must be an integer between 0 and {_MAX_INTEGER}")
    if asked.query.get("encoding-type", "url") != "url":
        return _invalid("Invalid Encoding Method specified in Request")
    token = asked.query.get("continuation-token")
    given: Any = vars(s3_backends[ACCOUNT_ID]["aws"])["_pagination_tokens"]
    if asked.query.get("list-type") == "2" and token is not None and token not in given:
        return _invalid("The continuation token provided is incorrect")
    return None


def _deleted(asked: _Asked) -> ServiceError | None:
    many = asked.request.method == "POST" and "delete" in asked.query and not asked.key
    if many and asked.request.body.count(b"<Key>") > _MAX_DELETED:
        return ServiceError("MalformedXML", _MALFORMED_XML)
    return None


def _part(asked: _Asked) -> ServiceError | None:
    number = asked.query.get("partNumber")
    if asked.request.method != "PUT" or number is None or (number.isdecimal() and 1 <= int(number) <= _MAX_PART):
        return None
    return _invalid(f"Part number must be an integer between 1 and {_MAX_PART}, inclusive")


def _digest(asked: _Asked) -> ServiceError | None:
    given = asked.headers.get("content-md5")
    if given is None or asked.is_streamed:
        return None
    digest = _decoded(given)
    if digest is None or len(digest) != hashlib.md5(usedforsecurity=False).digest_size:
        return ServiceError("InvalidDigest", "The Content-MD5 you specified was invalid.")
    if digest == hashlib.md5(asked.request.body, usedforsecurity=False).digest():
        return None
    return ServiceError("BadDigest", "The Content-MD5 you specified did not match what we received.")


def _checksum(asked: _Asked) -> ServiceError | None:
    # CompleteMultipartUpload, a POST, has the object's checksum, not the body's.
    if asked.request.method != "PUT" or "x-amz-copy-source" in asked.headers:
        return None
    body, trailers = asked.content
    for name, checksum in _CHECKSUMS.items():
        given = asked.headers.get(f"{_CHECKSUM}{name}", trailers.get(f"{_CHECKSUM}{name}"))
        if given is None:
            continue
        found = checksum(body)
        if len(_decoded(given) or b"") != len(found):
            return ServiceError("InvalidRequest", f"Value for {_CHECKSUM}{name} header is invalid.")
        if given != b64encode(found).decode():
            sentence = f"The {name.upper()} you specified did not match the calculated checksum."
            return ServiceError("BadDigest", sentence)
    return None


def _metadata(asked: _Asked) -> ServiceError | None:
    given = [(name, value) for name, value in asked.request.headers if name.startswith(_METADATA)]
    size = sum(len(name) - len(_METADATA) + len(value) for name, value in given)
    if not asked.writes_object or size <= _METADATA_BYTES:
        return None
    return ServiceError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")


def _encryption(asked: _Asked) -> ServiceError | None:
    given = asked.headers.get("x-amz-server-side-encryption", "AES256")
    if not asked.writes_object or given in _ENCRYPTIONS:
        return None
    return _invalid("The encryption method specified is not supported")


def _acl(asked: _Asked) -> ServiceError | None:
    granted = any(name.startswith("x-amz-grant-") for name, _ in asked.request.headers)
    sets = asked.writes_object or (asked.request.method == "PUT" and bool(asked.key) and "acl" in asked.query)
    if not sets or not (granted or asked.headers.get("x-amz-acl", "private") not in _OWNERS_ACLS):
        return None
    bucket: Any = s3_backends[ACCOUNT_ID]["aws"].buckets.get(asked.bucket)
    if bucket is None or bucket.ownership_rule != "BucketOwnerEnforced":
        return None
    return ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs")


def _tags(asked: _Asked) -> ServiceError | None:
    if asked.request.method != "PUT" or not asked.key or "tagging" not in asked.query:
        return None
    keys = Counter(re.findall(rb"<Key>(.*?)</Key>", asked.request.body, re.DOTALL))
    if all(count == 1 for count in keys.values()):
        return None
    return ServiceError("InvalidTag", "Cannot provide multiple Tags with the same key")


_CHECKS = (_key, _listing, _deleted, _part, _digest, _checksum, _metadata, _encryption, _acl, _tags)


def _decoded(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        return None


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("InvalidArgument", sentence)
