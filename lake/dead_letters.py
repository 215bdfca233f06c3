"""Replay of dead letters: changes that the Pipes failed to deliver, read from the table's stream.

A dead letter has the position of changes, not the changes: a shard and a range of sequence numbers of the DynamoDB
stream (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html), which keeps them
for 24 hours. They are read there, shortened as in the Pipe of large changes, and put on the change stream. A change of
the range that was already delivered becomes a duplicate, which does not change the view.

A message is deleted when its changes are on the stream, and not before. A message whose changes have expired stays: it
is the only record of them.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec import Struct, field

from lake.clients import SqsClient, StreamsClient, client, error_code
from lake.failures import Failure
from lake.replay import Sender, excerpt
from stack import StackOutputs, UserError
from transform.shorten import shortened

HIDDEN_S = 600
"""Visibility timeout of a message in progress: longer than its changes take."""

_GONE = {"TrimmedDataAccessException", "ResourceNotFoundException"}
_WAIT_S = 1
_MAX_EMPTY_PAGES = 50


class ShardRange(Struct, frozen=True, rename="camel"):
    """A range of a shard of a DynamoDB stream, both ends included."""

    shard_id: str
    start_sequence_number: str
    end_sequence_number: str
    stream_arn: str


class _Context(Struct, frozen=True):
    condition: str = "unknown"


class _Letter(Struct, frozen=True):
    batch: ShardRange = field(name="DDBStreamBatchInfo")
    context: _Context = _Context()


class Recovery(Struct):
    """The result; with `dry_run`, what the result would be.

    `messages` are those whose `records` are on the stream; `shortened` of these exceeded the size limit. `gone` are
    messages whose changes have expired in the table's stream, `others` messages that no Pipe of the table wrote: both
    stay in the queue. `reasons` counts messages by the Pipe's reason, `examples` has the first change of each, cut if
    it is long.
    """

    stream_name: str
    dry_run: bool
    messages: int = 0
    records: int = 0
    bytes: int = 0
    shortened: int = 0
    gone: int = 0
    others: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, str] = field(default_factory=dict[str, str])


def recover(
    outputs: StackOutputs, *, dry_run: bool = False, watch: Callable[[Recovery], None] = lambda _: None
) -> Recovery:
    """Put the changes of every dead letter on the change stream, message by message; `watch` receives each result.

    Raises: UserError: the pipeline has no dead-letter queue, or the stream keeps throttling.
    """
    queue = _Queue(client("sqs", outputs), outputs.require("dead_letter_queue_url"))
    streams: StreamsClient = client("dynamodbstreams", outputs)
    done = Recovery(outputs.require("stream_name"), dry_run)
    sender = Sender(client("kinesis", outputs), done.stream_name)
    for message in queue.messages():
        found = _changes(message, streams, done)
        if found is not None and not dry_run:
            sender.send(found)
            queue.delete(message)
        else:
            queue.keep(message)
        if found is not None:
            done.messages += 1
            done.records += len(found)
            done.bytes += sum(len(failure.raw_data) for failure in found)
        watch(done)
    queue.show_kept()
    return done


def _changes(message: dict[str, Any], streams: StreamsClient, done: Recovery) -> list[Failure] | None:
    """Return a message's changes in the stream's form; None, with a count, when they cannot be read."""
    try:
        letter = msgspec.json.decode(message["Body"], type=_Letter)
    except msgspec.MsgspecError:
        done.others += 1
        return None
    try:
        events = [pipe_event(record, letter.batch.stream_arn) for record in _records(streams, letter.batch)]
    except Exception as error:
        if error_code(error) not in _GONE:
            raise
        events = []
    if not events:
        done.gone += 1
        return None
    done.reasons[letter.context.condition] += 1
    cut = [shortened(event) for event in events]
    done.shortened += sum(after is not before for after, before in zip(cut, events, strict=True))
    found = [Failure(msgspec.json.encode(event), letter.context.condition) for event in cut]
    done.examples.setdefault(letter.context.condition, excerpt(found[0]))
    return found


def _records(streams: StreamsClient, batch: ShardRange) -> Iterator[dict[str, Any]]:
    first, last = int(batch.start_sequence_number), int(batch.end_sequence_number)
    iterator = streams.get_shard_iterator(
        StreamArn=batch.stream_arn,
        ShardId=batch.shard_id,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch.start_sequence_number,
    ).get("ShardIterator")
    empty = 0
    while iterator is not None and empty < _MAX_EMPTY_PAGES:
        page = streams.get_records(ShardIterator=iterator)
        empty = 0 if page["Records"] else empty + 1
        for record in page["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number > last:
                return
            if number >= first:
                yield record
            if number == last:
                return
        # An empty page is not necessarily the last.
        iterator = page.get("NextShardIterator")


def pipe_event(record: dict[str, Any], stream_arn: str) -> dict[str, Any]:
    """Convert a record of boto3's GetRecords to the form that a Pipe delivers.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html
    """
    return cast("dict[str, Any]", _plain(record)) | {"eventSourceARN": stream_arn}


def _plain(value: object) -> object:
    match value:
        case dict():
            return {name: _plain(member) for name, member in cast("dict[str, object]", value).items()}
        case list():
            return [_plain(element) for element in cast("list[object]", value)]
        case bytes():
            return b64encode(value).decode()
        case datetime():
            return int(value.timestamp())
        case _:
            return value


class _Queue:
    """The messages of a queue, each once; kept messages become visible again at the end."""

    def __init__(self, client: SqsClient, url: str) -> None:
        if not url:
            raise UserError(
                "This pipeline has no dead-letter queue: with captureMode native there is no Pipe. Run without "
                "--dead-letters to replay what the transform failed to process."
            )
        self._client = client
        self._url = url
        self._kept: list[dict[str, Any]] = []

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield every visible message. Raises: UserError: the queue does not exist."""
        while True:
            try:
                answer = self._client.receive_message(
                    QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_S, WaitTimeSeconds=_WAIT_S
                )
            except Exception as error:
                if error_code(error).endswith(("NonExistentQueue", "QueueDoesNotExist")):
                    raise UserError(
                        f"There is no queue {self._url}: check --dead-letter-queue-url, or that the stack is deployed."
                    ) from error
                raise
            found = answer.get("Messages", [])
            if not found:
                return
            yield from found

    def delete(self, message: dict[str, Any]) -> None:
        """Delete a message."""
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def keep(self, message: dict[str, Any]) -> None:
        """Keep a message in the queue."""
        self._kept.append(message)

    def show_kept(self) -> None:
        """Make kept messages visible again, after the last read."""
        for message in self._kept:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
