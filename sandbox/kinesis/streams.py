"""The lookup of streams and shards, and the position in a shard at which a reader begins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from moto.kinesis.models import KinesisBackend

from sandbox.front.reply import ServiceError
from sandbox.kinesis.shard import StoredShard, shard_number

if TYPE_CHECKING:
    from moto.kinesis.models import Stream

# The default of MaxRecordSizeInKiB; moto stores no other value.
_MAX_RECORD_KIB = 1024
_KEPT_MAX_RECORD = "sandbox_max_record_kib"


def max_record_kib(stream: Stream) -> int:
    """The maximum size of a stream's record, in KiB; `set_max_record_kib` changes it."""
    return vars(stream).get(_KEPT_MAX_RECORD, _MAX_RECORD_KIB)


def set_max_record_kib(stream: Stream, size_kib: int) -> None:
    """Set the maximum size of a stream's record, in KiB."""
    vars(stream)[_KEPT_MAX_RECORD] = size_kib


def stream_of(backend: KinesisBackend, name: str | None, arn: str | None) -> Stream:
    """The stream with a name or an ARN.

    Raises:
        ServiceError: it does not exist, or neither is given.
    """
    if not name and not arn:
        raise ServiceError("InvalidArgumentException", "StreamName or StreamARN must be specified.")
    name = name or (arn or "").partition(":stream/")[2]
    stream = backend.streams.get(name)
    if stream is None:
        raise ServiceError("ResourceNotFoundException", f"Stream {name} under account {backend.account_id} not found.")
    return stream


def shard_of(stream: Stream, shard_id: str) -> StoredShard:
    """The shard with an id; raises ResourceNotFoundException if absent."""
    shard = stream.shards.get(shard_id)
    if not isinstance(shard, StoredShard):
        raise ServiceError(
            "ResourceNotFoundException",
            f"Shard {shard_id} in stream {stream.stream_name} under account {stream.account_id} does not exist",
        )
    return shard


def trim(stream: Stream, shard: StoredShard) -> None:
    """Delete the records of a shard whose retention is over."""
    shard.log.trim(horizon_s(stream))


def horizon_s(stream: Stream) -> float:
    """The time (epoch seconds) before which a stream has no records."""
    return time.time() - stream.retention_period_hours * 3600


def kept_shards(stream: Stream) -> list[StoredShard]:
    """The shards that may have records: open, or closed within the retention."""
    horizon = horizon_s(stream)
    shards = [shard for shard in stream.shards.values() if isinstance(shard, StoredShard)]
    return [shard for shard in shards if shard.closed_s is None or shard.closed_s >= horizon]


def begin_at(stream: Stream, shard: StoredShard, kind: str, sequence: str | None, at_s: float | None, call: str) -> int:
    """The index in a shard's log at which reading begins; `kind` is a ShardIteratorType.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html

    Raises:
        ServiceError: the position is missing, or not in this shard.
    """
    trim(stream, shard)
    log = shard.log
    if kind == "TRIM_HORIZON":
        return log.first
    if kind == "LATEST":
        return log.end
    if kind == "AT_TIMESTAMP":
        if at_s is None:
            raise ServiceError("InvalidArgumentException", "Timestamp is required for AT_TIMESTAMP")
        return log.index_at(at_s)
    if sequence is None or not sequence.isdecimal():
        raise ServiceError("InvalidArgumentException", f"StartingSequenceNumber is required for {kind}")
    index = int(sequence) - shard.first_sequence + (kind == "AFTER_SEQUENCE_NUMBER")
    if not 0 <= index <= log.end:
        raise ServiceError("InvalidArgumentException", _foreign(stream, shard, sequence, call))
    return index


def _foreign(stream: Stream, shard: StoredShard, sequence: str, call: str) -> str:
    """What is wrong with a sequence number that is not one of a shard's.

    mhart/kinesalite test/getShardIterator.js, recorded on AWS.
    """
    encoded = shard_number(int(sequence))
    if encoded is not None and f"shardId-{encoded:012d}" != shard.shard_id:
        return (
            f"Invalid StartingSequenceNumber. It encodes shardId-{encoded:012d}, while it was used in a call to a "
            f"shard with {shard.shard_id}"
        )
    return (
        f"StartingSequenceNumber {sequence} used in {call} on shard {shard.shard_id} in stream {stream.stream_name} "
        f"under account {stream.account_id} is invalid."
    )


def children_of(stream: Stream, parent: StoredShard) -> list[dict[str, Any]]:
    """A closed shard's children, as GetRecords and SubscribeToShard return them at its end."""
    return [
        {
            "ShardId": shard.shard_id,
            "ParentShards": [name for name in (shard.parent, shard.adjacent_parent) if name],
            "HashKeyRange": shard.to_json()["HashKeyRange"],
        }
        for shard in stream.shards.values()
        if parent.shard_id in (shard.parent, shard.adjacent_parent)
    ]
