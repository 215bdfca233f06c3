"""The states, histories and actions of moto's alarms.

`sandbox.monitoring.alarm` evaluates an alarm after each period; when its state changes, its topics receive CloudWatch's
notification.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.sns.models import sns_backends

from sandbox.front.backends import backend_of
from sandbox.front.monitoring import MONITORING
from sandbox.monitoring.alarm import AlarmCheck, AlarmDefinition, check
from sandbox.monitoring.evaluation import AlarmState
from sandbox.monitoring.notification import message, subject
from sandbox.monitoring.outlook import outlook
from sandbox.monitoring.raised import RaisedAlarm

log = logging.getLogger(__name__)

DELAY_S = 3
"""The delay of an evaluation after the end of its period, in which the workers' metrics arrive."""
_GIVEN, _DEFINITION = "sandbox_given", "sandbox_definition"
_KNOWN, _HISTORY = "sandbox_alarms", "sandbox_alarm_history"
_MAX_HISTORY = 2_000
_ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_UNCHECKED = "Unchecked: Initial alarm creation"
_evaluated: dict[tuple[str, str], tuple[int, datetime]] = {}


def defined(region: str, given: Mapping[str, Any], definition: AlarmDefinition | None) -> None:
    """Register an alarm that PutMetricAlarm created or changed.

    A new one starts in INSUFFICIENT_DATA, an existing one keeps its state.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    backend = backend_of(cloudwatch_backends, region)
    alarm = backend.alarms[given["AlarmName"]]
    known: dict[str, Alarm] = vars(backend).setdefault(_KNOWN, {})
    before = known.get(alarm.name)
    known[alarm.name] = alarm
    vars(alarm)[_GIVEN], vars(alarm)[_DEFINITION] = dict(given), definition
    if before is None:
        alarm.state_value, alarm.state_reason, alarm.state_reason_data = "INSUFFICIENT_DATA", _UNCHECKED, "{}"
    else:
        for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp"):
            setattr(alarm, name, getattr(before, name))
    verb = "created" if before is None else "updated"
    data = {"version": "1.0", "type": "Create" if before is None else "Update"}
    _note(backend, alarm.name, "ConfigurationUpdate", f'Alarm "{alarm.name}" {verb}', data)


def deleted(region: str, name: str) -> None:
    """Record the deletion of an alarm; its history stays."""
    backend = backend_of(cloudwatch_backends, region)
    if vars(backend).get(_KNOWN, {}).pop(name, None) is None:
        return
    data = {"version": "1.0", "type": "Delete"}
    _note(backend, name, "ConfigurationUpdate", f'Alarm "{name}" deleted', data)


def evaluate_due(now_s: float) -> bool:
    """Evaluate the alarms that have a period completed since the last call; return whether a state has changed."""
    changed = False
    for _, region, backend in list(cloudwatch_backends.iter_backends()):
        alarms: dict[str, Alarm] = vars(backend)["alarms"]
        for alarm in list(alarms.values()):
            definition: AlarmDefinition | None = vars(alarm).get(_DEFINITION)
            if definition is None:
                continue
            ended_s = int(now_s - DELAY_S)
            at_s = ended_s - ended_s % definition.step_s
            mark = at_s, alarm.configuration_updated_timestamp
            if _evaluated.get((region, alarm.name)) == mark:
                continue
            _evaluated[region, alarm.name] = mark
            current = cast("AlarmState", alarm.state_value)
            found = check(MONITORING.store, region, definition, current, at_s)
            if found.state != current:
                change(region, alarm, found, now_s)
                changed = True
    return changed


def change(region: str, alarm: Alarm, now: AlarmCheck, now_s: float) -> None:
    """Change an alarm's state, record the change and run the actions for the new state."""
    backend, before = backend_of(cloudwatch_backends, region), alarm.state_value
    at = datetime.fromtimestamp(now_s, UTC)
    states = {
        "version": "1.0",
        "oldState": _state(before, alarm.state_reason, alarm.state_reason_data),
        "newState": _state(*now),
    }
    alarm.state_value, alarm.state_reason, alarm.state_reason_data = now.state, now.reason, now.data
    alarm.state_updated_timestamp = at.replace(tzinfo=None)
    _note(backend, alarm.name, "StateUpdate", f"Alarm updated from {before} to {now.state}", states, at)
    log.info("alarm %s: %s, before %s: %s", alarm.name, now.state, before, now.reason)
    given: dict[str, Any] = vars(alarm).get(_GIVEN) or {}
    if not alarm.actions_enabled or not given:
        return
    for action in given.get(_ACTIONS[now.state]) or ():
        configured = alarm.configuration_updated_timestamp
        sent = message(given, str(alarm.alarm_arn), configured, at, before, now)
        error = _publish(str(action), sent, subject(alarm.name, now.state, region))
        summary = f"Successfully executed action {action}" if error is None else f"Failed to execute action {action}"
        done = {"actionState": "Succeeded"} if error is None else {"actionState": "Failed", "error": error}
        _note(backend, alarm.name, "Action", summary, {**done, "notificationResource": action}, at)


