"""The picture of the pipeline, from the processes' counters."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sandbox.lifecycle import Health
from sandbox.page.stages import Edge, snapshot

_OUTPUTS = {
    "table_name": "orders",
    "pipe_name": "capture",
    "stream_name": "changes",
    "delivery_stream_name": "delivery",
    "function_name": "transform",
    "bucket_name": "lake",
    "workgroup_name": "analytics",
}


def _process(name: str, **status: Any) -> Health:
    return Health(name, alive=True, ready=True, pid=1, since_s=0.0, status=status)


_PROCESSES = [
    _process("server"),
    _process("functions", invocations=3),
    _process("athena", queries=1),
    _process(
        "firehose", delivery_streams={"delivery": {"records_in": 80, "records_out": 70, "backlog": 5, "lag_ms": 900}}
    ),
    _process(
        "pipes",
        records_in=180,  # of both Pipes: each reads every change
        pipes={
            "capture": {"records_in": 90, "records_out": 85, "backlog": 10, "lag_ms": 2000},
            "large": {"records_in": 90, "records_out": 0, "backlog": 0, "lag_ms": 0},
        },
    ),
]


def test_what_is_written_is_what_the_capturing_pipe_has_read_and_has_not() -> None:
    found = snapshot(_OUTPUTS, _PROCESSES, items=40, queued={})
    done = {stage.name: stage.done for stage in found.stages}
    assert done["table"] == 100
    assert done["pipe"] == 90
    assert done["lake"] == 70
    assert Edge("table", "pipe", 10, 2000, done=90) in found.edges
    assert Edge("pipe", "stream", 0, 0, done=85) in found.edges
    assert Edge("stream", "firehose", 5, 900, done=80) in found.edges
    assert Edge("firehose", "lake", 0, 0, done=70) in found.edges
    assert found.troubles == []


def test_native_capture_has_no_pipe() -> None:
    found = snapshot(_OUTPUTS | {"pipe_name": ""}, _PROCESSES, items=40, queued={})
    assert [stage.name for stage in found.stages][:2] == ["table", "stream"]
    assert found.stages[0].done == 85
    assert found.edges[0] == Edge("table", "stream", 0, 0, done=85)


def test_the_stages_are_joined_from_the_table_to_athena() -> None:
    for outputs in (_OUTPUTS, _OUTPUTS | {"pipe_name": ""}):
        edges = snapshot(outputs, _PROCESSES, items=0, queued={}).edges
        assert edges[0].source == "table"
        assert edges[-1].target == "athena"
        assert all(one.target == next_.source for one, next_ in pairwise(edges))


def test_a_dead_process_a_failing_pipe_and_dead_letters_are_told() -> None:
    changed = {"athena": {"alive": False}, "pipes": {"status": {"failing": {"p": "No target."}}}}
    failing = [process._replace(**changed.get(process.process, {})) for process in _PROCESSES]
    found = snapshot(_OUTPUTS, failing, items=0, queued={"the dead-letter queue": 2})
    assert found.troubles == [
        "athena is dead: restart with `python -m sandbox up`.",
        "pipes: p does not work. No target.",
        "2 messages in the dead-letter queue.",
    ]
