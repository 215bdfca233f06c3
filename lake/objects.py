"""Objects in S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from stack import UserError

MAX_DELETED = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


class S3Client(Protocol):
    """The methods of boto3's S3 client that the lake uses."""

    def list_objects_v2(self, **request: object) -> dict[str, Any]:
        """Fetch a page of a bucket's keys."""
        ...

    def get_object(self, **request: object) -> dict[str, Any]:
        """Fetch an object."""
        ...

    def put_object(self, **request: object) -> dict[str, Any]:
        """Write an object; in a versioned bucket its older version stays."""
        ...

    def delete_object(self, **request: object) -> dict[str, Any]:
        """Delete an object; in a versioned bucket it stays as an older version."""
        ...

    def delete_objects(self, **request: object) -> dict[str, Any]:
        """Delete up to 1,000 objects or versions."""
        ...

    def copy_object(self, **request: object) -> dict[str, Any]:
        """Copy an object of up to 5 GB."""
        ...

    def list_object_versions(self, **request: object) -> dict[str, Any]:
        """Fetch a page of a bucket's versions and delete markers."""
        ...


def listed(client: S3Client, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Yield all objects under a prefix in key order: `Key`, `LastModified` and the other members of ListObjectsV2."""
    more: dict[str, str] = {}
    while True:
        page = client.list_objects_v2(Bucket=bucket, Prefix=prefix, **more)
        yield from page.get("Contents", [])
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def delete_all(client: S3Client, bucket: str, objects: Iterable[dict[str, str]]) -> None:
    """Delete objects by `Key`, or versions by `Key` and `VersionId`. Raises: UserError: S3 refuses one."""
    left = iter(objects)
    while batch := [*islice(left, MAX_DELETED)]:
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        for error in answer.get("Errors", []):
            raise UserError(f"S3 does not delete s3://{bucket}/{error['Key']} ({error['Message']}): run again.")


def versions(client: S3Client, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Yield all versions and delete markers under a prefix: `Key`, `VersionId`, `IsLatest`, `IsMarker` and `Size`."""
    more: dict[str, str] = {}
    while True:
        page = client.list_object_versions(Bucket=bucket, Prefix=prefix, **more)
        for kind, is_marker in (("Versions", False), ("DeleteMarkers", True)):
            for entry in page.get(kind, []):
                yield {"Size": 0, **entry, "IsMarker": is_marker}
        if not page.get("IsTruncated"):
            return
        more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
