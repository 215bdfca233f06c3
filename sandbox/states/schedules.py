"""EventBridge Scheduler's schedules: those with a rate whose target is a state machine.

A schedule without a start date starts its target immediately, then at its rate; a failed start is retried according to
its retry policy, and then reported to its dead-letter queue.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from sandbox.athena.errors import ApiError
from sandbox.state import StateDir
from sandbox.states.execution import instant

_log = logging.getLogger(__name__)
_FILE = "states/schedules.json"
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_LONGEST_DELAY_S = 60.0


class PendingStart(Struct):
    """A start that was due at `due_s` and has failed `attempts` times; the next attempt is at `next_s`."""

    schedule: Mapping[str, Any]
    due_s: float
    next_s: float
    attempts: int = 0


class MachineSchedules:
    """The schedules at an endpoint. `clients` creates a service's client, `start` starts a machine or raises
    ApiError.
    """

    def __init__(self, state: StateDir, clients: Callable[[str], Any], start: Callable[[str, str], object]) -> None:
        self._state = state
        self._clients = clients
        self._start = start
        self._last_s: dict[str, float] = dict(state.read_json(_FILE) or {})
        self._done_s = dict(self._last_s)
        self._pending: list[PendingStart] = []
        self._refused: set[str] = set()

    def start_due(self, now_s: float) -> None:
        """Start what is due, and retry failed starts; botocore's errors pass through."""
        scheduler = self._clients("scheduler")
        pages = scheduler.get_paginator("list_schedules").paginate()
        found = {one["Arn"]: one for page in pages for one in page["Schedules"]}
        for arn, one in found.items():
            if one["State"] == "ENABLED" and self._is_due(arn, one, now_s):
                described = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
                if self._is_run(described):
                    self._pending.append(PendingStart(described, now_s, now_s))
                self._last_s[arn] = now_s
        self._last_s = {arn: at_s for arn, at_s in self._last_s.items() if arn in found}
        self._pending = [one for one in self._pending if one.schedule["Arn"] in found and self._waits(one, now_s)]

    def _is_due(self, arn: str, one: Mapping[str, Any], now_s: float) -> bool:
        if arn not in self._last_s:
            return True
        found = self._clients("scheduler").get_schedule(Name=one["Name"], GroupName=one["GroupName"])[
            "ScheduleExpression"
        ]
        rate = _RATE.fullmatch(found)
        return rate is not None and now_s >= self._last_s[arn] + int(rate[1]) * _SECONDS[rate[2]]

    def _is_run(self, schedule: Mapping[str, Any]) -> bool:
        """Return whether the sandbox supports a schedule; log once why it does not."""
        reasons = {
            "its expression is not a rate": _RATE.fullmatch(schedule["ScheduleExpression"]) is None,
            "its target is not a state machine": ":stateMachine:" not in schedule["Target"]["Arn"],
            "its time window is flexible": schedule["FlexibleTimeWindow"]["Mode"] != "OFF",
            "it has a start or end date": bool(schedule.get("StartDate") or schedule.get("EndDate")),
        }
        why = [reason for reason, holds in reasons.items() if holds]
        if why and schedule["Arn"] not in self._refused:
            self._refused.add(schedule["Arn"])
            _log.error("the sandbox does not support the schedule %s: %s", schedule["Name"], ", ".join(why))
        return not why

    def _waits(self, one: PendingStart, now_s: float) -> bool:
        """Attempt a pending start if it is due; return whether it must be retried."""
        if now_s < one.next_s:
            return True
        target: Mapping[str, Any] = one.schedule["Target"]
        try:
            self._start(target["Arn"], target.get("Input") or "{}")
        except ApiError as error:
            _log.warning("the schedule %s was due and did not start: %s", one.schedule["Name"], error.message)
            one.attempts += 1
            one.next_s = now_s + min(2.0**one.attempts, _LONGEST_DELAY_S)
            if not self._given_up(one, error):
                return True
        # Recorded only after the start, so that a process that is killed before it starts later.
        self._done_s[one.schedule["Arn"]] = one.due_s
        self._state.write_json(_FILE, self._done_s)
        return False

    def _given_up(self, one: PendingStart, error: ApiError) -> bool:
        """Return whether a start is not retried any more; its dead-letter queue, if it has one, is then notified."""
        target: Mapping[str, Any] = one.schedule["Target"]
        policy: Mapping[str, int] = target.get("RetryPolicy") or {}
        too_old = one.next_s - one.due_s > policy.get("MaximumEventAgeInSeconds", 86_400)
        if not too_old and one.attempts <= policy.get("MaximumRetryAttempts", 185):
            return False
        letters: Mapping[str, str] = target.get("DeadLetterConfig") or {}
        if queue := letters.get("Arn"):
            attributes = {
                "ERROR_CODE": error.code,
                "ERROR_MESSAGE": error.message,
                "EXECUTION_ID": str(uuid.uuid4()),
                "EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds" if too_old else "MaximumRetryAttempts",
                "RETRY_ATTEMPTS": str(one.attempts - 1),
                "SCHEDULED_TIME": f"{instant(one.due_s)[:-5]}Z",
                "SCHEDULE_ARN": one.schedule["Arn"],
                "TARGET_ARN": target["Arn"],
            }
            self._tell(queue, target.get("Input") or "{}", attributes)
        return True

    def _tell(self, queue_arn: str, body: str, texts: Mapping[str, str]) -> None:
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
        try:
            sqs = self._clients("sqs")
            url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
        except (BotoCoreError, ClientError) as error:
            _log.warning("the dead-letter queue of a schedule cannot be written to: %s", error)
