"""Finds the limiting stage of a step and the reason, from the stages' flows and the services' metrics.

The stages are checked in the order in which a change passes them. A limiting stage starves the later ones, so the first
that falls behind is the cause. Sources of the limits:

- a partition of a table takes 1,000 write units per second, a shard of a stream 1,000 records or 1 MiB
  (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html,
  https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html);
- Firehose has at most 5 concurrent invocations per shard (https://docs.aws.amazon.com/firehose/latest/dev/limits.html).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from capacity.flow import StageFlow
from loadgen.dynamodb.contributors import SETTING
from loadgen.report.report import RunReport, ThresholdReport

Stage = Literal["generator", "table", "partition", "pipe", "stream", "transform", "delivery", "buffering", "unknown"]

SHARD_RECORDS_PER_S = 1000.0
SHARD_BYTES_PER_S = float(1 << 20)
INVOCATIONS_PER_SHARD = 5
_AT_LIMIT = 0.9
_BUSY = 0.8
_KEY_RANGE = "KeyRangeThroughputExceeded"
CAPTURE, DELIVERY = "the capture", "the delivery"


class ShardLoad(Struct, frozen=True):
    """The load of one shard in the settled part of a step."""

    shard: str
    records_per_s: float
    bytes_per_s: float

    @property
    def share(self) -> float:
        """The share of the shard limit (records or bytes) that is closer."""
        return max(self.records_per_s / SHARD_RECORDS_PER_S, self.bytes_per_s / SHARD_BYTES_PER_S)


class ServiceSignals(Struct, frozen=True, kw_only=True):
    """A step's values from CloudWatch and the queues; None where unknown.

    Sums cover the step alone. `function_busy_s` is the time of all invocations together.
    """

    stream_refused: float | None = None
    stream_reads_refused: float | None = None
    pipe_failed: float | None = None
    pipe_throttled: float | None = None
    pipe_duration_ms: float | None = None
    function_throttles: float | None = None
    function_errors: float | None = None
    function_invocations: float | None = None
    function_busy_s: float | None = None
    function_concurrency: float | None = None
    delivery_success: float | None = None
    dead_letters: int | None = None
    failed_objects: int | None = None


class Bottleneck(Struct, frozen=True, kw_only=True):
    """The limiting stage, its measured limit in changes per second if known, and the evidence."""

    stage: Stage
    limit_per_s: float | None
    why: str


def find(
    report: RunReport,
    flows: Sequence[StageFlow],
    shards: Sequence[ShardLoad],
    signals: ServiceSignals,
    objectives: Sequence[ThresholdReport],
) -> Bottleneck | None:
    """Return the first limiting stage; None when every stage keeps up and every objective holds.

    `flows` are the known flows of capture and delivery.
    """
    behind = {one.name: one for one in flows if one.verdict == "behind"}
    missed = [one for one in objectives if not one.met]
    throttled = _throttled(report)
    if throttled and (missed or report.counts.acked < report.counts.due):
        return _table(report, throttled)
    if missed and _late_by_itself(report):
        return Bottleneck(stage="generator", limit_per_s=None, why=report.generator.verdict)
    if (flow := behind.get(CAPTURE)) is not None:
        return _capture(flow, shards, signals)
    if (flow := behind.get(DELIVERY)) is not None:
        return _delivery(flow, len(shards), signals, report.elapsed_s + (flow.drained_s or 0.0))
    if missed:
        return _late(missed)
    return None


def _late_by_itself(report: RunReport) -> bool:
    """Return whether the generator delays the writes: most of their latency is lag."""
    lag, intended = (report.latency[name].percentiles_ms["p99"] for name in ("lag", "intended"))
    return report.generator.limited and 2 * lag > intended


def _throttled(report: RunReport) -> Mapping[str, int]:
    # A conflict of two writes of one item is retried like a throttle, but is no sign of a limit.
    return {name: number for name, number in report.counts.throttled.items() if number and "Conflict" not in name}


def _table(report: RunReport, throttled: Mapping[str, int]) -> Bottleneck:
    """Return the table or one of its partitions as the limit, by the reasons in DynamoDB's throttles."""
    acked = report.counts.acked
    names = ", ".join(f"{number:,} {name}" for name, number in sorted(throttled.items()))
    of_keys = sum(number for name, number in throttled.items() if _KEY_RANGE in name)
    stage: Stage = "partition" if 2 * of_keys > sum(throttled.values()) else "table"
    what = "a range of keys, which is one partition" if stage == "partition" else "the table"
    return Bottleneck(
        stage=stage,
        # Until the last reply, because retries continue after the last due time. If all writes succeeded, there is no
        # limit.
        limit_per_s=round(acked / report.elapsed_s, 2) if acked < report.counts.due else None,
        why=f"DynamoDB throttled writes for the limit of {what} ({names}); "
        f"{report.rate:,.0f} of {report.counts.due / report.plan.duration_s:,.0f}/s were acknowledged"
        + (_most_throttled(report) if stage == "partition" else ""),
    )


