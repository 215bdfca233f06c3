"""Write sensor readings to a table at a steady rate, and fail when they are late.

    python examples/readings.py --table readings --region eu-west-1 [--endpoint-url URL] [--rps 100] [--seconds 10]

The table has the partition key `id`, a string. Credentials come from the AWS
configuration. Exit code 1 when one write in a hundred took longer than half a
second from its planned time, or one was not acknowledged.
"""

from __future__ import annotations

import argparse
from decimal import Decimal
from random import Random

from loadgen import Endpoint, ItemWrite, MetricsRow, Plan, Put, RunReport, Threshold, Update, WorkloadBase, profile, run

HOLDS = ("intended_p99<500ms", "failed==0", "dropped==0")


class Readings(WorkloadBase):
    """A reading of one of a hundred devices; every tenth write records when a device last reported."""

    def __init__(self, table: str) -> None:
        self.tables = (table,)

    def change(self, n: int, rng: Random, /) -> ItemWrite:
        """Write n: it depends on n and on `rng` alone, so a run can be repeated."""
        device = f"device-{rng.randrange(100)}"
        if n % 10 == 9:
            return Update(self.tables[0], {"id": device}, {"last_reading": n})
        return Put(self.tables[0], {"id": f"{device}/{n}", "celsius": Decimal(rng.randrange(400)) / 10})


def show(row: MetricsRow) -> None:
    """One line a second."""
    print(f"second {row.second}: {row.counts.acked} acknowledged, {row.in_flight} in flight")


def main() -> int:
    """Run, print the results, and save the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--endpoint-url")
    parser.add_argument("--rps", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    plan = Plan(profile=profile("constant", options.rps, options.seconds), seed=7)
    endpoint = Endpoint(region=options.region, url=options.endpoint_url)
    report: RunReport = run(plan, endpoint, table=options.table, workload=Readings(options.table), on_row=show)
    report.thresholds = [Threshold.parse(text).check(report) for text in HOLDS]
    print(f"{report.rate:.0f} writes/s, intended p99 {report.latency['intended'].percentiles_ms['p99']:.1f} ms")
    for threshold in report.thresholds:
        print(f"{'holds' if threshold.met else 'FAILS'}  {threshold.expression}")
    return 0 if all(threshold.met for threshold in report.thresholds) else 1


if __name__ == "__main__":
    raise SystemExit(main())
