"""The command line's options."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

from loadgen.report.threshold import Threshold, metrics_help
from loadgen.schedule.key_choices import keys, keys_help
from loadgen.schedule.keys import LANES
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import MAX_BATCH
from loadgen.schedule.profiles import profiles_help
from loadgen.values import amount, duration, number, positive, rate, size, whole
from stack import Parser, ShowVersion, add_options, called

_DESCRIPTION = """\
Write sales orders to a DynamoDB table, and read them, at a rate that does not depend on its response times.

The load is open loop: a plan fixes the time of every write in advance. When the table is slow, the plan continues:
latency is measured from the planned time, without coordinated omission, and writes beyond --max-in-flight are
dropped and counted.
"""
_EPILOG = """\
other commands:
  python -m loadgen capacity --objective 'freshness_p99<10s'    the rate that the pipeline sustains, and its bottleneck
  python -m loadgen compare A.json B.json                       two reports side by side
  python -m loadgen html REPORT.json PAGE.html                  a report as a page with plots
  python -m loadgen export REPORT.json FILE                     as HdrHistogram's .hgrm, JUnit's .xml, or .csv

examples:
  python -m loadgen --rps 500                                   a minute against the running sandbox
  python -m loadgen --rps 2000 --duration 10m --stack dev       ten minutes against a deployed stack
  python -m loadgen --rps 50 --table orders --region eu-west-1  a table by name
  python -m loadgen --rps 5000 --profile ramp:from=100          find out where it begins to throttle
  python -m loadgen --rps 20000 --batch 25 --processes 2        as much as two cores can write
  python -m loadgen --scenarios day.toml                        several kinds of load, each from its own time
  python -m loadgen --trace run.ledger --speed 2                an earlier run's writes again, twice as fast
  python -m loadgen --users 50 --think 10ms                     50 users, each waiting for its replies
  python -m loadgen --rps 500 --mix insert=10,update=10,get=70,transact=10 --threshold 'get:intended_p99<20ms'
  python -m loadgen --rps 500 --mix insert=20,update=75,delete=5 --seed 7 --report run.json

profiles:
{profiles}

keys:
{keys}

metrics of --threshold:
{metrics}

exit codes:
  0 done    1 a threshold does not hold, writes failed, or none was acknowledged
  2 the run could not start or continue: one sentence gives the reason
  3 a worker was lost: its segment is missing from the report
  130 stopped by Ctrl-C or SIGTERM: the run waits for the calls in flight and writes the report
