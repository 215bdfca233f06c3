"""A table's own Kinesis destinations: each change of an item as a record of a Kinesis stream.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
"""

from __future__ import annotations

import logging
from base64 import b64encode
from hashlib import md5
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import msgspec

from sandbox.faults.active import ACTIVE_FAULTS
from sandbox.faults.errors import PROVISIONED
from sandbox.front.counting.dynamodb import DYNAMODB
from sandbox.front.held import HeldRecords
from sandbox.front.reply import ServiceError
from sandbox.journal.in_use import journal
from sandbox.kinesis.records import KinesisCalls

if TYPE_CHECKING:
    from moto.dynamodb.models.table import Table

log = logging.getLogger(__name__)

ACTIVE = "ACTIVE"
MICROSECOND = "MICROSECOND"
_KEPT = "sandbox_kinesis_destinations"
_FAILED = "sandbox_failed_to_replicate"
_UNITS_PER_S = {"MILLISECOND": 10**3, MICROSECOND: 10**6}
_put = KinesisCalls()
_encode = msgspec.json.Encoder().encode


class KinesisDestination(msgspec.Struct):
    """A stream as a table's destination: `status` is ACTIVE or DISABLED, `precision` that of its times."""

    status: str
    precision: str


class Happening(NamedTuple):
    """One change: its event name, its keys and images as JSON text (empty if absent), its size, and its originator."""

    name: bytes
    keys: bytes
    new_image: bytes
    old_image: bytes
    size_bytes: int
    identity: bytes = b""


def destinations(table: Table) -> dict[str, KinesisDestination]:
    """A table's destinations by their streams' ARNs."""
    return vars(table).setdefault(_KEPT, {})


def has_destination(table: Table) -> bool:
    """Return whether a table writes to any stream."""
    kept: dict[str, KinesisDestination] | None = vars(table).get(_KEPT)
    return bool(kept) and any(destination.status == ACTIVE for destination in kept.values())


def replicate(table: Table, change: Happening, now_s: float) -> None:
    """Write a change to each of a table's destinations.

    A change that a stream refuses is lost and counted, as in DynamoDB's metric FailedToReplicateRecordCount: its record
    may exceed a stream's limit.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    # A partition key that fits and distributes well: a key attribute may be longer than a partition key.
    partition_key = md5(change.keys, usedforsecurity=False).hexdigest().upper()
    for arn, destination in destinations(table).items():
        if destination.status != ACTIVE:
            continue
        data = b64encode(_record(table, change, destination.precision, now_s)).decode()
        request = _encode({"StreamARN": arn, "PartitionKey": partition_key, "Data": data})
        if ACTIVE_FAULTS.on and HELD.takes(table.name, table.region_name, request):
            continue
        try:
            put(table.region_name, request)
        except ServiceError as error:
            if error.code == PROVISIONED:
                HELD.retry(table.region_name, request)
                continue
            DYNAMODB.not_replicated(table.region_name, table.name)
            failed = vars(table)[_FAILED] = vars(table).get(_FAILED, 0) + 1
            log.warning("change %d of table %s is not replicated to %s: %s", failed, table.name, arn, error.message)


def put(region: str, request: bytes) -> None:
    """Write a record to a stream.

    Raises:
        ServiceError: the stream refuses it.
    """
    _put.call("PutRecord", region, request)


def _put_later(region: str, request: bytes) -> None:
    put(region, request)
    journal().commit()


HELD = HeldRecords(_put_later)
"""The records that faults delay or duplicate."""


def _record(table: Table, change: Happening, precision: str, now_s: float) -> bytes:
    images = b"".join(
        b'"%b":%b,' % (name, image)
        for name, image in ((b"NewImage", change.new_image), (b"OldImage", change.old_image))
        if image
    )
    return _RECORD % (
        table.region_name.encode(),
        str(uuid4()).encode(),
        change.name,
        change.identity or b"null",
        _encode(table.name),
        int(now_s * _UNITS_PER_S[precision]),
        change.keys,
        images,
        change.size_bytes,
        precision.encode(),
    )


_RECORD = (
    b'{"awsRegion":"%b","eventID":"%b","eventName":"%b","userIdentity":%b,"recordFormat":"application/json",'
    b'"tableName":%b,"dynamodb":{"ApproximateCreationDateTime":%d,"Keys":%b,%b"SizeBytes":%d,'
    b'"ApproximateCreationDateTimePrecision":"%b"},"eventSource":"aws:dynamodb"}'
)
