"""Segments of a run, from which reports are built."""

from typing import Any

from loadgen.job import SegmentResult, SegmentTotals
from loadgen.metrics.counters import Counts, Latencies, MetricsRow

EPOCH_NS = 1_767_225_600 * 10**9


def latencies(*service_us: int) -> Latencies:
    buckets = Latencies()
    for value in service_us:
        buckets.service[value] += 1
        buckets.intended[value * 2] += 1
        buckets.lag[100] += 1
    return buckets


def row(second: int, in_flight: int, latencies: Latencies, **counts: Any) -> MetricsRow:
    return MetricsRow(second=second, counts=Counts(**counts), in_flight=in_flight, latencies=latencies)


def part(segment: int, *, cpu_s: float = 0.2, native: bool = True) -> SegmentResult:
    """A segment that has planned 100 writes in 2 seconds, dropped 2 and failed 1."""
    rows = [
        row(-1, 0, latencies(9_000_000), planned=10, sent=10, acked=10),
        row(0, 2, latencies(*range(1000, 1048)), planned=50, sent=50, acked=48),
        row(1, 0, latencies(*range(2000, 2049)), planned=50, sent=48, acked=49, dropped=2, failed={"timeout": 1}),
    ]
    counts = Counts(
        due=100,
        sent=98,
        acked=97,
        dropped=2,
        requests=99,
        retried=1,
        write_units=97,
        acked_by_op={"insert": 60, "update": 30, "delete": 7},
        throttled={"ThrottlingException": 1},
        failed={"timeout": 1},
        errors={"throttled": 1, "timeout": 1},
    )
    return SegmentResult(
        segment,
        rows,
        SegmentTotals(
            segment=segment, counts=counts, warm_up=Counts(due=10), elapsed_s=3.0, cpu_s=cpu_s, native=native
        ),
    )
