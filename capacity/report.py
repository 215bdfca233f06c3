"""The report of a capacity run: JSON of one schema, from which the page and the comparison are drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, structs

from capacity.bottleneck import Bottleneck, ServiceSignals, ShardLoad
from capacity.flow import StageFlow
from lake.freshness import Freshness
from loadgen.report.report import ThresholdReport
from stack import UserError, save

SCHEMA = 1


class CapacityStep(Struct, frozen=True, kw_only=True):
    """One step: what was planned, what every stage did, and what gave out. Rates are per second, latencies in ms.

    `left` are the changes that had not arrived when the cool-down ended. `flows` are in the order of a change.
    """

    rate: float
    load_s: float
    acked_per_s: float
    acked: int
    dropped: int
    failed: int
    throttled: dict[str, int]
    latency_ms: dict[str, dict[str, float]]
    objectives: list[ThresholdReport]
    flows: list[StageFlow]
    shards: list[ShardLoad]
    signals: ServiceSignals
    freshness: Freshness | None
    left: int
    drain_s: float
    change_bytes: float
    generator: str
    bottleneck: Bottleneck | None

    @property
    def held(self) -> bool:
        """Whether every stage kept up, every objective held and every change arrived."""
        return self.bottleneck is None and not self.left and all(one.met for one in self.objectives)

    @property
    def undecided(self) -> bool:
        """Whether the load was too short to say that a stage keeps up."""
        return self.held and any(flow.verdict == "undecided" for flow in self.flows)

    @property
    def shown_limit(self) -> float | None:
        """What the stage that gave out has shown to take."""
        return None if self.bottleneck is None else self.bottleneck.limit_per_s


class Remedy(Struct, frozen=True, kw_only=True):
    """A setting of Pulumi.yaml that raises what a stage takes: dollars a month and a million changes more; None
    where prices are not known."""

    setting: str
    now: str
    to: str
    effect: str
    month_usd: float | None = None
    million_usd: float | None = None


class Price(Struct, frozen=True, kw_only=True):
    """Dollars at the rate found: a million changes, with the share of the idle month that falls on them."""

    million_usd: float
    idle_month_usd: float
    checked: str


class LoadEstimate(Struct, frozen=True, kw_only=True):
    """What so many times the rate needs, from quotas and what was measured, and what stands against it."""

    times: float
    rate: float
    needs: list[str]
    month_usd: float | None
    assumptions: list[str]


class CapacityReport(Struct, frozen=True, kw_only=True):
    """A capacity run: the highest rate that held, the lowest that did not, and the stage that gave out there."""

    schema: int
    kind: Literal["capacity"]
    tool: str
    started_at: str
    origin: str
    table: str
    region: str
    endpoint_url: str | None
    objectives: list[str]
    precision: float
    item_bytes: int
    batch: int
    buffered_s: float
    steps: list[CapacityStep]
    held_per_s: float | None
    failed_per_s: float | None
    bottleneck: Bottleneck | None
    remedies: list[Remedy] = []
    price: Price | None = None
    estimates: list[LoadEstimate] = []
    stopped: str | None = None

    def save(self, path: Path) -> None:
        """Write it as JSON. UserError when the path cannot be written."""
        save(path, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")

    @property
    def takes_per_s(self) -> float | None:
        """The highest rate that held, but no more than the stage that gave out has shown to take.

        A step cannot tell a rate just above the limit from one just below it; what a full stage passes on can.
        """
        return taken(self.held_per_s, None if self.bottleneck is None else self.bottleneck.limit_per_s)

    @property
    def verdict(self) -> str:
        """In a sentence: what it takes, and what gives out."""
        if self.takes_per_s is None:
            takes = "No rate held the objectives"
        else:
            takes = f"It takes {self.takes_per_s:,.0f} changes per second"
        if self.failed_per_s is None or self.bottleneck is None:
            return f"{takes}; no stage gave out up to the highest rate."
        return f"{takes}; at {self.failed_per_s:,.0f} the {self.bottleneck.stage} gives out: {self.bottleneck.why}."


def taken(held_per_s: float | None, shown_limit: float | None) -> float | None:
    """The rate that a pipeline takes, from the highest rate that held and what the stage that gave out has shown."""
    return held_per_s if held_per_s is None or shown_limit is None else min(held_per_s, shown_limit)


def lowest_failed(steps: Sequence[CapacityStep]) -> CapacityStep | None:
    """The step with the lowest rate that did not hold."""
    return min((step for step in steps if not step.held), key=lambda step: step.rate, default=None)


def gives_out(steps: Sequence[CapacityStep]) -> Bottleneck | None:
    """The stage that most of the failed steps name, at its lowest rate; of several, that of the lowest rate.

    A machine that stands still for a moment makes one step name another stage. The limit is what the stage has shown in
    the longest step, of several in that of the lowest rate: the longer it is, the less counts what was saved up before
    it and what a machine's pause took.
    """
    failed = [step for step in sorted(steps, key=lambda step: step.rate) if not step.held]
    causes = [step.bottleneck for step in failed if step.bottleneck is not None]
    longest_first = sorted(failed, key=lambda step: -step.load_s)
    if not causes:
        return None
    named = Counter(cause.stage for cause in causes)
    cause = max(causes, key=lambda cause: named[cause.stage])
    shown = (step.bottleneck for step in longest_first if step.bottleneck is not None)
    limits = (one.limit_per_s for one in shown if one.stage == cause.stage and one.limit_per_s is not None)
    return structs.replace(cause, limit_per_s=next(limits, None))


def read(path: Path) -> CapacityReport:
    """Read a report. UserError for another file."""
    try:
        report = msgspec.json.decode(path.read_bytes(), type=CapacityReport)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except msgspec.MsgspecError as error:
        raise UserError(f"{path} is not a report of a capacity run: {error}.") from None
    if report.schema != SCHEMA:
        raise UserError(f"{path} is a report of schema {report.schema}, and this version reads schema {SCHEMA}.")
    return report
