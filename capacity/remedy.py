"""Finds the setting that raises a stage's capacity, a stack's cost at a rate, and the needs of larger loads.

Prices are those of components.explain, for the stack's own settings. Without the stack's file or without Pulumi they
are unknown, and the report leaves them out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from capacity.bottleneck import INVOCATIONS_PER_SHARD, SHARD_BYTES_PER_S, SHARD_RECORDS_PER_S, Stage
from capacity.report import CapacityStep, LoadEstimate, Price, Remedy
from components.explain import rates
from stack.installation import program

_HOURS = 730
_SECONDS_A_MONTH = _HOURS * 3600
_MILLION = 1_000_000
_FULL_MEMORY_MB = 10_240
_MAX_BUFFER_MB = 3
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
_TABLE_UNITS_PER_S = 40_000
_PARTITION_UNITS_PER_S = 1000
_UNIT_BYTES = 1024
# https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html: in N. Virginia, Oregon and Ireland
# 20,000, elsewhere 1,000 or 6,000.
_SHARDS = 1000
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_CONCURRENCY = 1000
_HEADROOM = 1.3


class StackCost(NamedTuple):
    """Dollars of an idle month and of a million changes."""

    month: float
    million: float


class PricedStack:
    """A stack of this project: its settings, and its cost at a rate."""

    def __init__(self, stack: str, settings: Mapping[str, str], cost: Callable[[tuple[str, ...]], StackCost]) -> None:
        self.stack = stack
        self._settings = settings
        self.cost = cost

    def setting(self, name: str) -> str:
        """Return a setting's value as text."""
        return self._settings.get(name, "")

    def number(self, name: str) -> int:
        """Return a setting that is a whole number; 0 when it is not set."""
        return int(self._settings.get(name) or 0)


def priced_stack(stack: str, step: CapacityStep, item_bytes: int) -> PricedStack | None:
    """Return the stack with the load of a step; None where Pulumi is not installed or there is no such stack."""
    try:
        from components.explain import stacks
        from components.explain.cli import load
        from components.explain.prices import Basis, PricedLoad
        from components.explain.rates import Tariff
        from components.explain.report import report
        from components.settings import PROJECT
        from without_engine.project import stack_names
    except ModuleNotFoundError:
        return None
    root = program()
    if stack not in stack_names(root):
        return None
    config = stacks.config(root, stack)
    signals = step.signals
    default = PricedLoad()
    measured_ms = default.transform_ms_per_1000
    if signals.function_busy_s and step.acked:
        measured_ms = signals.function_busy_s * 1000 / step.acked * 1000
    workload = PricedLoad(
        item_bytes=item_bytes or default.item_bytes,
        change_bytes=round(step.change_bytes) or default.change_bytes,
        writes_per_s=step.rate,
        transform_ms_per_1000=measured_ms,
    )

    @cache
    def cost(changed: tuple[str, ...]) -> StackCost:
        graph, settings = load(root, stack, changed)
        total = report(stack, graph, Basis(settings, workload, Tariff(config.get("aws:region", rates.REGION)))).total
        return StackCost(total.month, total.million)

    prefix = f"{PROJECT}:"
    return PricedStack(
        stack, {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}, cost
    )


def price(stack: PricedStack, rate: float) -> Price:
    """Return the cost in dollars of a million changes at a constant rate, with their share of the idle month."""
    cost = stack.cost(())
    return Price(
        million_usd=round(cost.million + cost.month / (rate * _SECONDS_A_MONTH / _MILLION), 4),
        idle_month_usd=round(cost.month, 2),
        checked=rates.CHECKED,
    )


def remedies(stage: Stage, stack: PricedStack | None, shards: int) -> list[Remedy]:
    """Return the settings that raise a stage's capacity, best first."""
    found = [
        Remedy(setting=setting, now="" if stack is None else stack.setting(setting), to=to, effect=effect)
        for setting, to, effect in _SETTINGS[stage](stack, shards)
    ]
    if stack is None:
        return found
    before = stack.cost(())
    return [_priced(one, stack, before) for one in found if one.to != one.now]


def _priced(remedy: Remedy, stack: PricedStack, before: StackCost) -> Remedy:
    if not remedy.to:
        return remedy
    after = stack.cost((f"{remedy.setting}={remedy.to}",))
    return Remedy(
        setting=remedy.setting,
        now=remedy.now,
        to=remedy.to,
        effect=remedy.effect,
        month_usd=round(after.month - before.month, 2),
        million_usd=round(after.million - before.million, 4),
    )


_Change = tuple[str, str, str]


def _table(stack: PricedStack | None, shards: int) -> list[_Change]:
    del shards
    limit = stack.number("tableMaxWriteUnits") if stack else 0
    if limit:
        return [("tableMaxWriteUnits", str(2 * limit), "doubles the table's own limit; 0 leaves the account's quota")]
    return [("tableWarmWriteUnits", str(_TABLE_UNITS_PER_S), "a new table serves so many write units at once")]


def _partition(stack: PricedStack | None, shards: int) -> list[_Change]:
    del stack, shards
    return [
        (
            "tableWarmWriteUnits",
            str(_TABLE_UNITS_PER_S),
            "more partitions from the start, if many keys are written; a hot key must be spread over several",
        )
    ]


