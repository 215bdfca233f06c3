"""S3's storage metrics: a point a day, by storage class, of all that a bucket holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.s3.models import s3_backends

from sandbox.front.counting.buckets import DAY_S, NAMESPACE
from sandbox.front.monitoring import Monitoring
from sandbox.monitoring.recorder import metric

REGION = "eu-west-1"


@pytest.fixture
def s3() -> Iterator[Any]:
    backend: Any = s3_backends["123456789012"]["aws"]
    backend.reset()
    yield backend
    backend.reset()


def test_a_days_point_has_what_a_bucket_holds_and_is_published_once(s3: Any) -> None:
    """Noncurrent versions and parts count, delete markers only as objects: the page that `buckets` names."""
    bucket: Any = s3.create_bucket("held", REGION)
    s3.create_bucket("empty", REGION)
    s3.put_bucket_versioning("held", "Enabled")
    for body in (b"12345", b"123"):
        s3.put_object("held", "a", body)
    s3.put_object("held", "b", b"1234567", storage="GLACIER")
    s3.delete_object("held", "a")
    upload = s3.create_multipart_upload("held", "c", {}, "STANDARD", [], None, None, None)
    s3.upload_part("held", upload.id, 1, b"12")
    now_s = 20_000 * DAY_S + 5000.0
    monitoring = Monitoring(lambda: now_s)

    def points() -> dict[tuple[str, str], list[tuple[int, float, float]]]:
        found: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
        for listed in monitoring.store.metrics(REGION):
            # What other tests of this process have counted is collected as well.
            if listed.metric.namespace != NAMESPACE:
                continue
            dimensions = dict(listed.metric.dimensions)
            assert dimensions["BucketName"] == bucket.name
            periods = monitoring.store.periods(REGION, listed.metric, 0, int(now_s) + 1, 60, None)
            found[listed.metric.name, dimensions["StorageType"]] = [
                (at_s, samples.sum, samples.count) for at_s, samples in periods.items()
            ]
        return found

    monitoring.collect()
    day_s = 20_000 * DAY_S
    expected = {
        ("BucketSizeBytes", "StandardStorage"): [(day_s, 10.0, 1.0)],
        ("BucketSizeBytes", "GlacierStorage"): [(day_s, 7.0, 1.0)],
        ("NumberOfObjects", "AllStorageTypes"): [(day_s, 5.0, 1.0)],
    }
    assert points() == expected
    monitoring.collect()
    again = Monitoring(lambda: now_s)
    again.store, monitoring = monitoring.store, again  # as a server that has restarted
    monitoring.collect()
    assert points() == expected
    now_s += DAY_S
    monitoring.collect()
    counted = metric(NAMESPACE, "NumberOfObjects", BucketName="held", StorageType="AllStorageTypes")
    assert len(monitoring.store.periods(REGION, counted, 0, int(now_s), 60, None)) == 2
