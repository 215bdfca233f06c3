"""One shard of a pipe's source, from reading to acceptance.

A step reads, or sends one batch, and returns when the next is due; nothing here waits, so retries of one shard do not
block others. The rules are those of
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html (polling and batching: a pipe reads
until it has a full batch, the window has expired or the batch has 6 MB)
and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from sandbox.awsjson import CallError, RemoteError
from sandbox.faults.points import POINTS
from sandbox.pipes.config import FOREVER, PipeConfig
from sandbox.pipes.deadletters import RECORD_TOO_OLD, RETRIES_EXHAUSTED, dead_letter
from sandbox.pipes.metrics import PipeMetrics
from sandbox.pipes.target import Outgoing, Rejection, to_retry
from sandbox.shards import Checkpoint, Cursor
from sandbox.streams import ChangeRecord

log = logging.getLogger(__name__)

POLL_INTERVAL_S = 0.25
"""The base rate at which a shard is polled, as that of Lambda's event source mappings: four times a second.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""
_NEXT_POLL_S = 0.1
"""The pause before polling a shard that has just had records for the target."""
BATCH_BYTES = 6 * 1024 * 1024
_FIRST_BACKOFF_S = 0.1
_LONGEST_BACKOFF_S = 10.0


class Target(Protocol):
    """The target of batches."""

    def put(self, records: list[Outgoing]) -> dict[int, Rejection]:
        """Put the records; failures by index."""
        ...


class DeadLetterSink(Protocol):
    """The dead-letter target."""

    def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        ...


@dataclass
class PipeCounters:
    """A pipe's counters since the worker started. Bytes are those put to the target."""

    records_in: int = 0
    records_out: int = 0
    bytes_out: int = 0
    filtered: int = 0
    retried: int = 0
    failed_calls: int = 0
    discarded: int = 0
    dead_letters: int = 0


class Item(Struct, gc=False):
    """A record that passed the filter, and its target input."""

    record: ChangeRecord
    outgoing: Outgoing


@dataclass
class Batch:
    """A batch of items, and the sequence number to accept with it."""

    items: list[Item]
    accepts: str
    attempts: int = 0
    outages: int = 0


@dataclass(frozen=True)
class Steps:
    """A pipe's processing of an event: the filter and the target's input, that of an undecoded record apart."""

    keep: Callable[[dict[str, Any]], bool]
    outgoing: Callable[[dict[str, Any]], Outgoing]
    passed_on: Callable[[ChangeRecord], Outgoing] | None = None

    def of(self, record: ChangeRecord) -> Outgoing:
        """The target's input for a record."""
        if self.passed_on is not None and len(record.text):
            return self.passed_on(record)
        return self.outgoing(record.event)


