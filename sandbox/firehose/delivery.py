"""Delivery of records as S3 objects: buffered by prefix, compressed, named, and retried until S3 accepts them."""

from __future__ import annotations

import logging
import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import duckdb
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.faults.points import POINTS
from sandbox.firehose.catalog import CatalogError, GlueTable
from sandbox.firehose.compression import COMPRESSIONS
from sandbox.firehose.config import ObjectDestination
from sandbox.firehose.errors import CONVERSION_FAILED, ConversionFailure, error_line
from sandbox.firehose.metrics import FirehoseMetrics
from sandbox.firehose.naming import error_prefix, in_zone, object_name, object_prefix
from sandbox.firehose.parquet import Converter, RecordError, Row
from sandbox.firehose.records import BufferedRecord

log = logging.getLogger(__name__)

_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 10.0

PartitionKeys = tuple[tuple[str, str], ...]


class ObjectStore(Protocol):
    """The S3 call that delivery uses."""

    def put_object(self, **arguments: Any) -> Any:
        """Put an object."""
        ...


@dataclass
class Buffer:
    """The buffered records of one object: of one error type (None for data) and one set of partition keys."""

    error_type: str | None
    keys: PartitionKeys
    opened_at: float
    entries: list[tuple[BufferedRecord, bytes]] = field(default_factory=list[tuple[BufferedRecord, bytes]])
    size_bytes: int = 0

    def add(self, record: BufferedRecord, data: bytes) -> None:
        """Append a record's data."""
        self.entries.append((record, data))
        self.size_bytes += len(data)

    @property
    def oldest_s(self) -> float:
        """The arrival of the oldest record, in epoch seconds."""
        return min(record.source.arrived_at for record, _ in self.entries)


@dataclass
class Object:
    """An object in flight, and its records."""

    key: str
    body: bytes
    content_encoding: str | None
    records: list[BufferedRecord]
    is_error: bool = False
    tries: int = 0
    due: float = 0.0


@dataclass
class DeliveryCounters:
    """Counters of deliveries. Bytes are those of the objects in S3."""

    delivered: int = 0
    objects: int = 0
    error_records: int = 0
    error_objects: int = 0
    bytes_out: int = 0
    conversion_failed: int = 0
    failed_puts: int = 0


