"""What the Pipes gave up, fetched from the table's stream and put on the change stream.

A dead letter says where changes are, not what they are: a shard and a range of
sequence numbers of the DynamoDB stream
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html),
which keeps them for 24 hours. They are read there, shortened as the Pipe of large
changes would have them, and put on the change stream. A change of the range that
was not given up comes twice then, which makes no difference to the view.

A message is deleted when its changes are on the stream, and not before. One whose
changes are gone stays: it is all that tells which they were.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol, cast

import msgspec
from msgspec import Struct, field

from lake.clients import client, error_code
from lake.failures import Failure
from lake.replay import Sender
from stack import StackOutputs, UserError
from transform.shorten import shortened

HIDDEN_S = 600
"""For which a message that is worked on is hidden from others: longer than its changes take."""

_GONE = {"TrimmedDataAccessException", "ResourceNotFoundException"}
_WAIT_S = 1
_MOST_EMPTY_PAGES = 50


class SqsClient(Protocol):
    """The part of boto3's SQS client that is used here."""

    def receive_message(self, **request: object) -> dict[str, Any]:
        """Take some messages."""
        ...

    def delete_message(self, **request: object) -> dict[str, Any]:
        """Delete one message."""
        ...

    def change_message_visibility(self, **request: object) -> dict[str, Any]:
        """Let others see a message again."""
        ...


class StreamsClient(Protocol):
    """The part of boto3's DynamoDB Streams client that is used here."""

    def get_shard_iterator(self, **request: object) -> dict[str, Any]:
        """A place in a shard."""
        ...

    def get_records(self, **request: object) -> dict[str, Any]:
        """Read from there on."""
        ...


class Batch(Struct, frozen=True, rename="camel"):
    """A range of a shard of a DynamoDB stream; both ends are in it."""

    shard_id: str
    start_sequence_number: str
    end_sequence_number: str
    stream_arn: str


class _Context(Struct, frozen=True):
    condition: str = "unknown"


class _Letter(Struct, frozen=True):
    batch: Batch = field(name="DDBStreamBatchInfo")
    context: _Context = _Context()


class Recovery(Struct):
    """What was done, or with `dry_run` would have been.

    `messages` are those whose `records` are on the stream; `shortened` of these were too large as they were.
    `gone` are messages whose changes the table's stream has no more, `others` those that no Pipe of the table wrote:
    both stay in the queue. `reasons` counts messages by why the Pipe gave up.
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


def recover(
    outputs: StackOutputs, *, dry_run: bool = False, watch: Callable[[Recovery], None] = lambda _: None
) -> Recovery:
    """Put the changes of every dead letter on the change stream, message by message; `watch` hears of each.

    UserError when the pipeline has no queue for them, or the stream takes no more.
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
    """A message's changes as they are put on the stream; None, and a count, where there are none to be had."""
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
    return [Failure(msgspec.json.encode(event), letter.context.condition) for event in cut]


def _records(streams: StreamsClient, batch: Batch) -> Iterator[dict[str, Any]]:
    first, last = int(batch.start_sequence_number), int(batch.end_sequence_number)
    iterator = streams.get_shard_iterator(
        StreamArn=batch.stream_arn,
        ShardId=batch.shard_id,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch.start_sequence_number,
    ).get("ShardIterator")
    empty = 0
    while iterator is not None and empty < _MOST_EMPTY_PAGES:
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
        # A page without records need not be the last.
        iterator = page.get("NextShardIterator")


def pipe_event(record: dict[str, Any], stream_arn: str) -> dict[str, Any]:
    """A record of boto3's GetRecords in the form in which a Pipe hands it on.

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
    """The messages of a queue, each once; those that are kept are shown again at the end."""

    def __init__(self, client: SqsClient, url: str) -> None:
        if not url:
            raise UserError(
                "This pipeline has no queue for dead letters: with captureMode native there is no Pipe that gives "
                "changes up. Run without --dead-letters for what the transform could not answer."
            )
        self._client = client
        self._url = url
        self._kept: list[dict[str, Any]] = []

    def messages(self) -> Iterator[dict[str, Any]]:
        """Every message that is to be seen; UserError when there is no such queue."""
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
        """Leave a message in the queue."""
        self._kept.append(message)

    def show_kept(self) -> None:
        """Let others see what was kept, now that no more is read."""
        for message in self._kept:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
