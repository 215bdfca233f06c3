"""Compression of delivered objects: Firehose's name, the extension and the Content-Encoding."""

from __future__ import annotations

import gzip
import io
import uuid
import zipfile
from collections.abc import Callable

from msgspec import Struct


class Compression(Struct, frozen=True):
    """A CompressionFormat: its function, its extension and its Content-Encoding."""

    compress: Callable[[bytes], bytes]
    extension: str
    content_encoding: str | None


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=6, mtime=0)


def _zip(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(str(uuid.uuid4()), data)
    return target.getvalue()


COMPRESSIONS = {
    "UNCOMPRESSED": Compression(lambda data: data, "", None),
    "GZIP": Compression(_gzip, ".gz", "gzip"),
    "ZIP": Compression(_zip, ".zip", "zip"),
}
"""Snappy and HADOOP_SNAPPY, the other two formats, are in no dependency of the sandbox."""