"""


def parser() -> ArgumentParser:
    """Return the parser of `python -m loadgen`."""
    from stack.help import HelpFormatter

    made = Parser(
        prog=called("loadgen"),
        description=_DESCRIPTION,
        epilog=_EPILOG.format(profiles=profiles_help(), keys=keys_help(), metrics=metrics_help()),
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--version", action=ShowVersion)
    _add_load(made)
    _add_workload(made)
    _add_output(made)
    add_options(made, "table_name")
    _add_sending(made)
    return made


def _add_load(made: ArgumentParser) -> None:
    load = made.add_argument_group("load")
    load.add_argument(
        "--rps",
        type=positive(rate),
        metavar="N",
        help="operations per second: 500, 5k; 300/m is per minute (a batch counts its items, a transaction is one)",
    )
    load.add_argument(
        "--users",
        type=whole(1),
        metavar="N",
        help="instead of --rps, a closed loop for comparison: N users, who each wait for a reply before the next "
        "operation; coordinated omission applies",
    )
    load.add_argument(
        "--scenarios",
        type=Path,
        metavar="FILE.toml",
        help="several runs at a time: tables [[scenario]] with name, start and options of a run, each with a report",
    )
    load.add_argument(
        "--trace",
        type=Path,
        metavar="FILE",
        help="instead of --rps, replay recorded operations at their times: JSON lines or .csv with at, op and key; "
        "a ledger of --ledger is one",
    )
    load.add_argument("--speed", type=positive(number), metavar="N", help="replay a trace N times as fast (default: 1)")
    load.add_argument(
        "--think",
        type=duration,
        default=0.0,
        metavar="TIME",
        help="how long a user waits between a reply and the next operation (default: 0s)",
    )
    load.add_argument(
        "--profile", default="constant", metavar="PROFILE", help="how the rate changes; see below (default: constant)"
    )
    load.add_argument(
        "--duration", type=positive(duration), metavar="TIME", help="how long: 30s, 5m, 1h (default: 60s)"
    )
    load.add_argument("--count", type=whole(1), metavar="N", help="stop after N writes")
    load.add_argument(
        "--preload",
        type=_preload,
        default=(0, None),
        metavar="N",
        help="insert N orders first, at --rps or (10k@2k) at another rate; they are left out of the counters",
    )
    load.add_argument(
        "--continue-from",
        type=Path,
        metavar="LEDGER",
        help="go on with the orders that an earlier run left in the table, by its --ledger: updates, deletes and reads "
        "are of them too",
    )
    load.add_argument(
        "--warm-up",
        type=duration,
        default=0.0,
        metavar="TIME",
        help="write at the first rate for this long before, and leave it out of the report's counters (default: none)",
    )
    load.add_argument(
        "--max-write-units", type=whole(1), metavar="N", help="write-unit limit: stop before the run uses more"
    )
    load.add_argument(
        "--max-in-flight",
        type=whole(1),
        metavar="N",
        help="unanswered requests at a time; writes beyond are dropped "
        "(default: as many as are planned in a second, between 256 and 4096)",
    )


def _add_workload(made: ArgumentParser) -> None:
    workload = made.add_argument_group("workload")
    workload.add_argument(
        "--mix",
        type=_mix,
        default=Mix(),
        metavar="MIX",
        help="shares of new, changed and deleted orders (default: insert=60,update=30,delete=10); get=N and query=N "
        "read an order, transact=N moves one on and inserts another in a transaction",
    )
    workload.add_argument(
        "--keys",
        type=keys,
        default=keys("uniform"),
        metavar="KEYS",
        help="which orders are changed; see below (default: uniform)",
    )
    workload.add_argument(
        "--item-size", type=size, default=0, metavar="SIZE", help="pad items to this size: 4KB (default: about 1KB)"
    )
    workload.add_argument(
        "--seed", type=whole(0), metavar="N", help="the same seed writes the same orders (default: a new seed each run)"
    )
    workload.add_argument(
        "--workload",
        metavar="MODULE:CLASS",
        help="your own class instead of orders; loadgen/workloads/custom.py shows how to write it",
    )


def _add_output(made: ArgumentParser) -> None:
    output = made.add_argument_group("output")
    output.add_argument(
        "--report", type=Path, default=Path("report.json"), metavar="PATH", help="the report (default: report.json)"
    )
    output.add_argument(
        "--ledger", type=Path, metavar="PATH", help="append each acknowledged write to this file, for `lake verify`"
    )
    output.add_argument("--html", type=Path, metavar="PATH", help="the report as one self-contained page with plots")
    output.add_argument(
        "--threshold",
        type=Threshold.parse,
        action="append",
        default=[],
        metavar="'X<N'",
        help="exit with 1 unless this holds: 'intended_p99<50ms', 'dropped==0', 'acked_share>=99.9%%' (repeatable); "
        "failed==0 must hold unless a threshold is about failed or acked_share",
    )
    output.add_argument("--abort", action="store_true", help="stop as soon as one of the thresholds can no longer hold")
    output.add_argument(
        "--price",
        type=positive(number),
        metavar="N",
        help="price of a million write units: shows the cost before the run and after it",
    )
    output.add_argument(
        "--prometheus",
        type=Path,
        metavar="PATH",
        help="write the run's metrics to this file each second, as Prometheus' text format",
    )
    output.add_argument(
        "--otlp",
        metavar="URL",
        help="send the run's metrics to this OpenTelemetry collector each second: http://127.0.0.1:4318",
    )
    output.add_argument("--quiet", action="store_true", help="no progress, only the summary")


def _add_sending(made: ArgumentParser) -> None:
    sending = made.add_argument_group("sending")
    sending.add_argument(
        "--batch",
        type=whole(1, MAX_BATCH),
        default=1,
        metavar="N",
        help="put up to N items in a BatchWriteItem; updates become puts of the whole item (default: 1, no batches)",
    )
    sending.add_argument(
        "--batch-wait",
        type=positive(duration),
        metavar="TIME",
        help="send a batch that is not full when its first item has waited this long (default: 10ms)",
    )
    where = sending.add_mutually_exclusive_group()
    where.add_argument(
        "--processes",
        type=whole(1, LANES),
        default=1,
        metavar="N",
        help="worker processes that share the load (default: 1)",
    )
    where.add_argument(
        "--cluster", metavar="ADDRESS", help="send from all workers of this Dask cluster, as in tcp://10.0.0.5:8786"
    )
    sending.add_argument(
        "--writer",
        choices=("fast", "aioboto3"),
        default="fast",
        help="the client of DynamoDB: the fast writer, or aioboto3 as the reference (default: fast)",
    )


def _preload(text: str) -> tuple[int, float | None]:
    """Parse a number of orders and an optional rate, as in "5000" or "10k@2k"."""
    orders, at, per_s = text.partition("@")
    return amount(orders), positive(rate)(per_s) if at else None


def _mix(text: str) -> Mix:
    try:
        return Mix.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
