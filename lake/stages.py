"""Polls the changes that wait at each stage of the pipeline: counted at the source, with the waiting time."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

from lake.athena import Athena
from lake.clients import client
from lake.counts import counted
from lake.freshness import Freshness
from lake.reader import LakeReader
from lake.way import Positions, Way
from stack import StackOutputs
from transform.schema import TABLE, LakeTable

_WAITING = (
    ("table's stream", "in_stream", "changes that no Pipe has put on Kinesis"),
    ("Kinesis, Firehose", "in_delivery", "changes that are not in the lake"),
    ("error prefix", "failed", "objects"),
    ("dead letters", "dead_letters", "messages"),
)


class WaitingStage(Struct, frozen=True):
    """One stage: its name, the number of waiting changes (None: unknown), and their minimum waiting time in seconds.

    The seconds count from the last poll at which nothing waited there, or from the first poll.
    """

    name: str
    what: str
    waiting: int | None
    for_s: float


class StageWatch:
    """Polls the stages of one pipeline, and stores since when changes wait at each."""

    def __init__(self, look: Callable[[], Way], clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self._since: dict[str, float] = {}

    def stages(self) -> list[WaitingStage]:
        """Return the current stages, in the order in which a change passes them."""
        way, now_s = self._look(), self._clock()
        found: list[WaitingStage] = []
        for name, member, what in _WAITING:
            waiting: int | None = getattr(way, member)
            if waiting:
                self._since.setdefault(name, now_s)
            else:
                self._since.pop(name, None)
            found.append(WaitingStage(name, what, waiting, now_s - self._since.get(name, now_s)))
        return found


def stage_watch(outputs: StackOutputs, table: LakeTable = TABLE) -> StageWatch:
    """Return the watch of a deployed pipeline. A poll reads the streams' ends and the log's newest sequence."""
    athena = Athena(client("athena", outputs), outputs.require("workgroup_name"), outputs.require("database_name"))
    view = outputs.view_name or table.view
    reader = LakeReader(athena, table, outputs.change_log_name or table.change_log, view)
    positions = Positions(outputs, reader.arrived)
    return StageWatch(lambda: positions.look(reader.log_state().last))


def line(stage: WaitingStage) -> str:
    """Describe a stage in words."""
    if stage.waiting is None:
        return f"{stage.name:<18} cannot be seen"
    behind = f", for {stage.for_s:.0f} s" if stage.waiting else ""
    return f"{stage.name:<18} {stage.waiting:,} {stage.what}{behind}"


def lake_line(found: Freshness) -> str:
    """Return the lake's stage: how long changes took until they were readable."""
    if found.p99_s is None:
        return f"{'lake':<18} no changes"
    return (
        f"{'lake':<18} {counted(found.changes, 'change')}, readable after {found.p50_s} s (p50), {found.p99_s} s (p99)"
    )
