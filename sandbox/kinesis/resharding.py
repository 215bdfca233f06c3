"""MergeShards: moto refuses it if the first shard has the upper hash keys, and repeats it on closed shards.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html
"""

from __future__ import annotations

from typing import Any

from moto.kinesis.models import kinesis_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import answers
from sandbox.front.reply import ServiceError
from sandbox.kinesis.shard import StoredShard
from sandbox.kinesis.streams import shard_of, stream_of


@answers("kinesis", "MergeShards")
def merge(call: ControlCall) -> None:
    """Close two adjacent shards, in either order, and open one with the hash keys of both.

    The sentences on shards that are absent or not adjacent are in mhart/kinesalite test/mergeShards.js, the one on
    closed shards in moto's kinesis/models.py.
    """
    given = call.parameters
    stream = stream_of(backend_of(kinesis_backends, call.region), given.get("StreamName"), given.get("StreamARN"))
    place = f"in stream {stream.stream_name} under account {stream.account_id}"
    for shard_id in (given["ShardToMerge"], given["AdjacentShardToMerge"]):
        if shard_id not in stream.shards:
            raise ServiceError("ResourceNotFoundException", f"Could not find shard {shard_id} {place}.")
    pair = shard_of(stream, given["ShardToMerge"]), shard_of(stream, given["AdjacentShardToMerge"])
    for shard in pair:
        if not shard.is_open:
            message = (
                f"Shard {shard.shard_id} {place} has already been merged or split, and thus is not eligible for "
                "merging or splitting."
            )
            raise ServiceError("InvalidArgumentException", message)
    lower, upper = sorted(pair, key=_start)
    if lower.ending_hash + 1 != upper.starting_hash:
        message = (
            f"Shards {pair[0].shard_id} and {pair[1].shard_id} {place} are not an adjacent pair of shards eligible "
            "for merging"
        )
        raise ServiceError("InvalidArgumentException", message)
    number = max(int(shard_id.rpartition("-")[2]) for shard_id in stream.shards) + 1
    merged: Any = StoredShard(number, lower.starting_hash, upper.ending_hash, pair[0].shard_id, pair[1].shard_id)
    stream.shards[merged.shard_id] = merged
    for shard in pair:
        shard.is_open = False


def _start(shard: StoredShard) -> int:
    return shard.starting_hash
