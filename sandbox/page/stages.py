"""The pipeline as stages with edges between them, which the page draws and refreshes each second."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from sandbox import console
from sandbox.lifecycle import Health


class ShownStage(msgspec.Struct, rename="camel"):
    """A stage: its name, the deployed resource, its state as `status` shows it, and its counters.

    `done` counts the records that have left it; the page derives rates from two of them.
    """

    name: str
    resource: str
    state: str
    done: int
    counters: dict[str, float]


class Edge(msgspec.Struct, rename="camel"):
    """The way from one stage to the next: the records waiting on it, and the age of the oldest in milliseconds.

    `done` counts the records that have passed it; None where none pass, since Athena reads the lake's objects.
    """

    source: str
    target: str
    backlog: int
    lag_ms: int
    done: int | None


class Snapshot(msgspec.Struct, rename="camel"):
    """All stages and edges at one time (epoch seconds), and a sentence for each failure."""

    at: float
    stages: list[ShownStage]
    edges: list[Edge]
    troubles: list[str]


def snapshot(outputs: Mapping[str, Any], health: Sequence[Health], items: int, queued: Mapping[str, int]) -> Snapshot:
    """The current stages, from the processes' own counters.

    `items` is DescribeTable's count, `queued` the messages of the queues by name.
    """
    by_name = {process.process: process for process in health}
    # The Pipe that captures every change; a second one may capture the large ones.
    pipe = _resource(_status(by_name, "pipes"), "pipes", outputs.get("pipe_name", ""))
    firehose = _resource(_status(by_name, "firehose"), "delivery_streams", outputs["delivery_stream_name"])
    functions, athena = _status(by_name, "functions"), _status(by_name, "athena")
    captured, unread = int(pipe.get("records_in", 0)), int(pipe.get("backlog", 0))
    read, waiting = int(firehose.get("records_in", 0)), int(firehose.get("backlog", 0))
    delivered = int(firehose.get("records_out", 0))
    by_pipe = bool(outputs.get("pipe_name"))
    written = captured + unread if by_pipe else read + waiting
    stages = [
        ShownStage("table", outputs["table_name"], _state(by_name, "server"), written, {"items": items}),
        *(
            [ShownStage("pipe", outputs["pipe_name"], _state(by_name, "pipes"), captured, _numbers(pipe))]
            if by_pipe
            else []
        ),
        ShownStage("stream", outputs["stream_name"], _state(by_name, "server"), read, {}),
        ShownStage("transform", outputs["function_name"], _state(by_name, "functions"), 0, _numbers(functions)),
        ShownStage(
            *("firehose", outputs["delivery_stream_name"], _state(by_name, "firehose")),
            *(delivered, _numbers(firehose)),
        ),
        ShownStage(
            *("lake", outputs["bucket_name"], _state(by_name, "server"), delivered),
            {"objects": firehose.get("objects", 0), "bytes": firehose.get("bytes_out", 0)},
        ),
        ShownStage("athena", outputs["workgroup_name"], _state(by_name, "athena"), 0, _numbers(athena)),
    ]
    captures = [
        Edge("table", "pipe", unread, int(pipe.get("lag_ms", 0)), captured),
        Edge("pipe", "stream", 0, 0, int(pipe.get("records_out", 0))),
    ]
    edges = [
        *(captures if by_pipe else [Edge("table", "stream", 0, 0, written)]),
        Edge("stream", "firehose", waiting, int(firehose.get("lag_ms", 0)), read),
        Edge("firehose", "lake", 0, 0, delivered),
        Edge("lake", "athena", 0, 0, None),
    ]
    dead = [
        f"{process.process} is dead: restart with `python -m sandbox up`." for process in health if not process.alive
    ]
    failing = [failure for process in health if process.alive for failure in console.failures(process)]
    letters = [f"{count} messages in {name}." for name, count in queued.items() if count]
    return Snapshot(time.time(), stages, edges, [*dead, *failing, *letters])


def _status(processes: Mapping[str, Health], name: str) -> Mapping[str, Any]:
    return processes[name].status if name in processes else {}


def _resource(status: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    """One resource's part of a worker's status."""
    return status.get(kind, {}).get(name, {})


def _state(processes: Mapping[str, Health], name: str) -> str:
    return console.state_of(processes[name]) if name in processes else "dead"


def _numbers(status: Mapping[str, Any]) -> dict[str, float]:
    left_out = {"pid", "updated_at", "backlog", "lag_ms"}
    return {
        name: cast("float", value)
        for name, value in status.items()
        if name not in left_out and isinstance(value, int | float) and not isinstance(value, bool)
    }
