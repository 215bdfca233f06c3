"""A delivery stream's flow from shards to objects: read, transform, deliver, checkpoint.

A step does what is due and returns when the next is due; it only blocks in calls, and the processor may be called in a
different thread. The checkpoint follows the records that S3 has accepted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.awsjson import CallError, RemoteError
from sandbox.faults.points import POINTS
from sandbox.firehose.catalog import GlueTable
from sandbox.firehose.config import Processor, StreamConfig
from sandbox.firehose.delivery import BufferedDestination, ObjectStore
from sandbox.firehose.errors import PROCESSING_FAILED, ProcessingFailure, error_line
from sandbox.firehose.invocations import Invocations, LambdaProcessor, ProcessorCounters, Submit, at_once
from sandbox.firehose.metrics import FirehoseMetrics
from sandbox.firehose.naming import partition_expressions
from sandbox.firehose.queries import partition_keys
from sandbox.firehose.records import BufferedRecord, RecordsInFlight
from sandbox.firehose.transform import Dropped, Failed, Outcome, Transformed, requests
from sandbox.shards import Checkpoint, Cursor, ShardReader, StreamApi
from sandbox.streams import KinesisRecord

log = logging.getLogger(__name__)

POLL_INTERVAL_S = 0.25
"""How often each shard is read: four times as often as AWS does, so that rows arrive sooner."""
QUIET_POLL_INTERVAL_S = 1.0
"""AWS's own interval, for a stream that has had no records for `_QUIET_AFTER_S`.

