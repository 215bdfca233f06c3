import asyncio
import time
from collections.abc import Callable

import pytest

from loadgen.schedule.pacing import LoopTimer, Timer, timer


@pytest.mark.parametrize("make", [timer, LoopTimer])
async def test_an_alarm_rings_once_and_never_early(make: Callable[[Callable[[], None]], Timer]) -> None:
    rung: asyncio.Queue[int] = asyncio.Queue()
    one = make(lambda: rung.put_nowait(time.monotonic_ns()))
    for wait_ns in (3_000_000, 0, -5_000_000, 1_500_000):
        at_ns = time.monotonic_ns() + wait_ns
        one.set(at_ns)
        assert await asyncio.wait_for(rung.get(), 5) >= at_ns
    assert rung.empty()
    one.close()


@pytest.mark.parametrize("make", [timer, LoopTimer])
async def test_the_last_setting_counts(make: Callable[[Callable[[], None]], Timer]) -> None:
    rung: asyncio.Queue[int] = asyncio.Queue()
    one = make(lambda: rung.put_nowait(time.monotonic_ns()))
    late_ns = time.monotonic_ns() + 20_000_000
    one.set(time.monotonic_ns() + 5_000_000)
    one.set(late_ns)
    assert await asyncio.wait_for(rung.get(), 5) >= late_ns
    assert rung.empty()
    one.close()
