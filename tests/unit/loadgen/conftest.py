import pytest

from loadgen import pools
from loadgen.pools import Pools


@pytest.fixture(scope="session")
def order_pools() -> Pools:
    """The pools of one seed: making them takes longer than most tests."""
    return pools.build(7)