https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html
"""
_QUIET_AFTER_S = 30.0
DISCOVERY_INTERVAL_S = 2.0
IN_FLIGHT_BYTES = 256 * 1024 * 1024
"""Backpressure: reading pauses while this many bytes are read and not yet in S3."""
_OUTAGE_PAUSE_S = 1.0


@dataclass(frozen=True)
class Ports:
    """A delivery stream's dependencies: source, function, destination, clock (epoch seconds), and the function's
    thread.
    """

    source: StreamApi[KinesisRecord]
    store: ObjectStore
    function: LambdaProcessor | None
    table: GlueTable | None
    clock: Callable[[], float]
    submit: Submit = at_once


@dataclass
class FlowCounters:
    """Counters of records read and transformed since the worker started."""

    records_in: int = 0
    bytes_in: int = 0
    dropped: int = 0
    processing_failed: int = 0


class Flow:
    """The state machine of one delivery stream; `step` advances it."""

    def __init__(self, config: StreamConfig, ports: Ports, checkpoint: Checkpoint) -> None:
        self._config = config
        self._clock = ports.clock
        self._checkpoint = checkpoint
        self._counters = FlowCounters()
        self._ledger = RecordsInFlight(checkpoint)
        # Firehose starts at LATEST: the end of the stream at the delivery stream's creation.
        self._reader: ShardReader[KinesisRecord] = ShardReader(ports.source, checkpoint, config.created_at)
        to = (ports.store, self._ledger.acknowledge, ports.clock)
        self._metrics = FirehoseMetrics(config.arn.split(":")[3], config.name)
        self._delivery = BufferedDestination(config.name, config.version, config.destination, *to, ports.table)
        self._backup = BufferedDestination(config.name, config.version, config.backup, *to) if config.backup else None
        self._delivery.metrics = self._metrics
        if self._backup is not None:
            self._backup.metrics, self._backup.measured_as = self._metrics, "BackupToS3"
        self._needed_keys = frozenset(partition_expressions(config.destination.prefix))
        self._buffer: list[BufferedRecord] = []
        self._buffered_bytes = 0
        self._buffer_opened = 0.0
        self._invocations = (
            None
            if config.processor is None or ports.function is None
            else Invocations(
                config.name, config.processor, ports.function, ports.submit, self._settle, ports.clock, self._metrics
            )
        )
        self._poll_due = 0.0
        self._took_s = ports.clock()
        self._discovery_due = 0.0
        self._failing = False

    def step(self) -> float:
        """Do what is due; return the seconds until the next step, 0 for immediately."""
        pauses = [self._read(), self._transform(), self._deliver()]
        self._ledger.save()
        self._finish_shards()
        return min(pauses)

    def finish(self) -> None:
        """Deliver the records read so far; the next worker reads the others again."""
        if self._invocations is not None:
            self._empty_buffer(self._invocations)
            self._invocations.finish()
        for _ in range(2):  # the second time for the errors of the first one's conversion
            self._deliver(flush=True)
        self._ledger.save()

    def _read(self) -> float:
        now = self._clock()
        if now < self._poll_due:
            return self._poll_due - now
        quiet = now - self._took_s > _QUIET_AFTER_S
        self._poll_due = now + (QUIET_POLL_INTERVAL_S if quiet else POLL_INTERVAL_S)
        if self._ledger.in_flight_bytes > IN_FLIGHT_BYTES:
            return POLL_INTERVAL_S
        try:
            if now >= self._discovery_due:
                self._reader.discover()
                self._discovery_due = now + DISCOVERY_INTERVAL_S
            for shard_id, cursor in self._reader.cursors.items():
                records, before_bytes = _records_of(cursor), self._counters.bytes_in
                self._take(shard_id, records)
                self._measure(records, self._counters.bytes_in - before_bytes, more=cursor.has_more)
                if cursor.has_more:
                    self._poll_due = now
        except CallError as error:
            if not self._failing:
                log.warning("delivery stream %s: source: %s", self._config.name, error)
            self._failing = True
            self._poll_due = now + _OUTAGE_PAUSE_S
            return _OUTAGE_PAUSE_S
        if self._failing:
            log.info("delivery stream %s: the source responds again", self._config.name)
            self._failing = False
        return self._poll_due - now

    def _measure(self, records: Sequence[KinesisRecord], size_bytes: int, *, more: bool) -> None:
        """Count the records read. If the shard has more, the age of the last one is how far the stream is behind."""
        behind_ms = int((self._clock() - records[-1].arrived_at) * 1000) if more and records else 0
        self._metrics.read(len(records), size_bytes, behind_ms)
        oldest_ms = self._ledger.oldest_ms()
        if oldest_ms is not None:
            self._metrics.waits(self._clock() - oldest_ms / 1000)

    def _take(self, shard_id: str, records: Sequence[KinesisRecord]) -> None:
        if records:
            self._took_s = self._clock()
            POINTS.reach("after-read")
        for source in records:
            record = BufferedRecord(shard_id, source, 1 if self._backup is None else 2)
            self._ledger.add(record)
            self._counters.records_in += 1
            self._counters.bytes_in += record.size_bytes
            if self._backup is not None:
                self._backup.add(record, source.data)
            if self._config.processor is None or self._invocations is None:
                self._hand_over(record, source.data, {})
            else:
                self._add_to_buffer(record, self._config.processor, self._invocations)

    def _add_to_buffer(self, record: BufferedRecord, processor: Processor, invocations: Invocations) -> None:
        if not self._buffer:
            self._buffer_opened = self._clock()
        self._buffer.append(record)
        self._buffered_bytes += record.size_bytes
        if self._buffered_bytes >= processor.buffering.size_bytes:
            self._empty_buffer(invocations)

    def _empty_buffer(self, invocations: Invocations) -> None:
        records, self._buffer, self._buffered_bytes = self._buffer, [], 0
        for batch in requests(records):
            invocations.add(batch)

    def _transform(self) -> float:
        processor = self._config.processor
        if processor is None or self._invocations is None:
            return POLL_INTERVAL_S
        closes = self._buffer_opened + processor.buffering.interval_s
        # Records that must wait for the function anyway become one larger request.
        if self._buffer and not self._invocations.is_busy and self._clock() >= closes:
            self._empty_buffer(self._invocations)
        pause = self._invocations.step()
        if not self._buffer or self._invocations.is_busy:
            return min(pause, POLL_INTERVAL_S)
        return min(pause, max(0.0, closes - self._clock()))

    def _settle(self, outcome: Outcome, attempts: int) -> None:
        match outcome:
            case Transformed(record, data, keys):
                self._hand_over(record, data, keys)
            case Dropped(record):
                self._counters.dropped += 1
                self._ledger.acknowledge(record)
            case Failed(record, code, message):
                processor = self._config.processor
                self._refuse(record, code, message, attempts, "" if processor is None else processor.function_arn)

    def _hand_over(self, record: BufferedRecord, data: bytes, keys: dict[str, str]) -> None:
        if self._config.partition_query:
            found = partition_keys(self._config.partition_query, data) or {}
            keys = keys | {f"partitionKeyFromQuery:{name}": value for name, value in found.items()}
        if not self._needed_keys <= keys.keys():
            missing = ", ".join(sorted(self._needed_keys - keys.keys()))
            message = f"The record has no value for the partition keys of the prefix: {missing}."
            self._refuse(record, "DynamicPartitioning.MetadataExtractionFailed", message, 1, "")
            return
        place = tuple((key, keys[key]) for key in sorted(self._needed_keys))
        self._delivery.add(record, data + self._config.delimiter, place)

    def _refuse(self, record: BufferedRecord, code: str, message: str, attempts: int, function_arn: str) -> None:
        self._counters.processing_failed += 1
        now_ms = int(self._clock() * 1000)
        failure = ProcessingFailure(record.data, code, message, attempts, record.arrived_ms, now_ms, function_arn)
        self._delivery.add_error(record, PROCESSING_FAILED, error_line(failure))

    def _deliver(self, *, flush: bool = False) -> float:
        pause = self._delivery.step(flush=flush)
        if self._backup is not None:
            pause = min(pause, self._backup.step(flush=flush))
        return pause

    def _finish_shards(self) -> None:
        for shard_id, cursor in list(self._reader.cursors.items()):
            if cursor.exhausted and self._ledger.is_empty(shard_id):
                try:
                    self._reader.finish(shard_id)
                except CallError as error:
                    log.warning("delivery stream %s: source: %s", self._config.name, error)

    def account(self) -> dict[str, Any]:
        """The counters and the backlog."""
        oldest_ms = self._ledger.oldest_ms()
        delivered = asdict(self._delivery.counters)
        invoked = ProcessorCounters() if self._invocations is None else self._invocations.counters
        return {
            **asdict(self._counters),
            **asdict(invoked),
            **delivered,
            "records_out": delivered["delivered"],
            "backlog": self._ledger.backlog,
            "lag_ms": 0 if oldest_ms is None else max(0, int(self._clock() * 1000) - oldest_ms),
            "checkpoint": {shard_id: self._checkpoint.accepted(shard_id) for shard_id in list(self._reader.cursors)},
        }


def _records_of(cursor: Cursor[KinesisRecord]) -> list[KinesisRecord]:
    """The records that a shard returns now; empty while its limits throttle it, which no other shard's affect.

    Raises:
        CallError: the stream could not be read.
    """
    try:
        return cursor.read()
    except RemoteError as error:
        if error.is_throttle:
            return []
        raise
