"""S3's storage metrics: once a day, the bytes and the objects of each bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html ("Amazon S3 daily storage metrics for
buckets"): bytes by storage class, of current and noncurrent versions and of the parts of incomplete uploads; the number
of objects with delete markers and parts.
"""

# pyright: reportUnknownMemberType=false
# moto's stores are untyped dictionaries.

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from moto.s3.models import FakeBucket, FakeKey, s3_backends

from sandbox.monitoring.recorder import Published, metric
from sandbox.monitoring.statistics import statistic_set

NAMESPACE = "AWS/S3"
DAY_S = 86_400
_STORAGE_TYPES = {
    "STANDARD": "StandardStorage",
    "REDUCED_REDUNDANCY": "ReducedRedundancyStorage",
    "STANDARD_IA": "StandardIAStorage",
    "ONEZONE_IA": "OneZoneIAStorage",
    "INTELLIGENT_TIERING": "IntelligentTieringFAStorage",
    "GLACIER_IR": "GlacierIRStorage",
    "GLACIER": "GlacierStorage",
    "DEEP_ARCHIVE": "DeepArchiveStorage",
}


def sizes_of_buckets(at_s: int) -> list[Published]:
    """The current size of each non-empty bucket, as points of a time (epoch seconds)."""
    backends: list[Any] = [backend for _, _, backend in s3_backends.iter_backends()]
    return [each for backend in backends for bucket in list(backend.buckets.values()) for each in _sizes(bucket, at_s)]


def _sizes(bucket: FakeBucket, at_s: int) -> Iterator[Published]:
    stored, objects = Counter[str](), 0
    for version in _held(bucket):
        objects += 1
        if isinstance(version, FakeKey):
            stored[_STORAGE_TYPES.get(version.storage_class or "STANDARD", "StandardStorage")] += version.size
    points = [("BucketSizeBytes", type_, "Bytes", size) for type_, size in stored.items()]
    if objects:
        points.append(("NumberOfObjects", "AllStorageTypes", "Count", objects))
    for name, type_, unit, value in points:
        counted = metric(NAMESPACE, name, BucketName=str(bucket.name), StorageType=type_)
        yield Published(str(bucket.region_name), counted, unit, statistic_set({float(value): 1.0}), at_s)


def _held(bucket: FakeBucket) -> Iterator[Any]:
    """All versions, including delete markers, and the parts of uploads."""
    keys: Any = bucket.keys
    for key in list(keys):
        yield from keys.getlist(key)
    for upload in list(bucket.multiparts.values()):
        yield from list(upload.parts.values())
