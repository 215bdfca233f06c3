"""The alarms that the existing metrics will raise, without waiting for the ends of their periods."""

from __future__ import annotations

from sandbox.monitoring.alarm import AlarmCheck, AlarmDefinition, check
from sandbox.monitoring.evaluation import EXTRA_PERIODS, AlarmState
from sandbox.monitoring.store import MetricStore


def outlook(store: MetricStore, region: str, alarm: AlarmDefinition, since_s: float, now_s: float) -> AlarmCheck | None:
    """Return the first evaluation after `since_s` that raises an alarm if no sample arrives after `now_s`; else None.

    The times of evaluation are the sandbox's, until all existing points have left the alarm's periods. Times are epoch
    seconds.
    """
    step_s = alarm.step_s
    state: AlarmState = "INSUFFICIENT_DATA"
    last_s = int(now_s) + (alarm.rule.periods + EXTRA_PERIODS + 1) * alarm.period_s
    for at_s in range(int(since_s) // step_s * step_s + step_s, last_s + step_s, step_s):
        found = check(store, region, alarm, state, at_s)
        if found.state == "ALARM":
            return found
        state = found.state
    return None
