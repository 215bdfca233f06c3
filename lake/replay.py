"""Puts the records that the transform or the conversion failed to process on the change stream again.

A row that exceeded Lambda's response limit, and a batch whose invocation failed three times, are unchanged under the
error prefix; of a row that does not match the catalogue's columns, `lake.changes_again` rebuilds the change. From the
stream they pass the pipeline again. `sequence` orders a key's changes, so the time of arrival does not matter, and a
duplicate has the same `event_id`.

An object is deleted only when all of its records are on the stream: an interrupted replay can duplicate records but
loses none.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct, field

from lake.clients import client
from lake.failures import Failure, Failures, place
from lake.retention import check_kept
from stack import StackOutputs, UserError
from transform.schema import TABLE, LakeTable

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
_MAX_RECORDS = 500
_MAX_BYTES = 5 * 1024 * 1024
_EXCERPT_BYTES = 2000
_ATTEMPTS = 12
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0


class KinesisClient(Protocol):
    """The methods of boto3's Kinesis client that a replay uses."""

    def put_records(self, **request: object) -> dict[str, Any]:
        """Put records on a stream; each can fail separately."""
        ...


class Replay(Struct):
    """The result; with `dry_run`, what it would be.

    `reasons` counts records by Firehose's error code, `samples` has the first message of each and `examples` its
    record, cut if it is long. `kept` are the records that were not selected. `others` are objects with failures of
    another kind, which are unchanged.
    """

    stream_name: str
    dry_run: bool
    objects: int = 0
    records: int = 0
    bytes: int = 0
    kept: int = 0
    others: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    samples: dict[str, str] = field(default_factory=dict[str, str])
    examples: dict[str, str] = field(default_factory=dict[str, str])


class Selection(Struct, frozen=True):
    """Selects the failures to replay by error code and by arrival since a time; None selects any."""

    cause: str | None = None
    since: datetime | None = None

    def selects(self, failure: Failure) -> bool:
        """Return whether a failure is selected."""
        since_ms = 0.0 if self.since is None else self.since.timestamp() * 1000
        return self.cause in (None, failure.cause) and failure.arrival_timestamp >= since_ms


def replay(
    outputs: StackOutputs,
    *,
    dry_run: bool = False,
    selection: Selection | None = None,
    watch: Callable[[Replay], None] = lambda _: None,
    table: LakeTable = TABLE,
) -> Replay:
    """Put failed records on the change stream, object by object; `watch` is called for each.

    Raises: UserError: the delivery stream does not exist, the time is beyond the error prefix's retention, Firehose did
    not write an object, or the stream keeps throttling.
    """
    where = place(client("firehose", outputs), outputs.require("delivery_stream_name"))
    s3 = client("s3", outputs)
    if selection is not None and selection.since is not None:
        check_kept(s3, where.bucket, where.prefix, selection.since, of="error prefix")
    failures = Failures(s3, where, table)
    sender = Sender(client("kinesis", outputs), where.stream_name)
    done = Replay(where.stream_name, dry_run, others=failures.others())
    selects = (selection or Selection()).selects
    # All are listed first, so records that fail again wait for the next replay.
    for key in [*failures.objects()]:
        lines = failures.read(key)
        chosen = [failure for _, failure in lines if selects(failure)]
        if chosen and not dry_run:
            sender.send(chosen)
            failures.keep(key, [line for line, failure in lines if not selects(failure)])
        _count(done, chosen, len(lines) - len(chosen))
        watch(done)
    return done


def _count(done: Replay, chosen: list[Failure], kept: int) -> None:
    done.objects += bool(chosen)
    done.records += len(chosen)
    done.kept += kept
    done.bytes += sum(len(failure.raw_data) for failure in chosen)
    done.reasons.update(failure.cause for failure in chosen)
    for failure in chosen:
        done.samples.setdefault(failure.cause, failure.message)
        if failure.cause not in done.examples:
            done.examples[failure.cause] = excerpt(failure)


def excerpt(failure: Failure) -> str:
    """Return the beginning of a failed record, as text."""
    return failure.raw_data[:_EXCERPT_BYTES].decode(errors="replace")


class Sender:
    """Puts records on one stream."""

    def __init__(self, client: KinesisClient, stream_name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._stream_name = stream_name
        self._sleep = sleep

    def send(self, failures: list[Failure]) -> None:
        """Put all records. Raises: UserError: the stream still throttles after many attempts."""
        for batch in _batches(failures):
            waiting = [{"Data": data, "PartitionKey": hashlib.sha256(data).hexdigest()} for data in batch]
            for attempt in range(_ATTEMPTS):
                if attempt:
                    longest_s = min(_FIRST_WAIT_S * 2**attempt, _LONGEST_WAIT_S)
                    self._sleep(random.uniform(0, longest_s))  # noqa: S311 - jitter, no secret
                answer = self._client.put_records(StreamName=self._stream_name, Records=waiting)
                results = answer["Records"]
                waiting = [record for record, result in zip(waiting, results, strict=True) if "ErrorCode" in result]
                if not waiting:
                    break
            else:
                raise UserError(
                    f"{self._stream_name} still throttles {len(waiting)} records after {_ATTEMPTS} attempts: add "
                    "shards or wait for less load, then run again."
                )


def _batches(failures: list[Failure]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for failure in failures:
        more = len(failure.raw_data) + hashlib.sha256().digest_size * 2
        if batch and (len(batch) == _MAX_RECORDS or size + more > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(failure.raw_data)
        size += more
    if batch:
        yield batch