def set_state(region: str, name: str, now: AlarmCheck) -> bool:
    """Set an alarm's state until its next evaluation; return False if the alarm does not exist."""
    alarm: Alarm | None = backend_of(cloudwatch_backends, region).alarms.get(name)
    if alarm is None:
        return False
    if alarm.state_value != now.state:
        change(region, alarm, now, MONITORING.store.clock())
    return True


def raised() -> list[RaisedAlarm]:
    """The alarms of all regions that are in the state ALARM, the latest first."""
    found = [
        RaisedAlarm(alarm.name, alarm.state_reason, alarm.state_updated_timestamp.replace(tzinfo=UTC).timestamp())
        for _, _, backend in cloudwatch_backends.iter_backends()
        for alarm in cast("dict[str, Alarm]", vars(backend)["alarms"]).values()
        if alarm.state_value == "ALARM"
    ]
    return sorted(found, key=lambda alarm: alarm.since_s, reverse=True)


def coming() -> list[RaisedAlarm]:
    """The alarms of all regions that the metrics so far have raised since they were put, or will raise."""
    now_s = MONITORING.store.clock()
    MONITORING.collect()
    found: list[RaisedAlarm] = []
    for _, region, backend in cloudwatch_backends.iter_backends():
        for alarm in cast("dict[str, Alarm]", vars(backend)["alarms"]).values():
            definition: AlarmDefinition | None = vars(alarm).get(_DEFINITION)
            since_s = alarm.configuration_updated_timestamp.replace(tzinfo=UTC).timestamp()
            if definition is not None and (raises := outlook(MONITORING.store, region, definition, since_s, now_s)):
                found.append(RaisedAlarm(alarm.name, raises.reason, now_s))
    return found


def history(region: str) -> Iterator[dict[str, Any]]:
    """The items of all alarms' histories, oldest first."""
    yield from vars(backend_of(cloudwatch_backends, region)).get(_HISTORY, ())


def _note(
    backend: CloudWatchBackend,
    name: str,
    kind: str,
    summary: str,
    data: Mapping[str, Any],
    at: datetime | None = None,
) -> None:
    items: deque[dict[str, Any]] = vars(backend).setdefault(_HISTORY, deque(maxlen=_MAX_HISTORY))
    items.append(
        {
            "AlarmName": name,
            "AlarmType": "MetricAlarm",
            "Timestamp": at or datetime.now(UTC),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": msgspec.json.encode(data).decode(),
        }
    )


def _state(value: str, reason: str, data: str) -> dict[str, Any]:
    try:
        decoded: Any = msgspec.json.decode(data or "{}")
    except msgspec.DecodeError:
        decoded = {}
    return {"stateValue": value, "stateReason": reason, **({"stateReasonData": decoded} if decoded else {})}


def _publish(action: str, sent: str, title: str) -> str | None:
    """Publish to a topic; return the reason of a failure, else None."""
    parts = action.split(":")
    if len(parts) < 6 or parts[2] != "sns":
        return "The sandbox only executes actions of SNS topics."
    topic = backend_of(sns_backends, parts[3]).topics.get(action)
    if topic is None:
        return f"Topic does not exist: {action}"
    publish: Callable[..., str] = topic.publish
    try:
        publish(sent, subject=title)
    except Exception as error:
        log.exception("alarm notification to %s", action)
        return f"{type(error).__name__}: {error}"
    return None
