"""EventBridge Scheduler: the form of a schedule's expression.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses

_EXPRESSION = re.compile(
    r"rate\(0*[1-9]\d* (?:minute|hour|day)s?\)|cron\((?:\S+ ){5}\S+\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
)


@refuses("scheduler", "CreateSchedule", "UpdateSchedule")
def expression(asked: Asked) -> ServiceError | None:
    """Refuse an expression that is no rate of at least one minute, no cron of six fields and no time."""
    text = str(asked.get("ScheduleExpression"))
    if _EXPRESSION.fullmatch(text):
        return None
    return ServiceError("ValidationException", f"Invalid Schedule Expression {text}.")
