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
    """One step: the plan, the flow of every stage, and the limiting stage. Rates are per second, latencies in ms.

    `left` is the number of changes that had not arrived at the end of the cool-down. `flows` are in the order of a
    change. `unrepeated` is an undecided step that a longer one would have followed, had the search not been stopped: it
    decides nothing.
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
    unrepeated: bool = False

    @property
    def held(self) -> bool:
        """Whether every stage kept up, every objective held and every change arrived."""
        return self.bottleneck is None and not self.left and all(one.met for one in self.objectives)

    @property
    def undecided(self) -> bool:
        """Whether the load was too short to decide whether a stage keeps up."""
        return self.held and any(flow.verdict == "undecided" for flow in self.flows)

    @property
    def result(self) -> str:
        """The result in words."""
        if self.undecided:
            return "undecided" if self.unrepeated else "undecided, taken as held"
        return "held" if self.held else "failed"

    @property
    def shown_limit(self) -> float | None:
        """The measured limit of the limiting stage."""
        return None if self.bottleneck is None else self.bottleneck.limit_per_s


class Remedy(Struct, frozen=True, kw_only=True):
    """A setting of Pulumi.yaml that raises a stage's capacity, with the extra cost.

    The cost is in dollars per month and per million changes; None where prices are unknown.
    """

    setting: str
    now: str
    to: str
    effect: str
    month_usd: float | None = None
    million_usd: float | None = None


class Price(Struct, frozen=True, kw_only=True):
    """Dollars per million changes at the found rate, with their share of the idle month."""

    million_usd: float
    idle_month_usd: float
    checked: str


class LoadEstimate(Struct, frozen=True, kw_only=True):
    """The needs of a multiple of the rate, from quotas and measurements, and the obstacles."""

    times: float
    rate: float
    needs: list[str]
    month_usd: float | None
    assumptions: list[str]


class CapacityReport(Struct, frozen=True, kw_only=True):
    """A capacity run: the highest rate that held, the lowest that did not, and the limiting stage there."""

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
        """Write the report as JSON. Raises: UserError: the path cannot be written."""
        save(path, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")

    @property
    def takes_per_s(self) -> float | None:
        """The highest rate that held, but at most the measured limit of the limiting stage.

        A step cannot distinguish a rate just above the limit from one just below it; the output of a saturated stage
        can.
        """
        return taken(self.held_per_s, None if self.bottleneck is None else self.bottleneck.limit_per_s)

    @property
    def verdict(self) -> str:
        """Return a sentence with the capacity and the limiting stage."""
        unfinished = self.stopped is not None and self.failed_per_s is None
        if self.takes_per_s is None and self.failed_per_s is None:
            return "No rate is decided: the load was too short to see whether every stage keeps up."
        if self.takes_per_s is None:
            takes = "No rate held the objectives"
        else:
            takes = f"It takes {'at least ' if unfinished else ''}{self.takes_per_s:,.0f} changes per second"
        if self.failed_per_s is None or self.bottleneck is None:
            return f"{takes}; no stage is a bottleneck up to {'this' if unfinished else 'the highest'} rate."
        stage, why = self.bottleneck.stage, self.bottleneck.why
        return f"{takes}; at {self.failed_per_s:,.0f} the bottleneck is the {stage}: {why}."


def taken(held_per_s: float | None, shown_limit: float | None) -> float | None:
    """Return a pipeline's capacity, from the highest rate that held and the limiting stage's measured limit."""
    return held_per_s if held_per_s is None or shown_limit is None else min(held_per_s, shown_limit)


def highest_held(steps: Sequence[CapacityStep]) -> CapacityStep | None:
    """Return the step with the highest rate that held."""
    return max((step for step in steps if step.held and not step.unrepeated), key=lambda step: step.rate, default=None)


def lowest_failed(steps: Sequence[CapacityStep]) -> CapacityStep | None:
    """Return the step with the lowest rate that did not hold."""
    return min((step for step in steps if not step.held), key=lambda step: step.rate, default=None)


def gives_out(steps: Sequence[CapacityStep]) -> Bottleneck | None:
    """Return the stage that most failed steps name, at its lowest rate; in a tie, the one with the lowest rate.

    A pause of the machine makes a single step name another stage. The limit is the one measured in the longest step, in
    a tie that of the lowest rate: in a longer step, burst capacity and pauses of the machine weigh less.
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
    """Read a report. Raises: UserError: the file is not a capacity report."""
    try:
        report = msgspec.json.decode(path.read_bytes(), type=CapacityReport)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except msgspec.MsgspecError as error:
        raise UserError(f"{path} is not a report of a capacity run: {error}.") from None
    if report.schema != SCHEMA:
        raise UserError(f"{path} is a report of schema {report.schema}, and this version reads schema {SCHEMA}.")
    return report
