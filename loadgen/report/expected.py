"""What a run will come to, shown before it begins."""

from __future__ import annotations

from msgspec import Struct

from loadgen.dynamodb.item import write_units
from loadgen.job import Job
from loadgen.report.report import CostReport
from loadgen.workloads import custom


class Expected(Struct, frozen=True, kw_only=True):
    """The plan's numbers: writes and seconds with preload and warm-up, about how many write units, and any cost."""

    table: str
    writes: int
    seconds: float
    write_units: int
    price_per_million: float | None
    cost: float | None

    @classmethod
    def of(cls, job: Job, price_per_million: float | None) -> Expected:
        """What a job will come to."""
        plan = job.plan
        writes = plan.count + plan.before_count
        units = float(write_units(plan.item_bytes))
        if job.script is not None:
            units = custom.units_each(custom.load(job.script, job.table))
        total = min(round(writes * units), plan.max_write_units or round(writes * units))
        return cls(
            table=job.table,
            writes=writes,
            seconds=plan.before_s + plan.duration_s,
            write_units=total,
            price_per_million=price_per_million,
            cost=None if price_per_million is None else total * price_per_million / 1e6,
        )

    def sentence(self) -> str:
        """All of it in a line."""
        cost = "" if self.cost is None else f", which cost about {self.cost:,.4f}"
        return (
            f"{self.writes:,} writes to {self.table} in {self.seconds:,.0f} s, "
            f"about {self.write_units:,} write units{cost}"
        )

    def report(self, used: int) -> CostReport | None:
        """The cost of the write units that were used, beside what was expected."""
        if self.price_per_million is None or self.cost is None:
            return None
        after = used * self.price_per_million / 1e6
        return CostReport(price_per_million=self.price_per_million, before=self.cost, after=after)
