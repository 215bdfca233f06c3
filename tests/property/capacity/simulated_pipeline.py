"""A simulated pipeline whose stages have limits in changes per second, which search and diagnosis must find."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from capacity import bottleneck
from capacity.bottleneck import CAPTURE, DELIVERY, Bottleneck, ServiceSignals, ShardLoad
from capacity.flow import Passages, StageFlow, enough_s, flow
from loadgen.dynamodb.writer import Endpoint
from loadgen.job import Job, SegmentResult, SegmentTotals
from loadgen.metrics.counters import Counts, Latencies, MetricsRow
from loadgen.report import report as reports
from loadgen.report.report import RunReport, ThresholdReport
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant

_TICK_S = 0.1
_UNLIMITED = math.inf
_TRANSFORM_LANES = 5
_RESOLUTION_S = 1.0
_LONGEST_S = 400


class SimulatedStep(NamedTuple):
    """A step's result as the search sees it, and its bottleneck."""

    rate: float
    held: bool
    shown_limit: float | None
    cause: Bottleneck | None
    flows: list[StageFlow]


class SimulatedPipeline(NamedTuple):
    """The maximum of each stage per second; `hot_share` of the writes go to one partition."""

    table: float = _UNLIMITED
    partition: float = _UNLIMITED
    hot_share: float = 0.5
    shard: float = _UNLIMITED
    shards: int = 4
    pipe: float = _UNLIMITED
    transform: float = _UNLIMITED
    delivery: float = _UNLIMITED
    buffer_s: float = 1.0

    def step(self, rate: float) -> SimulatedStep:
        """Load at a rate for the time of `python -m loadgen capacity`, and longer if the step is undecided."""
        load_s = math.ceil(enough_s(self.buffer_s, _RESOLUTION_S))
        while True:
            step = self._step(rate, load_s)
            if not step.held or load_s >= _LONGEST_S or all(one.verdict != "undecided" for one in step.flows):
                return step
            load_s *= 2

    def _step(self, rate: float, load_s: int) -> SimulatedStep:
        accepted = min(rate, self.table, self.partition / self.hot_share)
        written = [(_TICK_S * (tick + 1), accepted * _TICK_S) for tick in range(int(load_s / _TICK_S))]
        captured = list(served(iter(written), min(self.pipe, self.shard * self.shards)))
        transformed = served(iter(captured), min(self.transform, self.delivery))
        delivered = list(buffered(list(transformed), self.buffer_s))
        flows = [
            flow(CAPTURE, Passages(written), Passages(captured), load_s),
            flow(
                *(DELIVERY, Passages(captured), Passages(delivered), load_s),
                period_s=self.buffer_s,
                resolution_s=_RESOLUTION_S,
            ),
        ]
        report = self.report(rate, accepted, load_s)
        objectives = [ThresholdReport(expression="failed==0", value=0, met=accepted >= rate, measured="")]
        shares = [ShardLoad(f"s{number}", flows[0].passed_per_s / self.shards, 0) for number in range(self.shards)]
        signals = self._signals(flows, load_s)
        cause = bottleneck.find(report, flows, shares, signals, objectives)
        held = cause is None and objectives[0].met
        return SimulatedStep(rate, held, None if cause is None else cause.limit_per_s, cause, flows)

    def _signals(self, flows: list[StageFlow], load_s: float) -> ServiceSignals:
        capture, delivery = flows
        over_shard = capture.came_per_s > self.shard * self.shards
        spent_s = load_s + (delivery.drained_s or 0.0)
        busy = 0.0 if self.transform == _UNLIMITED else delivery.passed / self.transform * _TRANSFORM_LANES
        return ServiceSignals(
            stream_refused=100.0 if over_shard else 0.0,
            pipe_failed=0.0,
            pipe_throttled=0.0,
            function_throttles=0.0,
            function_invocations=spent_s,
            function_busy_s=busy,
            function_concurrency=_TRANSFORM_LANES,
        )

    def report(self, rate: float, accepted: float, load_s: float) -> RunReport:
        """Return the writer's report."""
        due, acked = int(rate * load_s), int(accepted * load_s)
        limit = "TableWriteKeyRangeThroughputExceeded"
        if self.table < self.partition / self.hot_share:
            limit = "TableWriteMaxOnDemandThroughputExceeded"
        refused = {f"ThrottlingException ({limit})": due - acked} if due - acked > 1 else {}
        counts = Counts(due=due, sent=due, acked=acked, throttled=refused)
        latencies = Latencies()
        for latency in (latencies.service, latencies.intended, latencies.lag):
            latency[1000] += acked
        rows = [MetricsRow(second=0, counts=counts, in_flight=0, latencies=latencies)]
        totals = SegmentTotals(segment=0, counts=counts, warm_up=Counts(), elapsed_s=load_s, cpu_s=0.1)
        job = Job(
            plan=Plan(profile=Constant(rate, load_s), seed=1),
            endpoint=Endpoint(region="eu-west-1"),
            table="orders",
            writer="fast",
            keys={},
        )
        return reports.build(job, [SegmentResult(0, rows, totals)], start_epoch_ns=0, interrupted=False)


def served(came: Iterator[tuple[float, float]], per_s: float) -> Iterator[tuple[float, float]]:
    """Return the changes that pass a stage with a limit per second; the rest waits."""
    waiting, now = 0.0, 0.0
    for at, number in came:
        now = at
        waiting += number
        taken = min(waiting, per_s * _TICK_S)
        waiting -= taken
        yield at, taken
    while waiting > 1e-6:
        now += _TICK_S
        taken = min(waiting, per_s * _TICK_S)
        waiting -= taken
        yield now, taken


def buffered(came: list[tuple[float, float]], buffer_s: float) -> Iterator[tuple[float, float]]:
    """Objects: what has come in a period arrives together, in whole seconds that are rounded up."""
    held, opened = 0.0, came[0][0]
    for at, number in came:
        held += number
        if at - opened >= buffer_s:
            yield math.ceil(at), held
            held, opened = 0.0, at
    yield math.ceil(came[-1][0] + buffer_s), held
