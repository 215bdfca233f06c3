"""AWS's event streams: messages of headers and a payload, each with two checksums.

https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_TEXT = 7


def event(name: str, content_type: str, payload: bytes) -> bytes:
    """An event with a payload."""
    return _message({":message-type": "event", ":event-type": name, ":content-type": content_type}, payload)


def exception(name: str, content_type: str, payload: bytes) -> bytes:
    """A modelled error, after which nothing follows."""
    return _message({":message-type": "exception", ":exception-type": name, ":content-type": content_type}, payload)


def _message(headers: dict[str, str], payload: bytes) -> bytes:
    fields = b"".join(_header(name, value) for name, value in headers.items())
    # Twelve bytes before the headers, four after the payload.
    prelude = struct.pack(">II", 16 + len(fields) + len(payload), len(fields))
    begun = prelude + struct.pack(">I", crc32(prelude)) + fields + payload
    return begun + struct.pack(">I", crc32(begun))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(">B", len(key)) + key + struct.pack(">BH", _TEXT, len(text)) + text
