"""`python -m lake replay`: put failed changes on the stream again."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager

import msgspec
from rich.console import Console

from lake.dead_letters import Recovery, recover
from lake.replay import Replay, replay
from stack import StackOutputs, add_options, resolve_options

NAME = "replay"
HELP = "put changes that the transform or a Pipe failed to process on the stream again"
DESCRIPTION = """\
Firehose stores each record that its Lambda did not transform under the error
prefix. Put them on the change stream again: replay is idempotent for the view.
An object is deleted when all of its records are on the stream; the bucket
keeps it as an older version.

With --dead-letters, replay the batches that the Pipes failed to deliver: each
message of the dead-letter queue names a range of the table's stream, which
keeps changes for 24 hours. Changes that are too large for Firehose are
shortened. A message is deleted when its changes are on the stream."""
EPILOG = """\
examples:
  python -m lake replay --dry-run
  python -m lake replay --stack prod
  python -m lake replay --dead-letters

A record without a readable change fails again and returns to the error prefix.
Exit code 1: the changes of a dead letter have expired in the table's stream.
Write those items again, then delete the message."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--dead-letters", action="store_true", help="replay the messages of the dead-letter queue")
    parser.add_argument("--dry-run", action="store_true", help="only count; change nothing")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_options(parser, "delivery_stream_name", "stream_name", "dead_letter_queue_url")


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code."""
    outputs = resolve_options(arguments)
    run = _recover if arguments.dead_letters else _replay
    done = run(outputs, dry_run=arguments.dry_run)
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
    elif isinstance(done, Recovery):
        _show_recovery(done, Console())
    else:
        _show(done, Console())
    return int(isinstance(done, Recovery) and done.gone > 0)


def _replay(outputs: StackOutputs, *, dry_run: bool) -> Replay | Recovery:
    with _display("listing failed records") as say:
        return replay(outputs, dry_run=dry_run, watch=lambda done: say(_counted(done.records, done.objects, "objects")))


def _recover(outputs: StackOutputs, *, dry_run: bool) -> Replay | Recovery:
    with _display("reading the dead-letter queue") as say:
        return recover(
            outputs, dry_run=dry_run, watch=lambda done: say(_counted(done.records, done.messages, "messages"))
        )


@contextmanager
def _display(first: str) -> Generator[Callable[[str], None]]:
    """A progress callback: a live line on a terminal, nothing elsewhere."""
    with Console(stderr=True).status(first) as status:
        yield status.update


def _counted(records: int, places: int, noun: str) -> str:
    return f"{records:,} records of {places:,} {noun}"


def _show(done: Replay, console: Console) -> None:
    console.print(_put(done, _counted(done.records, done.objects, "objects")), soft_wrap=True)
    for reason, count in done.reasons.most_common():
        console.print(f"  {count:,} {reason}", soft_wrap=True)
    if done.others:
        console.print(
            f"{done.others:,} objects with failures of another kind have rows, not changes, and are unchanged",
            soft_wrap=True,
        )


def _show_recovery(done: Recovery, console: Console) -> None:
    console.print(_put(done, _counted(done.records, done.messages, "messages")), soft_wrap=True)
    for reason, count in done.reasons.most_common():
        console.print(f"  {count:,} messages: {reason}", soft_wrap=True)
    if done.shortened:
        console.print(f"{done.shortened:,} records exceeded the size limit and are shortened", soft_wrap=True)
    if done.gone:
        console.print(
            f"the changes of {done.gone:,} messages have expired in the table's stream (24 hours): write those items "
            "again; the messages stay in the queue",
            soft_wrap=True,
        )
    if done.others:
        console.print(
            f"{done.others:,} messages are not from a Pipe of this table and stay in the queue", soft_wrap=True
        )


def _put(done: Replay | Recovery, counted: str) -> str:
    verb = "would be put" if done.dry_run else "put"
    records, _, places = counted.partition(" of ")
    return f"{records} ({done.bytes:,} bytes) of {places} {verb} on {done.stream_name}"
