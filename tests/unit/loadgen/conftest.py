import pytest

from loadgen.dynamodb.writer import Endpoint
from loadgen.job import Job
from loadgen.report import report as reports
from loadgen.report.report import RunReport
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant
from loadgen.workloads import pools
from loadgen.workloads.pools import Pools
from tests.unit.loadgen.reported import EPOCH_NS, part


@pytest.fixture(scope="session")
def order_pools() -> Pools:
    """The pools of one seed: making them takes longer than most tests."""
    return pools.build(7)


@pytest.fixture
def job() -> Job:
    return Job(
        plan=Plan(profile=Constant(100.0, 2.0), seed=1, warm_up_s=1.0),
        endpoint=Endpoint(region="eu-west-1"),
        table="orders <b>",
        writer="fast",
        keys={"orders": ("order_id",)},
    )


@pytest.fixture
def report(job: Job) -> RunReport:
    return reports.build(job, [part(0), part(1)], start_epoch_ns=EPOCH_NS, interrupted=False)
