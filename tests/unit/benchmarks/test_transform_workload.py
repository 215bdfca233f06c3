from __future__ import annotations

import base64

import pytest

from benchmarks.transform.workload import batch
from transform.batch import Transform
from transform.schema import TABLE
from transform.settings import FunctionSettings


@pytest.mark.parametrize("mean_bytes", [200, 600, 1024, 4096])
def test_a_batch_has_the_requested_size_and_becomes_rows(mean_bytes: int) -> None:
    event = batch(200, mean_bytes)
    sizes = [len(base64.b64decode(record["data"])) for record in event["records"]]
    assert sum(sizes) / len(sizes) == pytest.approx(mean_bytes, rel=0.1)
    _, buckets = Transform(TABLE, FunctionSettings()).answer(event["records"])
    assert (buckets.ok, buckets.mismatches) == (200, {})
    assert buckets.operations == {"INSERT": 120, "MODIFY": 60, "REMOVE": 20}
