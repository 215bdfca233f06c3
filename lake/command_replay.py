"""`python -m lake replay`: put what failed on its way to the lake on its way again."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager

import msgspec
from rich.console import Console

from lake.replay import Replay, replay
from stack import add_options, resolve_options

NAME = "replay"
HELP = "put the changes that the transform could not answer on the stream again"
DESCRIPTION = """\
Firehose leaves each record that its Lambda did not transform under the error
prefix. Put them on the change stream once more: a change that comes late or
twice makes no difference to the view. An object is removed when all of its
records are on the stream; the bucket keeps it as an older version."""
EPILOG = """\
examples:
  python -m lake replay --dry-run
  python -m lake replay --stack prod

A record that no change can be read from will fail again, and stand there again."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--dry-run", action="store_true", help="count what there is, and change nothing")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    add_options(parser, "delivery_stream_name")


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code."""
    outputs = resolve_options(arguments)
    with _display(Console(stderr=True)) as watch:
        done = replay(outputs, dry_run=arguments.dry_run, watch=watch)
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
    else:
        _show(done, Console())
    return 0


@contextmanager
def _display(console: Console) -> Generator[Callable[[Replay], None]]:
    """A function to tell progress to: a live line on a terminal, nothing elsewhere."""
    with console.status("looking for what failed") as status:
        yield lambda done: status.update(f"{done.records:,} records of {done.objects:,} objects")


def _show(done: Replay, console: Console) -> None:
    verb = "would be put" if done.dry_run else "put"
    console.print(
        f"{done.records:,} records ({done.bytes:,} bytes) of {done.objects:,} objects {verb} on {done.stream_name}",
        soft_wrap=True,
    )
    for reason, count in done.reasons.most_common():
        console.print(f"  {count:,} {reason}", soft_wrap=True)
    if done.others:
        console.print(
            f"{done.others:,} objects with failures of another kind hold rows, not changes, and were left",
            soft_wrap=True,
        )
