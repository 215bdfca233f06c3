"""What the transform could not answer, put on the change stream once more.

A row that gave way to Lambda's limit, or a batch whose function failed three times,
stands under the error prefix as it came. Put on the stream again it takes the same
way; its place among the changes to its key is that of its `sequence`, so when it
comes makes no difference, and a change that comes twice has the same `event_id`.

An object is removed when all of its records are on the stream, and not before:
what is broken off is replayed twice in part, and lost in none.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from msgspec import Struct, field

from lake.clients import client
from lake.failures import Failure, Failures, place
from stack import StackOutputs, UserError

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
_MOST_RECORDS = 500
_MOST_BYTES = 5 * 1024 * 1024
_ATTEMPTS = 12
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0


class KinesisClient(Protocol):
    """The part of boto3's Kinesis client that a replay uses."""

    def put_records(self, **request: object) -> dict[str, Any]:
        """Put records on a stream; each may fail by itself."""
        ...


class Replay(Struct):
    """What was done, or with `dry_run` would have been: `reasons` counts records by Firehose's error code.

    `others` are objects with failures of another kind, which hold rows and are left.
    """

    stream_name: str
    dry_run: bool
    objects: int = 0
    records: int = 0
    bytes: int = 0
    others: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])


def replay(outputs: StackOutputs, *, dry_run: bool = False, watch: Callable[[Replay], None] = lambda _: None) -> Replay:
    """Put every failed record on the change stream, object by object; `watch` hears of each.

    UserError when the delivery stream is not there, an object is none of
    Firehose's, or the stream takes no more.
    """
    where = place(client("firehose", outputs), outputs.require("delivery_stream_name"))
    failures = Failures(client("s3", outputs), where)
    sender = Sender(client("kinesis", outputs), where.stream_name)
    done = Replay(where.stream_name, dry_run, others=failures.others())
    # All are listed first: what fails again on the way is for the next time.
    for key in [*failures.objects()]:
        found = failures.read(key)
        if not dry_run:
            sender.send(found)
            failures.remove(key)
        done.objects += 1
        done.records += len(found)
        done.bytes += sum(len(failure.raw_data) for failure in found)
        done.reasons.update(failure.error_code for failure in found)
        watch(done)
    return done


class Sender:
    """Puts records on one stream."""

    def __init__(self, client: KinesisClient, stream_name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._stream_name = stream_name
        self._sleep = sleep

    def send(self, failures: list[Failure]) -> None:
        """Put all of them; UserError when the stream still refuses some after many attempts."""
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
                    f"{self._stream_name} still refuses {len(waiting)} records after {_ATTEMPTS} attempts: "
                    "give it more shards or wait until there is less to do, then run again."
                )


def _batches(failures: list[Failure]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for failure in failures:
        more = len(failure.raw_data) + hashlib.sha256().digest_size * 2
        if batch and (len(batch) == _MOST_RECORDS or size + more > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(failure.raw_data)
        size += more
    if batch:
        yield batch
