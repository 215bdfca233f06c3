"""Workers' checkpoints that are ahead of the streams after a power failure.

A checkpoint may have reached the disk before the records that it accepts. The next records then get the same sequence
numbers, and the worker would skip them.
"""

from __future__ import annotations

import logging

from moto.kinesis.models import kinesis_backends

from sandbox.front.table_streams import all_streams
from sandbox.kinesis.shard import StoredShard
from sandbox.shards import ENDED
from sandbox.state import StateDir

log = logging.getLogger(__name__)


def hold_back(state: StateDir) -> None:
    """Set each checkpoint that is ahead of its shard's last record to that record."""
    ends = _ends()
    for path in state.checkpoints.glob("*.json"):
        saved = state.read_json(path) or {}
        shards: dict[str, str] = saved.get("shards", {})
        ahead = {
            shard_id: str(ends[shard_id])
            for shard_id, sequence in shards.items()
            if sequence != ENDED and shard_id in ends and int(sequence) > ends[shard_id]
        }
        if ahead:
            log.warning("%s is set back to the last record on disk: %s", path.name, ahead)
            state.write_json(path, saved | {"shards": shards | ahead})


def _ends() -> dict[str, int]:
    """The last sequence number of each shard; the greatest if several streams have a shard with the same id."""
    ends = {
        stream.shard.id: stream.shard.starting_sequence_number + stream.shard.log.end - 1 for stream in all_streams()
    }
    for _, _, backend in kinesis_backends.iter_backends():
        for stream in vars(backend)["streams"].values():
            for shard in stream.shards.values():
                if isinstance(shard, StoredShard):
                    last = shard.first_sequence + shard.log.end - 1
                    ends[shard.shard_id] = max(last, ends.get(shard.shard_id, last))
    return ends