def _most_throttled(report: RunReport) -> str:
    """Return the key that was throttled most, or what to switch on where that is not counted."""
    for table in report.keys:
        if table.state == "off":
            return f"; with {SETTING} the report names the keys"
        if table.throttled:
            first = table.throttled[0]
            return f"; its most throttled key is {' / '.join(first.key)}, with {first.number:,.0f} throttles"
    return ""


def _capture(flow: StageFlow, shards: Sequence[ShardLoad], signals: ServiceSignals) -> Bottleneck:
    fullest = max(shards, key=lambda shard: shard.share, default=None)
    load = ""
    if fullest is not None:
        load = (
            f"; its fullest shard took {fullest.records_per_s:,.0f} records and {fullest.bytes_per_s / 1024:,.0f} KiB/s"
        )
    refused = signals.stream_refused or 0.0
    if refused > 0:
        why = f"{flow.why}; Kinesis refused {refused:,.0f} records for the limits of a shard{load}"
        return Bottleneck(stage="stream", limit_per_s=flow.busy_per_s, why=why)
    if signals.stream_refused is None and fullest is not None and fullest.share >= _AT_LIMIT:
        why = f"{flow.why}; a shard is at {fullest.share:.0%} of its limit{load}"
        return Bottleneck(stage="stream", limit_per_s=flow.busy_per_s, why=why)
    details = [
        f"{number:,.0f} executions {what}"
        for number, what in ((signals.pipe_throttled, "throttled"), (signals.pipe_failed, "failed"))
        if number
    ]
    if signals.pipe_duration_ms:
        details.append(f"an execution takes {signals.pipe_duration_ms:,.0f} ms")
    refusals = "Kinesis refused nothing" if signals.stream_refused is not None else "no shard is near its limits"
    return Bottleneck(stage="pipe", limit_per_s=flow.busy_per_s, why="; ".join([flow.why, refusals + load, *details]))


def _delivery(flow: StageFlow, shards: int, signals: ServiceSignals, elapsed_s: float) -> Bottleneck:
    if signals.function_throttles:
        why = f"{flow.why}; {signals.function_throttles:,.0f} invocations of the transform were throttled"
        return Bottleneck(stage="transform", limit_per_s=flow.busy_per_s, why=why)
    busy, at_once = signals.function_busy_s, signals.function_concurrency
    if busy is not None and elapsed_s > 0:
        # CloudWatch's maximum is the number of concurrent invocations; the limit is 5 per shard.
        lanes = at_once or max(1, shards) * INVOCATIONS_PER_SHARD
        share = busy / elapsed_s / lanes
        each = f"{busy / signals.function_invocations * 1000:,.0f} ms each" if signals.function_invocations else ""
        if share >= _BUSY:
            why = f"{flow.why}; the transform was busy {share:.0%} of the time, {lanes:.0f} at a time, {each}"
            return Bottleneck(stage="transform", limit_per_s=flow.busy_per_s, why=why)
        why = f"{flow.why}; the transform was busy only {share:.0%} of the time and was not throttled{_reads(signals)}"
        return Bottleneck(stage="delivery", limit_per_s=flow.busy_per_s, why=why)
    why = f"{flow.why}; no metric shows whether its transform or Firehose itself is slow{_reads(signals)}"
    return Bottleneck(stage="delivery", limit_per_s=flow.busy_per_s, why=why)


def _reads(signals: ServiceSignals) -> str:
    """Return the stream as the limit if it throttled reads; a shard's readers share 5 calls and 2 MiB per second."""
    refused = signals.stream_reads_refused
    return f"; Kinesis refused {refused:,.0f} reads for the limits of a shard" if refused else ""


def _late(missed: Sequence[ThresholdReport]) -> Bottleneck:
    """Return the finding for a missed objective while every stage keeps up."""
    names = ", ".join(f"{one.expression} (it is {one.measured})" for one in missed)
    if all(one.expression.startswith("freshness") for one in missed):
        why = f"every stage keeps up, but changes wait in buffers for too long: {names}"
        return Bottleneck(stage="buffering", limit_per_s=None, why=why)
    if any(one.expression.startswith(("intended", "service", "dropped")) for one in missed):
        why = f"nothing is throttled and no stage falls behind, but the table answers too late: {names}"
        return Bottleneck(stage="table", limit_per_s=None, why=why)
    return Bottleneck(stage="unknown", limit_per_s=None, why=f"no stage falls behind, but: {names}")
