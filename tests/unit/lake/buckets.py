"""A bucket in memory with versions, and a client that stops before its nth call."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, datetime
from hashlib import md5
from typing import Any, NamedTuple


class StoppedError(Exception):
    """What stops a command in a test."""


class _Version(NamedTuple):
    id: str
    content: bytes | None


class Bucket:
    """The part of S3 that the lake uses, for one versioned bucket; `stop_before` counts the calls from 1."""

    def __init__(self) -> None:
        self.versions: dict[str, list[_Version]] = {}
        self.calls = 0
        self.stop_before = 0
        self._ids = itertools.count()

    @property
    def objects(self) -> dict[str, bytes]:
        """The current objects."""
        return {
            key: versions[-1].content
            for key, versions in sorted(self.versions.items())
            if versions and versions[-1].content is not None
        }

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        self._count()
        found = [
            {"Key": key, "ETag": _etag(content), "Size": len(content), "LastModified": datetime.now(UTC)}
            for key, content in self.objects.items()
            if key.startswith(request["Prefix"])
        ]
        return {"Contents": found, "IsTruncated": False}

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        self._count()
        kinds: dict[str, list[dict[str, Any]]] = {"Versions": [], "DeleteMarkers": []}
        for key, versions in sorted(self.versions.items()):
            for at, version in enumerate(versions if key.startswith(request["Prefix"]) else ()):
                kinds["DeleteMarkers" if version.content is None else "Versions"].append(
                    {
                        "Key": key,
                        "VersionId": version.id,
                        "IsLatest": at == len(versions) - 1,
                        "Size": len(version.content or b""),
                    }
                )
        return {**kinds, "IsTruncated": False}

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._count()
        return {"Body": io.BytesIO(self.objects[request["Key"]])}

    def put_object(self, **request: Any) -> dict[str, Any]:
        self._count()
        self._add(request["Key"], request["Body"])
        return {}

    def copy_object(self, **request: Any) -> dict[str, Any]:
        self._count()
        self._add(request["Key"], self.objects[request["CopySource"]["Key"]])
        return {}

    def delete_object(self, **request: Any) -> dict[str, Any]:
        self._count()
        self._add(request["Key"], None)
        return {}

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        self._count()
        for each in request["Delete"]["Objects"]:
            key, id_ = each["Key"], each.get("VersionId")
            if id_ is None:
                self._add(key, None)
            else:
                self.versions[key] = [version for version in self.versions[key] if version.id != id_]
        return {}

    def _add(self, key: str, content: bytes | None) -> None:
        self.versions.setdefault(key, []).append(_Version(str(next(self._ids)), content))

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.stop_before:
            raise StoppedError


def _etag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'
