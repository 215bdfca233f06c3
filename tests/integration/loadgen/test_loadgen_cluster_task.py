"""An execution of a segment on a Dask worker, without Dask: it sends its result unless its task is taken from it."""

import time

import pytest

from loadgen.distributed.cluster_task import execute
from loadgen.distributed.messages import Done, Ready, WorkerMessage
from loadgen.dynamodb.writer import Endpoint
from loadgen.job import Job
from loadgen.schedule.keys import Uniform
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant
from tests.integration.loadgen.faulty import Fault, faulty_server

DURATION_S = 30.0
"""Longer than a stop takes to arrive."""


class FakeCoordination:
    """Starts at once, and stops the execution when it has begun."""

    def __init__(self, *, revokes: bool) -> None:
        self.told: list[WorkerMessage] = []
        self.is_revoked = False
        self._revokes = revokes

    def tell(self, message: WorkerMessage) -> None:
        self.told.append(message)

    def start_epoch_ns(self) -> int:
        return time.time_ns()

    def stops(self) -> int:
        self.is_revoked = self._revokes
        return 2


@pytest.mark.parametrize("revokes", [False, True])
async def test_an_execution_sends_its_result_unless_its_task_is_taken_away(*, revokes: bool) -> None:
    coordination = FakeCoordination(revokes=revokes)
    async with faulty_server(lambda _: Fault.NONE, None) as (_, url):
        plan = Plan(profile=Constant(20.0, DURATION_S), seed=4, mix=Mix(1, 0, 0), keys=Uniform(0.1))
        endpoint = Endpoint(region="eu-west-1", url=url, access_key="AK", secret_key="secret")
        job = Job(plan=plan, endpoint=endpoint, table="orders", writer="fast", keys={"orders": ("order_id",)})
        await execute(job, coordination)

    assert isinstance(coordination.told[0], Ready)
    assert [type(message) for message in coordination.told].count(Done) == (0 if revokes else 1)
