"""`python -m lake replay`: put failed changes on the stream again."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

import msgspec

from lake.counts import counted
from lake.dead_letters import Recovery, recover
from lake.moments import moment
from lake.replay import Replay, Selection, replay
from lake.status_line import StatusLine
from stack import StackOutputs, UserError, add_options, resolve_options, write_lines

NAME = "replay"
HELP = "put changes that the transform, the conversion or a Pipe failed to process on the stream again"
DESCRIPTION = """\
Firehose stores each record that its Lambda did not transform under the error
prefix, and each row that does not match the catalogue's columns. Put them on
the change stream again: replay is idempotent for the view. An object is deleted
when its records are on the stream, or keeps those that were not selected; its
older version stays in the bucket.

With --dead-letters, replay the batches that the Pipes failed to deliver: each
message of the dead-letter queue names a range of the table's stream, which
keeps changes for 24 hours. Changes that are too large for Firehose are
shortened. A message is deleted when its changes are on the stream."""
EPILOG = """\
examples:
  python -m lake replay --dry-run
  python -m lake replay --stack prod
  python -m lake replay --cause Lambda.ProcessingFailedStatus --since 2h
  python -m lake replay --dead-letters

A record without a readable change fails again and returns to the error prefix.
Exit code 1: the changes of a dead letter have expired in the table's stream.
Write those items again, then delete the message."""

_SAMPLE = 200


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--dead-letters", action="store_true", help="replay the messages of the dead-letter queue")
    parser.add_argument("--cause", metavar="CODE", help="only records with this error code, as --dry-run lists them")
    parser.add_argument(
        "--since", type=moment, metavar="TIME", help="only records that arrived since 2h, 1d or 2026-01-31T12:00:00Z"
    )
    parser.add_argument("--dry-run", action="store_true", help="only count; change nothing")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_options(parser, "delivery_stream_name", "stream_name", "dead_letter_queue_url")


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code."""
    outputs = resolve_options(arguments)
    selection = Selection(arguments.cause, arguments.since)
    if arguments.dead_letters and selection != Selection():
        raise UserError("--cause and --since select records of the error prefix: leave them out with --dead-letters.")
    if arguments.dead_letters:
        done = _recover(outputs, dry_run=arguments.dry_run)
    else:
        done = _replay(outputs, selection, dry_run=arguments.dry_run)
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
    elif isinstance(done, Recovery):
        _show_recovery(done)
    else:
        _show(done)
    return int(isinstance(done, Recovery) and done.gone > 0)


def _replay(outputs: StackOutputs, selection: Selection, *, dry_run: bool) -> Replay | Recovery:
    with StatusLine("listing failed records") as say:
        return replay(
            outputs,
            dry_run=dry_run,
            selection=selection,
            watch=lambda done: say(_places(done.records, done.objects, "object")),
        )


def _recover(outputs: StackOutputs, *, dry_run: bool) -> Replay | Recovery:
    with StatusLine("reading the dead-letter queue") as say:
        return recover(
            outputs, dry_run=dry_run, watch=lambda done: say(_places(done.records, done.messages, "message"))
        )


def _places(records: int, places: int, noun: str) -> str:
    return f"{counted(records, 'record')} of {counted(places, noun)}"


def _show(done: Replay) -> None:
    write_lines(_put(done, _places(done.records, done.objects, "object")))
    for reason, count in done.reasons.most_common():
        sample = done.samples.get(reason, "")
        write_lines(f"  {count:,} {reason}{sample and f': {sample[:_SAMPLE]}'}")
    if done.kept:
        write_lines(f"not selected and unchanged: {counted(done.kept, 'record')}")
    if done.others:
        write_lines(f"unchanged: {counted(done.others, 'object')} with failures of another kind")


def _show_recovery(done: Recovery) -> None:
    write_lines(_put(done, _places(done.records, done.messages, "message")))
    for reason, count in done.reasons.most_common():
        write_lines(f"  {counted(count, 'message')}: {reason}")
    if done.shortened:
        write_lines(f"shortened to the size limit: {counted(done.shortened, 'record')}")
    if done.gone:
        write_lines(
            f"the changes of {counted(done.gone, 'message')} have expired in the table's stream (24 hours): write "
            "those items again; what names them stays in the queue",
        )
    if done.others:
        write_lines(
            f"left in the queue, because no Pipe of this table wrote them: {counted(done.others, 'message')}",
        )


def _put(done: Replay | Recovery, counted: str) -> str:
    verb = "would be put" if done.dry_run else "put"
    records, _, places = counted.partition(" of ")
    return f"{records} ({done.bytes:,} bytes) of {places} {verb} on {done.stream_name}"
