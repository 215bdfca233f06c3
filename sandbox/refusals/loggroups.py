"""CloudWatch Logs: the retention of a log group.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
lists the allowed values; the sentence has the service's form for a value outside an enumeration.
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
    """Refuse a retention that is not one of about two dozen numbers of days."""
    days = asked.get("retentionInDays")
    if days is None or days in _DAYS:
        return None
    allowed = ", ".join(map(str, _DAYS))
    return ServiceError(
        "InvalidParameterException",
        f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{allowed}]",
    )
