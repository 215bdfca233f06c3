"""S3 checks the checksum of a body, wherever it is sent.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

from base64 import b64encode

import pytest

from sandbox.checksums import crc32c, crc64nvme
from sandbox.front.reply import Request
from sandbox.refusals.chunks import decoded
from sandbox.refusals.objects import refuse

CONTENT = b"a body of several chunks"
OF = {"crc32c": crc32c, "crc64nvme": crc64nvme}


def put(body: bytes, *headers: tuple[str, str]) -> str:
    """The error's code of a PutObject; "" if it is accepted."""
    error = refuse(Request("PUT", "/bucket/key", "", list(headers), body))
    return "" if error is None else error.code


def sent(content: bytes, name: str, value: str, *, signed: bool = False) -> bytes:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html"""
    signature = b";chunk-signature=" + b"0" * 64 if signed else b""
    lines = [b"x-amz-checksum-%s:%s\r\n" % (name.encode(), value.encode())]
    lines += [b"x-amz-trailer-signature:" + b"0" * 64 + b"\r\n"] if signed else []
    parts = [content[at : at + 10] for at in range(0, len(content), 10)]
    chunks = [b"%x%s\r\n%s\r\n" % (len(part), signature, part) for part in parts]
    return b"".join([*chunks, b"0%s\r\n" % signature, *lines, b"\r\n"])


@pytest.mark.parametrize("name", OF)
def test_a_checksum_in_a_header_or_behind_the_chunks(name: str) -> None:
    right, wrong = (b64encode(OF[name](content)).decode() for content in (CONTENT, b"other"))
    header = f"x-amz-checksum-{name}"
    assert [put(CONTENT, (header, value)) for value in (right, wrong, "c2hvcnQ=", "no base64")] == [
        *("", "BadDigest", "InvalidRequest", "InvalidRequest")
    ]
    for signed, kind in ((False, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), (True, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")):
        headers = [("x-amz-content-sha256", kind), ("content-encoding", "aws-chunked"), ("x-amz-trailer", header)]
        found = [put(sent(CONTENT, name, value, signed=signed), *headers) for value in (right, wrong)]
        assert found == ["", "BadDigest"]


@pytest.mark.parametrize("body", [b"", b"x", b"5\r\nab", b"-1\r\n", b"zz\r\nab\r\n", b"1\r\na\r\n"])
def test_a_body_that_is_not_in_chunks(body: bytes) -> None:
    assert decoded(body) is None
