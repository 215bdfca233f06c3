"""Measures from a write to a readable row: at maximum load, and at a rate."""

from __future__ import annotations

import time
from typing import Any

from msgspec import Struct

from benchmarks.sandbox import client
from benchmarks.sandbox.builds import PROCESSES, Running
from benchmarks.sandbox.lake import Lake, Watch
from benchmarks.sandbox.requests import batches, changes, inserts

_PERCENTILES = (50, 99)


class Backlog(Struct):
    """Changes at the table's maximum rate, until the last is readable.

    Processor time is in microseconds a change, by process, over `counted_s`; memory in bytes of the server a change, at
    the end.
    """

    changes: int
    write_s: float
    total_s: float
    counted_s: float
    cpu_us: dict[str, float]
    memory_bytes: float

    @property
    def per_s(self) -> float:
        """Changes a second, from the first write until the last row can be queried."""
        return self.changes / self.total_s

    @property
    def cpu_us_per_change(self) -> float:
        """Of all processes."""
        return sum(self.cpu_us.values())


class Paced(Struct):
    """New orders at a rate: how long each took until it could be queried, in seconds."""

    per_s: float
    written: int
    p50_s: float
    p99_s: float
    cpu_us: dict[str, float]


def backlog(sandbox: Running, count: int, each: int) -> Backlog:
    """Write `count` changes in a closed loop, `each` in a request, and wait for their rows.

    More than one in a request are new orders: a batch has no updates.
    """
    table = sandbox.outputs["table_name"]
    planned = changes(table, count) if each == 1 else inserts(table, count)
    requests = [change.request for change in planned] if each == 1 else batches(table, planned, each)
    lake = Lake(sandbox)
    before, memory, counted_from_s = sandbox.cpu_s(), sandbox.memory_bytes(), time.monotonic()
    begun_s = time.time()
    sent = client.closed_loop(sandbox.port, requests)
    drained_s = lake.drained_s({(change.key, change.op) for change in planned})
    return Backlog(
        changes=count,
        write_s=sent.elapsed_s,
        total_s=drained_s - begun_s,
        counted_s=time.monotonic() - counted_from_s,
        cpu_us=_spent(before, sandbox, count),
        memory_bytes=(sandbox.memory_bytes() - memory) / count,
    )


def paced(sandbox: Running, per_s: float, seconds: float) -> Paced:
    """Write new orders at a rate and wait for their rows."""
    planned = inserts(sandbox.outputs["table_name"], int(per_s * seconds))
    before = sandbox.cpu_s()
    watch = Watch(sandbox)
    sent = client.paced(sandbox.port, [change.request for change in planned], per_s)
    arrived = watch.queryable_s({(change.key, change.op) for change in planned})
    watch.close()
    took = sorted(arrived[change.key, change.op] - at_s for change, at_s in zip(planned, sent.at_s, strict=True))
    p50, p99 = (took[min(len(took) - 1, len(took) * share // 100)] for share in _PERCENTILES)
    return Paced(per_s, len(planned), p50, p99, _spent(before, sandbox, len(planned)))


def queried(sandbox: Running) -> int:
    """Return the number of rows that Athena counts in the change log."""
    athena: Any = sandbox.client("athena")
    outputs = sandbox.outputs
    execution = athena.start_query_execution(
        QueryString=f"SELECT count(*) FROM {outputs['change_log_name']}",  # noqa: S608 - the stack's own name
        QueryExecutionContext={"Database": outputs["database_name"]},
        WorkGroup=outputs["workgroup_name"],
    )["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            rows = athena.get_query_results(QueryExecutionId=execution)["ResultSet"]["Rows"]
            return int(rows[1]["Data"][0]["VarCharValue"])
        if status["State"] in ("FAILED", "CANCELLED"):
            raise RuntimeError(status.get("StateChangeReason", status["State"]))
        time.sleep(0.1)


def _spent(before: dict[str, float], sandbox: Running, count: int) -> dict[str, float]:
    after = sandbox.cpu_s()
    return {name: (after[name] - before[name]) / count * 1e6 for name in PROCESSES}