@dataclass
class BufferedDestination:
    """One destination: buffers records' data, and puts objects when buffers are full or old enough.

    `acknowledge` is called for every record whose object S3 has accepted.
    """

    stream: str
    version: str
    destination: ObjectDestination
    store: ObjectStore
    acknowledge: Callable[[BufferedRecord], None]
    clock: Callable[[], float]
    table: GlueTable | None = None
    metrics: FirehoseMetrics | None = None
    measured_as: str = "DeliveryToS3"
    counters: DeliveryCounters = field(default_factory=DeliveryCounters)
    _buffers: dict[tuple[str | None, PartitionKeys], Buffer] = field(
        default_factory=dict[tuple[str | None, PartitionKeys], Buffer]
    )
    _objects: list[Object] = field(default_factory=list[Object])
    _table_due: float = 0.0

    def add(self, record: BufferedRecord, data: bytes, keys: PartitionKeys = ()) -> None:
        """Buffer a record's data for delivery under the prefix."""
        self._buffer(None, keys).add(record, data)

    def add_error(self, record: BufferedRecord, error_type: str, line: bytes) -> None:
        """Buffer a record's error document for delivery under the error prefix."""
        self._buffer(error_type, ()).add(record, line)

    def step(self, *, flush: bool = False) -> float:
        """Put the buffers that are due (all, with `flush`); return the seconds until the next, infinite if there are
        no records.
        """
        now = self.clock()
        for place, buffer in list(self._buffers.items()):
            if (flush or self._is_due(buffer, now)) and self._seal(buffer, now):
                del self._buffers[place]
        for sealed in [sealed for sealed in self._objects if flush or sealed.due <= now]:
            self._put(sealed)
        return self._next_due(now)

    @property
    def is_empty(self) -> bool:
        """True when everything is delivered."""
        return not self._buffers and not self._objects

    def _buffer(self, error_type: str | None, keys: PartitionKeys) -> Buffer:
        place = (error_type, keys)
        if place not in self._buffers:
            self._buffers[place] = Buffer(error_type, keys, self.clock())
        return self._buffers[place]

    def _is_due(self, buffer: Buffer, now: float) -> bool:
        limits = self.destination.buffering
        return buffer.size_bytes >= limits.size_bytes or now - buffer.opened_at >= limits.interval_s

    def _next_due(self, now: float) -> float:
        interval_s = self.destination.buffering.interval_s
        dues = [buffer.opened_at + interval_s for buffer in self._buffers.values()]
        dues = [max(due, self._table_due) for due in dues] + [sealed.due for sealed in self._objects]
        return max(0.0, min(dues, default=float("inf")) - now)

    def _seal(self, buffer: Buffer, now: float) -> bool:
        """Convert a buffer to an object; return False if it must wait for the catalogue."""
        if self.table is not None and buffer.error_type is None:
            return self._seal_converted(buffer, self.table, now)
        packing = COMPRESSIONS[self.destination.compression]
        body = packing.compress(b"".join(data for _, data in buffer.entries))
        records = [record for record, _ in buffer.entries]
        extension = packing.extension if self.destination.extension is None else self.destination.extension
        is_error = buffer.error_type is not None
        self._objects.append(Object(self._key(buffer, extension), body, packing.content_encoding, records, is_error))
        return True

    def _seal_converted(self, buffer: Buffer, table: GlueTable, now: float) -> bool:
        if now < self._table_due:
            return False
        try:
            converter = table.converter()
        except CatalogError as error:
            self._refuse(buffer.entries, table, error.code, error.message)
            return True
        except (BotoCoreError, ClientError) as error:
            log.warning("delivery stream %s: the catalogue is unreachable: %s", self.stream, error)
            self._table_due = now + _LONGEST_BACKOFF_S
            return False
        rows: list[Row] = []
        converted: list[tuple[BufferedRecord, bytes]] = []
        found = converter.rows_of_each([data for _, data in buffer.entries])
        for entry, each in zip(buffer.entries, found, strict=True):
            if isinstance(each, RecordError):
                self._refuse([entry], table, each.code, each.message)
            else:
                rows += each
                converted.append(entry)
        if converted:
            self._seal_rows(buffer, converter, rows, converted, table)
        return True

    def _seal_rows(
        self,
        buffer: Buffer,
        converter: Converter,
        rows: list[Row],
        converted: list[tuple[BufferedRecord, bytes]],
        table: GlueTable,
    ) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="firehose-") as directory:
                body = converter.write(rows, Path(directory))
        except duckdb.Error as error:
            self._refuse(converted, table, "DataFormatConversion.InternalError", str(error))
            return
        if self.metrics is not None:
            self.metrics.converted(len(converted), sum(len(data) for _, data in converted), succeeded=True)
        extension = self.destination.extension or ".parquet"
        self._objects.append(Object(self._key(buffer, extension), body, None, [record for record, _ in converted]))

    def _refuse(
        self, entries: Iterable[tuple[BufferedRecord, bytes]], table: GlueTable, code: str, message: str
    ) -> None:
        now_ms = int(self.clock() * 1000)
        for record, data in entries:
            failure = ConversionFailure(
                1, record.arrived_ms, code, message, now_ms, data, record.source.sequence, 0, table.description
            )
            self.add_error(record, CONVERSION_FAILED, error_line(failure))
            self.counters.conversion_failed += 1
            if self.metrics is not None:
                self.metrics.converted(1, len(data), succeeded=False)

    def _key(self, buffer: Buffer, extension: str) -> str:
        moment = in_zone(buffer.oldest_s, ZoneInfo(self.destination.timezone))
        if buffer.error_type is None:
            prefix = object_prefix(self.destination.prefix, moment, dict(buffer.keys))
        else:
            prefix = error_prefix(self.destination.prefix, self.destination.error_prefix, buffer.error_type, moment)
        return prefix + object_name(self.stream, self.version, moment, extension)

    def _measure(self, sealed: Object, *, succeeded: bool) -> None:
        """Count a put.

        An object under the error prefix is not a delivery of rows, but shows whether S3 accepts objects.
        """
        if self.metrics is None:
            return
        age_s = self.clock() - min(record.source.arrived_at for record in sealed.records)
        records = 0 if sealed.is_error else len(sealed.records)
        self.metrics.put(self.measured_as, records, len(sealed.body), age_s, succeeded=succeeded)

    def _put(self, sealed: Object) -> None:
        """Put an object under the same key until S3 accepts it."""
        encoding = {"ContentEncoding": sealed.content_encoding} if sealed.content_encoding else {}
        POINTS.reach("before-object")
        try:
            self.store.put_object(
                Bucket=self.destination.bucket,
                Key=sealed.key,
                Body=sealed.body,
                ContentType="application/octet-stream",
                **encoding,
            )
        except (BotoCoreError, ClientError) as error:
            if sealed.tries == 0:
                log.warning("delivery stream %s: s3://%s: %s", self.stream, self.destination.bucket, error)
            self.counters.failed_puts += 1
            self._measure(sealed, succeeded=False)
            sealed.tries += 1
            ceiling = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** min(sealed.tries, 10))
            sealed.due = self.clock() + random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter
            return
        POINTS.reach("after-object")
        self._measure(sealed, succeeded=True)
        self._objects.remove(sealed)
        self.counters.bytes_out += len(sealed.body)
        if sealed.is_error:
            self.counters.error_objects += 1
            self.counters.error_records += len(sealed.records)
        else:
            self.counters.objects += 1
            self.counters.delivered += len(sealed.records)
        for record in sealed.records:
            self.acknowledge(record)
