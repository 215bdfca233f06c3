"""The streams of a region's tables: the enabled ones, and disabled ones whose records are not expired.

A disabled stream records nothing more and is readable for 24 hours, even if its table is deleted; if the table's stream
is enabled again, that is a new stream with a different ARN.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html#Streams.Enabling
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from sandbox.front.backends import backend_of
from sandbox.front.reply import ServiceError
from sandbox.front.stream import RETENTION_S, StreamShard

if TYPE_CHECKING:
    from moto.dynamodb.models.table import Table

_KEPT = "sandbox_streams"
_LABEL = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass(frozen=True)
class TableStream:
    """One stream of a table; its shard determines whether the stream is enabled."""

    arn: str
    label: str
    table_name: str
    key_schema: list[dict[str, str]]
    view: str
    created_s: float
    shard: StreamShard

    @property
    def is_enabled(self) -> bool:
        """Whether the table writes to it."""
        return self.shard.closed_s is None


def set_specification(table: Table, given: Mapping[str, Any] | None) -> None:
    """Enable or disable a table's stream, instead of moto's method; an enabled one is first disabled."""
    streams = _all(backend_of(dynamodb_backends, table.region_name))
    close(table)
    if not given or not (given.get("StreamEnabled") or given.get("StreamViewType")):
        table.stream_specification = {"StreamEnabled": False}
        return
    view = given.get("StreamViewType", "NEW_AND_OLD_IMAGES")
    table.stream_specification = {"StreamEnabled": True, "StreamViewType": view}
    created_s = time.time()
    arn, label = _named(table, created_s)
    while arn in streams:
        # Labels have milliseconds, and a stream may be disabled and enabled within one.
        created_s += 0.001
        arn, label = _named(table, created_s)
    shard: Any = StreamShard(table.account_id, table)
    table.latest_stream_label, table.stream_shard = label, shard
    streams[arn] = TableStream(arn, label, table.name, table.schema, view, created_s, shard)


def close(table: Table) -> None:
    """Close the table's enabled stream, if it has one."""
    for stream in _all(backend_of(dynamodb_backends, table.region_name)).values():
        if stream.shard.table is table and stream.is_enabled:
            stream.shard.close()


def stream_of(backend: DynamoDBBackend, arn: str) -> TableStream:
    """Return the stream with an ARN.

    Raises:
        ServiceError: no such stream exists, or its records have expired (ResourceNotFoundException).
    """
    stream = _kept(backend).get(arn)
    if stream is None:
        raise ServiceError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")
    return stream


def streams_of(backend: DynamoDBBackend, table_name: str | None) -> list[TableStream]:
    """The streams of a table, or of all, in the order of their ARNs."""
    kept = sorted(_kept(backend).values(), key=lambda stream: stream.arn)
    return [stream for stream in kept if table_name in (None, stream.table_name)]


def all_streams() -> list[TableStream]:
    """The streams of all tables of all accounts and regions."""
    backends: Any = dynamodb_backends
    return [stream for _, _, backend in backends.iter_backends() for stream in _kept(backend).values()]


def _named(table: Table, created_s: float) -> tuple[str, str]:
    label = datetime.fromtimestamp(created_s, UTC).strftime(_LABEL)[:-3]
    return f"{table.table_arn}/stream/{label}", label


def _kept(backend: DynamoDBBackend) -> dict[str, TableStream]:
    """The streams that may have records."""
    streams, horizon = _all(backend), time.time() - RETENTION_S
    over = [arn for arn, stream in streams.items() if (stream.shard.closed_s or horizon) < horizon]
    for arn in over:
        del streams[arn]
    return streams


def _all(backend: DynamoDBBackend) -> dict[str, TableStream]:
    return vars(backend).setdefault(_KEPT, {})