def _stream(stack: PricedStack | None, shards: int) -> list[_Change]:
    more = str(2 * (shards or (stack.number("kinesisShards") if stack else 0) or 1))
    return [
        ("kinesisShards", more, "twice the records and bytes, if the keys are spread"),
        ("kinesisShards", "0", "on-demand: Kinesis adds shards by itself"),
    ]


def _pipe(stack: PricedStack | None, shards: int) -> list[_Change]:
    del shards
    found: list[_Change] = []
    if stack is None or stack.number("pipeParallelism") < 10:
        found.append(("pipeParallelism", "10", "ten batches of a table's shard at a time"))
    if stack is None or stack.number("pipeBatchSize") < 500:
        found.append(("pipeBatchSize", "500", "as many changes in a batch as PutRecords takes"))
    found.append(("captureMode", "native", "the table writes to the stream without a Pipe"))
    return found


def _transform(stack: PricedStack | None, shards: int) -> list[_Change]:
    memory = stack.number("lambdaMemoryMb") if stack else 512
    found: list[_Change] = []
    if stack is not None and (reserved := stack.number("lambdaConcurrency")):
        found.append(("lambdaConcurrency", str(2 * reserved), "twice the invocations at a time"))
    found.append(("lambdaMemoryMb", str(min(2 * memory, _FULL_MEMORY_MB)), "twice the processor of an invocation"))
    buffer_mb = stack.number("transformBufferMb") if stack else 1
    if buffer_mb < _MAX_BUFFER_MB:
        found.append(("transformBufferMb", str(_MAX_BUFFER_MB), "fewer and larger invocations"))
    return [*found, *_more_lanes(shards)]


def _delivery(stack: PricedStack | None, shards: int) -> list[_Change]:
    size = stack.number("bufferSizeMb") if stack else 64
    return [*_more_lanes(shards), ("bufferSizeMb", str(min(2 * size, 128)), "fewer and larger objects")]


def _more_lanes(shards: int) -> list[_Change]:
    effect = f"Firehose has up to {INVOCATIONS_PER_SHARD} invocations under way for each shard"
    return [("kinesisShards", str(2 * (shards or 1)), effect)]


def _buffering(stack: PricedStack | None, shards: int) -> list[_Change]:
    del shards
    interval = stack.number("bufferIntervalSeconds") if stack else 60
    return [
        ("bufferIntervalSeconds", str(interval // 2), "half the wait for an object; more and smaller objects"),
        ("transformBufferSeconds", "0", "no wait for an invocation; more of them"),
    ]


def _nothing(stack: PricedStack | None, shards: int) -> list[_Change]:
    del stack, shards
    return []


_SETTINGS: Mapping[Stage, Callable[[PricedStack | None, int], list[_Change]]] = {
    "generator": _nothing,
    "table": _table,
    "partition": _partition,
    "stream": _stream,
    "pipe": _pipe,
    "transform": _transform,
    "delivery": _delivery,
    "buffering": _buffering,
    "unknown": _nothing,
}


def estimate(times: float, step: CapacityStep, item_bytes: int, stack: PricedStack | None) -> LoadEstimate:
    """Return the needs of multiples of a step's rate, from quotas and the step's measurements."""
    rate = times * step.rate
    units = rate * math.ceil((item_bytes or _UNIT_BYTES) / _UNIT_BYTES)
    shards = math.ceil(_HEADROOM * max(rate / SHARD_RECORDS_PER_S, rate * step.change_bytes / SHARD_BYTES_PER_S))
    partitions = math.ceil(units / _PARTITION_UNITS_PER_S)
    table, stream = _fits(units, _TABLE_UNITS_PER_S), _fits(shards, _SHARDS)
    needs = [
        f"table: {units:,.0f} write units per second, {partitions:,} or more partitions; {table} its quota of 40,000",
        f"stream: {shards:,} shards at {1 / _HEADROOM:.0%} of their limits; {stream} the 1,000 that each account has",
    ]
    assumptions = [
        "keys are spread as in the run, so no partition and no shard is hotter than the others",
        "the table has grown to the rate, by twice its peak each half hour or by tableWarmWriteUnits",
        "Pipe and Firehose scale with the table's and the stream's shards",
        "changes have the size that was measured",
    ]
    busy = step.signals.function_busy_s
    if busy and step.acked:
        at_once = rate * busy / step.acked
        allowed = min(_CONCURRENCY, shards * INVOCATIONS_PER_SHARD)
        needs.append(
            f"transform: {at_once:,.1f} invocations at a time of the {allowed:,} that the shards and the account allow"
        )
        assumptions.append("the transform takes as long a change as was measured")
    else:
        assumptions.append("the transform's concurrency is not estimated, because no metric shows its duration")
    return LoadEstimate(
        times=times,
        rate=rate,
        needs=needs,
        month_usd=None if stack is None else _month(stack, rate, shards),
        assumptions=[*assumptions, *([] if stack is None else [f"list prices of {rates.CHECKED}, all month long"])],
    )


def _fits(need: float, quota: float) -> str:
    return "within" if need <= quota else "above"


def _month(stack: PricedStack, rate: float, shards: int) -> float:
    provisioned = stack.number("kinesisShards") > 0
    cost = stack.cost((f"kinesisShards={shards}",) if provisioned else ())
    return round(cost.month + cost.million * rate * _SECONDS_A_MONTH / _MILLION, 2)
