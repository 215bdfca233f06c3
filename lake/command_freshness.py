"""`python -m lake freshness`: how long changes take to reach the lake."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import msgspec
from rich.console import Console
from rich.live import Live

from lake.counts import counted, whole
from lake.freshness import Freshness, freshness
from lake.moments import duration
from lake.stages import lake_line, line, stage_watch
from stack import StackOutputs, add_options, resolve_options, write_lines

NAME = "freshness"
_EVERY_S = 3.0
_WATCHED = timedelta(minutes=5)
HELP = "measure how long changes took until Athena could read them"
DESCRIPTION = """\
Measure how old the changes in the change log were when Athena could first read
them: the time from the change in DynamoDB to the object in S3. Both times have
a resolution of one second; an age is never too low and at most two seconds too
high. A change that was replayed or delivered again counts with its age at that
time, and so does one in an object that `lake erase` has rewritten. Not counted,
but shown, are changes in objects of `lake compact` and `lake backfill`, whose
time is not that of an arrival."""
EPILOG = """\
examples:
  python -m lake freshness
  python -m lake freshness --stack dev --since 15m
  python -m lake freshness --since 1h --max-p99 120
  python -m lake freshness --watch             what waits at each stage, until Ctrl-C

The exit code is 1 when there are no such changes, or more than one in a hundred is
older than --max-p99."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--since",
        type=duration,
        metavar="DURATION",
        help="only changes made in the last 30s, 15m, 2h or 1d (default: all in the change log)",
    )
    parser.add_argument("--max-p99", type=whole, metavar="SECONDS", help="maximum 99th percentile of the age")
    parser.add_argument(
        "--watch",
        action="store_true",
        help="show every few seconds until Ctrl-C what waits at each stage; changes of the last 5m unless --since",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_options(parser, "workgroup_name", "database_name", "change_log_name")


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code: 0 when the changes are fresh enough, 1 when not."""
    outputs = resolve_options(arguments)
    if arguments.watch:
        _watch(outputs, arguments.since or _WATCHED, as_json=arguments.json)
    since = None if arguments.since is None else datetime.now(UTC) - arguments.since
    with Console(stderr=True).status("reading the times of changes and objects"):
        found = freshness(outputs, since=since)
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        _show(found, arguments.max_p99)
    limit_s = arguments.max_p99
    return 0 if found.p99_s is not None and (limit_s is None or found.p99_s <= limit_s) else 1


def _watch(outputs: StackOutputs, since: timedelta, *, as_json: bool) -> NoReturn:
    """Print a line per stage: in place on a terminal, elsewhere new lines (or one of JSON) each time."""
    console, watch = Console(), stage_watch(outputs)
    in_place = console.is_terminal and not as_json
    with Live(console=console, auto_refresh=False) if in_place else nullcontext() as live:
        while True:
            stages = watch.stages()
            found = freshness(outputs, since=datetime.now(UTC) - since)
            lines = "\n".join((*map(line, stages), lake_line(found)))
            if as_json:
                sys.stdout.write(msgspec.json.encode({"stages": stages, "lake": found}).decode() + "\n")
            elif live is None:
                sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} UTC\n{lines}\n")
            else:
                live.update(lines, refresh=True)
            sys.stdout.flush()
            time.sleep(_EVERY_S)


def _show(found: Freshness, max_p99_s: int | None) -> None:
    if found.p99_s is None:
        when = "" if found.since is None else f" since {found.since:%Y-%m-%d %H:%M:%S} UTC"
        known = " whose arrival is known" if found.gone or found.rewritten else ""
        write_lines(f"no changes{known} in the change log{when}")
    else:
        write_lines(
            f"{counted(found.changes, 'change')} in {counted(found.objects, 'object')} became readable after "
            f"{found.p50_s} s (p50), {found.p90_s} s (p90), {found.p99_s} s (p99), at most {found.max_s} s",
            f"the oldest is in {found.slowest}",
        )
        if max_p99_s is not None and found.p99_s > max_p99_s:
            write_lines(f"p99 is above {max_p99_s} s")
    if found.gone:
        write_lines(f"not counted: {counted(found.gone, 'change')} in objects that were deleted meanwhile")
    if found.rewritten:
        write_lines(
            f"not counted: {counted(found.rewritten, 'change')} in objects of `lake compact` and `lake backfill`",
        )
