"""The records of a stream that the workers have not yet accepted: their backlog."""

from __future__ import annotations

from collections.abc import Iterable

from moto.dynamodb.models import dynamodb_backends
from moto.kinesis.models import kinesis_backends

from sandbox.front.backends import backend_of
from sandbox.front.record_log import RecordLog
from sandbox.front.reply import ServiceError
from sandbox.front.table_streams import stream_of as table_stream_of
from sandbox.kinesis.streams import kept_shards, stream_of
from sandbox.shards import ENDED
from sandbox.unread import Source, Unread


def unread(source: Source) -> Unread:
    """The records after the accepted ones, also of shards not yet begun; empty if the stream does not exist."""
    count, oldest_s = 0, None
    try:
        shards = list(_shards(source.stream))
    except ServiceError:
        return Unread()
    for shard_id, first_number, log in shards:
        accepted = source.accepted.get(shard_id)
        if accepted == ENDED:
            continue
        if accepted is None:
            index = 0 if source.since is None else log.index_at(source.since)
        else:
            index = int(accepted) - first_number + 1
        index = max(index, log.first)
        if index < log.end:
            count += log.end - index
            arrived_s = log.time_of(index)
            oldest_s = arrived_s if oldest_s is None else min(oldest_s, arrived_s)
    return Unread(count, oldest_s)


def _shards(arn: str) -> Iterable[tuple[str, int, RecordLog]]:
    """The shards of a stream: id, the sequence number of its first record, and its records."""
    service, region = arn.split(":")[2:4]
    if service == "kinesis":
        for each in kept_shards(stream_of(backend_of(kinesis_backends, region), None, arn)):
            yield str(each.shard_id), each.first_sequence, each.log
    else:
        shard = table_stream_of(backend_of(dynamodb_backends, region), arn).shard
        yield shard.id, shard.starting_sequence_number, shard.log
