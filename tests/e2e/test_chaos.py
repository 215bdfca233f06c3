"""Random faults at random points of a run: whatever they are, the lake ends as the table is."""

from __future__ import annotations

import itertools
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pytest_cdc_sandbox.pipeline import CdcSandbox
from sandbox.faults import Fault
from tests.chaos.faults import KILLED, all_faults, seeded
from tests.chaos.run import ChaoticRun
from tests.e2e.orders import lives
from tests.e2e.pipeline import Pipeline

# No other test's orders, and none of another example's.
_firsts = itertools.count(10_000_000, step=10_000)

faults = st.builds(seeded, st.sampled_from(all_faults()), st.integers(0, 2**30))
steps = st.lists(faults | st.sampled_from(KILLED), min_size=3, max_size=6)


@settings(
    max_examples=1,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a smaller example would take as long
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps)
def test_no_fault_and_no_crash_loses_a_change(pipeline: Pipeline, steps: list[Fault | str]) -> None:
    run = ChaoticRun(CdcSandbox.running(pipeline.state_dir))
    first = next(_firsts)
    changes = list(lives(first, 8 * len(steps), seed=first))
    Random(first).shuffle(steps)
    part = -(-len(changes) // len(steps))
    with run.healing():
        for number, step in enumerate(steps):
            if isinstance(step, Fault):
                run.on(step)
            else:
                run.kill(step)
            pipeline.write(changes[number * part : (number + 1) * part])
    run.settle()
    report = run.verified(pipeline.ledger)
    assert (report.missing, report.extra, report.different, report.lost) == (0, 0, 0, 0)
