from __future__ import annotations

import gzip
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from lake import compaction
from lake.compaction import Compaction, CompactionPlan
from stack import StackOutputs
from tests.unit.lake.buckets import Bucket, StoppedError

OUTPUTS = StackOutputs(origin="a test", region="eu-west-1", database_name="lake", workgroup_name="w")
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
PREFIX = "order_changes/"


class Glue:
    """A catalogue that has the change log, of JSON objects."""

    def get_table(self, **_: Any) -> dict[str, Any]:
        storage = {"Location": f"s3://bucket/{PREFIX}", "SerdeInfo": {"SerializationLibrary": "org.openx.Json"}}
        return {"Table": {"StorageDescriptor": storage}}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A log of three hours, two of which are over for an hour."""
    bucket = Bucket()
    clients: dict[str, Any] = {"s3": bucket, "glue": Glue(), "athena": None}

    def client(service: str, outputs: StackOutputs) -> Any:
        del outputs
        return clients[service]

    monkeypatch.setattr(compaction, "client", client)
    fill(bucket)
    return bucket


def fill(bucket: Bucket) -> None:
    bucket.versions.clear()
    for hour in ("09", "10", "12"):
        for number in range(3):
            row = gzip.compress(f'{{"event_id":"{hour}-{number}"}}\n'.encode())
            bucket.put_object(Key=f"{PREFIX}arrival_hour=2026-03-01-{hour}/{number}.gz", Body=row)
    bucket.calls = 0


def rows(bucket: Bucket) -> list[bytes]:
    """What a query of the change log reads."""
    contents = (content for key, content in bucket.objects.items() if key.startswith(PREFIX))
    return sorted(line for content in contents for line in gzip.decompress(content).splitlines())


def run(**options: Any) -> CompactionPlan:
    done = Compaction(OUTPUTS, now=lambda: NOW, **options)
    plan = done.plan
    done.run()
    return plan


def test_the_objects_of_each_hour_that_is_over_become_one(bucket: Bucket) -> None:
    before = rows(bucket)
    plan = run()
    assert (plan.hours, plan.objects, plan.new_objects, plan.log_objects) == (2, 6, 2, 9)
    assert rows(bucket) == before
    hours = [key.split("/")[1][-2:] for key in bucket.objects]
    assert hours == ["09", "10", "12", "12", "12"]
    assert run().objects == 0
    assert run(open_hours=True).objects == 3
    assert rows(bucket) == before
    assert len(bucket.objects) == 3


def test_large_objects_stay_as_they_are(bucket: Bucket) -> None:
    assert run(small_bytes=10).objects == 0


def test_nothing_is_lost_or_stays_twice_wherever_it_is_stopped(bucket: Bucket) -> None:
    run()
    calls, whole = bucket.calls, rows(bucket)
    twice: list[int] = []
    for stop_before in range(1, calls + 1):
        fill(bucket)
        bucket.stop_before = stop_before
        with suppress(StoppedError):
            run()
        found = rows(bucket)
        assert sorted({*found}) == whole
        if found != whole:
            twice.append(stop_before)
        bucket.stop_before = 0
        run()
        assert rows(bucket) == whole
        assert len(bucket.objects) == 5, "no note and no staged object is left"
    assert len(twice) == 2, "only between the copy and the delete that follows it"


def test_an_object_that_changed_meanwhile_is_not_replaced(bucket: Bucket) -> None:
    late = Compaction(OUTPUTS, now=lambda: NOW)
    key = next(iter(bucket.objects))
    bucket.put_object(Key=key, Body=gzip.compress(b'{"event_id":"other"}\n'))
    before = rows(bucket)
    with pytest.raises(compaction.UserError, match="have changed meanwhile"):
        late.run()
    assert rows(bucket) == before
    assert not any(key.startswith(compaction.NOTES) for key in bucket.objects), "nothing staged is left"
