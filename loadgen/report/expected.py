"""The expected numbers of a run, displayed before it begins."""

from __future__ import annotations

from msgspec import Struct

from loadgen.dynamodb.item import write_units
from loadgen.job import Job
from loadgen.report.report import CostReport
from loadgen.schedule.mix import TRANSACTION_WRITES
from loadgen.workloads import custom, replay


class Expected(Struct, frozen=True, kw_only=True):
    """The plan's numbers: operations (called `writes`) and seconds with preload and warm-up, write units, any cost.

    The number of operations of a closed loop's `users` is unknown.
    """

    table: str
    writes: int | None
    seconds: float
    write_units: int | None
    price_per_million: float | None
    cost: float | None
    reads: int = 0
    users: int = 0

    @property
    def called(self) -> str:
        """The unit of the writes: "operations" when some are reads."""
        return "operations" if self.reads else "writes"

    @classmethod
    def of(cls, job: Job, price_per_million: float | None) -> Expected:
        """Compute the expected numbers of a job."""
        plan = job.plan
        if plan.users:
            return cls(
                table=job.table,
                writes=None,
                seconds=plan.before_s + plan.duration_s,
                write_units=plan.max_write_units,
                price_per_million=price_per_million,
                cost=None,
                users=plan.users,
            )
        writes = plan.count + plan.before_count
        mix = plan.mix
        units = write_units(plan.item_bytes) * (mix.changes_each + TRANSACTION_WRITES * mix.transact / sum(mix.weights))
        script = replay.script(plan, job.script, job.table, job.keys)
        if script is not None:
            units = custom.units_each(script)
        total = min(round(writes * units), plan.max_write_units or round(writes * units))
        return cls(
            table=job.table,
            writes=writes,
            seconds=plan.before_s + plan.duration_s,
            write_units=total,
            reads=0 if script is not None else round(plan.count * (mix.get + mix.query) / sum(mix.weights)),
            price_per_million=price_per_million,
            cost=None if price_per_million is None else total * price_per_million / 1e6,
        )

    def sentence(self) -> str:
        """Format the numbers in one line."""
        if self.writes is None or self.write_units is None:
            return (
                f"{self.users:,} users write to {self.table} for {self.seconds:,.0f} s at most, as fast as it answers"
            )
        cost = "" if self.cost is None else f", which cost about {self.cost:,.4f}"
        return (
            f"{self.writes:,} {self.called} to {self.table} in {self.seconds:,.0f} s, "
            f"about {self.write_units:,} write units{cost}"
        )

    def report(self, used: int) -> CostReport | None:
        """Return the cost of the used write units, beside the expected cost."""
        if self.price_per_million is None:
            return None
        after = used * self.price_per_million / 1e6
        return CostReport(price_per_million=self.price_per_million, before=self.cost or 0.0, after=after)