@dataclass
class PipeShard:
    """The state machine of one shard; `step` advances it."""

    config: PipeConfig
    cursor: Cursor[ChangeRecord]
    steps: Steps
    target: Target
    dead_letters: DeadLetterSink | None
    checkpoint: Checkpoint
    counters: PipeCounters
    clock: Callable[[], float]
    metrics: PipeMetrics | None = None
    _read: deque[tuple[str, Item | None]] = field(default_factory=deque[tuple[str, Item | None]])
    _kept: int = 0
    _kept_bytes: int = 0
    _window_opened: float | None = None
    _polled: bool = False
    _batches: deque[Batch] = field(default_factory=deque[Batch])
    _due: float = 0.0
    _poll_due: float = 0.0
    _read_failures: int = 0

    @property
    def backlog(self) -> int:
        """The number of records read and not yet accepted."""
        return self._kept + sum(len(batch.items) for batch in self._batches)

    @property
    def is_drained(self) -> bool:
        """Whether the shard has ended and all its records are accepted."""
        return self.cursor.exhausted and not self._read and not self._batches

    def lag_ms(self) -> int:
        """The age of the oldest record that is not accepted; 0 without one."""
        oldest = self._batches[0].items[0] if self._batches else next((item for _, item in self._read if item), None)
        return 0 if oldest is None else max(0, int((self.clock() - oldest.record.arrived_at) * 1000))

    def step(self) -> float:
        """Do what is due; return the seconds until the next step, 0 for immediately.

        Raises:
            CallError: the stream could not be read.
        """
        now = self.clock()
        if self._batches:
            if now >= self._due:
                self._send(self._batches[0])
            return max(0.0, self._due - now) if self._batches else 0.0
        if self._batch_is_due(now):
            self._form_batch()
            return 0.0
        if now < self._poll_due:
            return min(self._poll_due, self._window_ends()) - now
        return self._poll(now)

    def _poll(self, now: float) -> float:
        # Set before the call, so that an unreadable stream is not polled without pause, and does not hold up what has
        # been read.
        self._poll_due = now + POLL_INTERVAL_S
        self._polled = True
        records = self.cursor.read()
        if records:
            POINTS.reach("after-read")
        self.counters.records_in += len(records)
        keep, outgoing_of = self.steps.keep, self.steps.of
        for record in records:
            if keep(record.event):
                outgoing = outgoing_of(record)
                self._read.append((record.sequence, Item(record, outgoing)))
                self._kept += 1
                self._kept_bytes += outgoing.size_bytes
            else:
                self._read.append((record.sequence, None))
                self.counters.filtered += 1
        if self._kept and self._window_opened is None:
            self._window_opened = now
        if self._read and not self._kept:
            self._accept(self._read[-1][0])
            self._read.clear()
        if self.cursor.has_more:
            self._poll_due = now
        elif self._kept:
            self._poll_due = now + _NEXT_POLL_S
        return 0.0 if self._batch_is_due(now) else max(0.0, min(self._poll_due, self._window_ends()) - now)

    def _window_ends(self) -> float:
        if self._window_opened is None:
            return float("inf")
        return self._window_opened + self.config.batching_window_s

    def _batch_is_due(self, now: float) -> bool:
        """Whether to send what has been read. What a batch has left over waits for one more poll to add to it."""
        if not self._kept:
            return False
        return (
            self._kept >= self.config.batch_size
            or (self._polled and now >= self._window_ends())
            or self.cursor.exhausted
            or self._kept_bytes >= BATCH_BYTES
        )

    def _form_batch(self) -> None:
        items: list[Item] = []
        accepts, size = "", 0
        while self._read and len(items) < self.config.batch_size:
            sequence, item = self._read[0]
            if item is not None:
                if items and size + item.outgoing.size_bytes > BATCH_BYTES:
                    break
                items.append(item)
                size += item.outgoing.size_bytes
            accepts = sequence
            self._read.popleft()
        self._kept -= len(items)
        self._kept_bytes -= size
        if self._kept:
            self._window_opened, self._polled, self._poll_due = self.clock(), False, 0.0
        else:
            self._window_opened = None
        self._batches.append(Batch(items, accepts))
        self._due = 0.0

    def _send(self, batch: Batch) -> None:
        if not self._discard_aged(batch):
            return
        if not batch.items:
            self._complete(batch)
            return
        outgoing = [item.outgoing for item in batch.items]
        POINTS.reach("before-put")
        began_s = time.perf_counter()
        try:
            failures = self.target.put(outgoing)
        except CallError as error:
            self._count(outgoing, len(outgoing), began_s)
            self._fail(batch, error)
            return
        self._count(outgoing, len(failures), began_s)
        POINTS.reach("after-put")
        retry = to_retry(outgoing, failures)
        accepted = len(outgoing) - len(retry)
        self.counters.records_out += accepted
        self.counters.bytes_out += sum(each.size_bytes for each in outgoing) - sum(
            outgoing[i].size_bytes for i in retry
        )
        if not retry:
            self._complete(batch)
            return
        self.counters.retried += len(retry)
        batch.items = [batch.items[i] for i in retry]
        failure = next(iter(failures.values()))
        self._retry_or_give_up(batch, f"{len(failures)} records failed, {failure.code}: {failure.message}")

    def _count(self, outgoing: list[Outgoing], failed: int, began_s: float) -> None:
        if self.metrics is not None:
            size = sum(each.size_bytes for each in outgoing)
            self.metrics.executed(len(outgoing), size, failed, (time.perf_counter() - began_s) * 1000)

    def _fail(self, batch: Batch, error: CallError) -> None:
        self.counters.failed_calls += 1
        if not isinstance(error, RemoteError) or error.is_outage:
            # Pipes does not count its own failures and the network's as retries.
            batch.outages += 1
            self._back_off(batch)
            if batch.outages == 1:
                log.warning("pipe %s: target %s: %s", self.config.name, self.config.target_arn, error)
        else:
            self._retry_or_give_up(batch, str(error))

    def _bisect(self, batch: Batch) -> None:
        """Bisect a batch, without counting an attempt; only the end of the second half accepts what follows."""
        middle = len(batch.items) // 2
        first, second = batch.items[:middle], batch.items[middle:]
        self._batches[0] = Batch(second, batch.accepts, batch.attempts)
        self._batches.appendleft(Batch(first, first[-1].record.sequence, batch.attempts))
        self._back_off(self._batches[0])

    def _retry_or_give_up(self, batch: Batch, reason: str) -> None:
        if batch.attempts == 0:
            log.warning("pipe %s: batch of %d: %s", self.config.name, len(batch.items), reason)
        if self.config.bisect and len(batch.items) > 1:
            self._bisect(batch)
            return
        batch.attempts += 1
        limit = self.config.maximum_retry_attempts
        if limit == FOREVER or batch.attempts <= limit:
            self._back_off(batch)
        elif self._discard(batch.items, RETRIES_EXHAUSTED, reason):
            self._complete(batch)

    def _discard_aged(self, batch: Batch) -> bool:
        """Discard the items that are too old; return False if that must be retried."""
        if self.config.maximum_record_age_s == FOREVER:
            return True
        horizon = self.clock() - self.config.maximum_record_age_s
        aged = [item for item in batch.items if item.record.arrived_at < horizon]
        if aged and not self._discard(aged, RECORD_TOO_OLD, f"older than {self.config.maximum_record_age_s} s"):
            return False
        batch.items = [item for item in batch.items if item.record.arrived_at >= horizon]
        return True

    def _discard(self, items: list[Item], condition: str, reason: str) -> bool:
        """Discard the items; return False, for a retry, if the dead-letter queue does not accept the message."""
        records = [item.record for item in items]
        if self.dead_letters is not None:
            message = dead_letter(self.config, self.cursor.shard.id, records, condition, self.clock())
            try:
                self.dead_letters.send(message)
            except (BotoCoreError, ClientError) as error:
                log.warning("pipe %s: dead letter not sent: %s", self.config.name, error)
                self._due = self.clock() + _LONGEST_BACKOFF_S
                return False
            self.counters.dead_letters += 1
        self.counters.discarded += len(items)
        log.warning("pipe %s: discarded %d records (%s): %s", self.config.name, len(items), condition, reason)
        return True

    def _back_off(self, batch: Batch) -> None:
        tries = min(batch.attempts + batch.outages, 10)
        ceiling = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2**tries)
        self._due = self.clock() + random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter

    def _complete(self, batch: Batch) -> None:
        self._batches.popleft()
        self._due = 0.0
        self._accept(batch.accepts)

    def _accept(self, sequence: str) -> None:
        self.checkpoint.advance(self.cursor.shard.id, sequence)
        self.checkpoint.save()
