import pytest

from loadgen.workloads import pools
from loadgen.workloads.pools import Pools


@pytest.fixture(scope="session")
def order_pools() -> Pools:
    """The pools of one seed: making them takes longer than most tests."""
    return pools.build(7)
