"""Objects in S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol


class S3Client(Protocol):
    """The part of boto3's S3 client that the lake uses."""

    def list_objects_v2(self, **request: object) -> dict[str, Any]:
        """Fetch a page of a bucket's keys."""
        ...

    def get_object(self, **request: object) -> dict[str, Any]:
        """Fetch an object."""
        ...

    def put_object(self, **request: object) -> dict[str, Any]:
        """Write an object; a versioned bucket keeps its older version."""
        ...

    def delete_object(self, **request: object) -> dict[str, Any]:
        """Delete an object; a versioned bucket keeps it as an older version."""
        ...


def listed(client: S3Client, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """All objects under a prefix in key order: `Key`, `LastModified` and the other members of ListObjectsV2."""
    more: dict[str, str] = {}
    while True:
        page = client.list_objects_v2(Bucket=bucket, Prefix=prefix, **more)
        yield from page.get("Contents", [])
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}
