"""CloudWatch Logs: how long a group's lines are kept.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
lists what is allowed; the sentence has the form in which the service says that a
value is none of a set.
"""

from __future__ import annotations

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses

_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


@refuses("logs", "PutRetentionPolicy")
def retention(asked: Asked) -> ServiceError | None:
    """Lines are kept for one of some two dozen numbers of days."""
    days = asked.get("retentionInDays")
    if days is None or days in _DAYS:
        return None
    allowed = ", ".join(map(str, _DAYS))
    return ServiceError(
        "InvalidParameterException",
        f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{allowed}]",
    )
