"""Objects in S3: listing, reading, writing and deleting them."""

from __future__ import annotations

import bz2
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.athena.errors import StatementError

_MAX_DELETED = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""
_LAST_MODIFIED = re.compile(rb"<LastModified>[^<]*</LastModified>")


@dataclass(frozen=True)
class S3Object:
    """One version of an object, identified by its ETag. `size` in bytes."""

    bucket: str
    key: str
    etag: str
    size: int

    @property
    def path(self) -> str:
        """The value of the pseudo-column "$path"."""
        return f"s3://{self.bucket}/{self.key}"


class Objects:
    """The objects behind a boto3 S3 client, which is thread-safe."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        s3.meta.events.register("before-parse.s3.ListObjectsV2", _without_times)
        s3.meta.events.register("before-sign.s3.PutObject", _without_expect)

    def list(self, bucket: str, prefix: str, after: str = "") -> list[S3Object]:
        """The objects under a prefix with keys behind `after`, in key order, without empty ones, which have no rows."""
        found: list[S3Object] = []
        token: dict[str, str] = {"StartAfter": after} if after else {}
        while True:
            try:
                page = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, **token)
            except self._s3.exceptions.NoSuchBucket as error:
                raise StatementError("HIVE_FILESYSTEM_ERROR", f"The bucket {bucket} does not exist") from error
            found.extend(
                S3Object(bucket, entry["Key"], entry["ETag"], entry["Size"])
                for entry in page.get("Contents", ())
                if entry["Size"] > 0
            )
            if not page.get("IsTruncated"):
                return found
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def read(self, item: S3Object) -> bytes:
        """An object's raw bytes."""
        return self._s3.get_object(Bucket=item.bucket, Key=item.key)["Body"].read()

    def read_text(self, item: S3Object) -> bytes:
        """An object's bytes, decompressed according to its suffix, as in Hive's text input.

        Raises:
            StatementError: HIVE_BAD_DATA, if they do not match the suffix.
        """
        content = self.read(item)
        try:
            if item.key.endswith(".gz"):
                return gzip.decompress(content)
            if item.key.endswith(".bz2"):
                return bz2.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise StatementError("HIVE_BAD_DATA", f"{item.path} cannot be decompressed: {error}") from error
        return content

    def write(self, path: Path, location: str) -> None:
        """Upload a file to an s3:// location; raises StatementError if the bucket does not exist."""
        bucket, _, key = location.removeprefix("s3://").partition("/")
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        except self._s3.exceptions.NoSuchBucket as error:
            message = f"The S3 location provided to save your query results is invalid: no bucket {bucket}"
            raise StatementError("INVALID_OUTPUT_LOCATION", message) from error

    def times(self, bucket: str, prefix: str) -> Iterator[tuple[str, datetime]]:
        """The key of each object under a prefix, empty ones too, and the time at which it was written, UTC.

        By ListObjects, because `list` has the times removed from the answers of ListObjectsV2.
        """
        for page in self._s3.get_paginator("list_objects").paginate(Bucket=bucket, Prefix=prefix):
            yield from ((entry["Key"], entry["LastModified"]) for entry in page.get("Contents", ()))

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects by their s3:// locations."""
        by_bucket: dict[str, list[str]] = {}
        for path in paths:
            bucket, _, key = path.partition("://")[2].partition("/")
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), _MAX_DELETED):
                named = [{"Key": key} for key in keys[start : start + _MAX_DELETED]]
                self._s3.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})


def _without_expect(request: Any, **_: object) -> None:
    """Send an object without Expect: 100-continue, which the server does not answer for an empty object."""
    del request.headers["Expect"]


def _without_times(response_dict: dict[str, Any], **_: object) -> None:
    """Remove the times from a listing: they are unused, and botocore spends most of a listing on parsing them."""
    response_dict["body"] = _LAST_MODIFIED.sub(b"", response_dict["body"])


def split_location(location: str) -> tuple[str, str]:
    """Bucket and prefix of an s3:// location; the prefix is a directory, so it ends in / unless it is empty."""
    scheme, _, rest = location.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme not in {"s3", "s3a", "s3n"} or not bucket:
        raise StatementError("HIVE_INVALID_METADATA", f"The location {location!r} is not an s3:// location")
    return bucket, prefix if not prefix or prefix.endswith("/") else prefix + "/"
