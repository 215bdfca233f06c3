"""How long S3 keeps the objects of the change log and of the error prefix, by the bucket's lifecycle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from lake.clients import error_code
from lake.counts import counted
from stack import UserError

_UNKNOWN = ("NoSuchLifecycleConfiguration", "NoSuchBucket", "AccessDenied")


class LifecycleClient(Protocol):
    """The method of boto3's S3 client that reads a bucket's lifecycle."""

    def get_bucket_lifecycle_configuration(self, **request: object) -> dict[str, Any]:
        """Read it."""
        ...


def check_kept(
    client: LifecycleClient,
    bucket: str,
    prefix: str,
    moment: datetime,
    now: datetime | None = None,
    *,
    of: str = "change log",
) -> None:
    """Raise UserError when objects of a moment under a prefix, which `of` names, can have expired.

    Without the permission to read the lifecycle, nothing is known and nothing is refused. An object expires so many
    days after it was made: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    days = kept_days(client, bucket, prefix)
    if days is None:
        return
    first = (now or datetime.now(UTC)) - timedelta(days=days)
    if moment < first:
        raise UserError(
            f"{moment:%Y-%m-%d %H:%M:%S} UTC is beyond the {of}'s retention of {counted(days, 'day')}: name a "
            f"time after {first:%Y-%m-%d %H:%M:%S}."
        )


def kept_days(client: LifecycleClient, bucket: str, prefix: str) -> int | None:
    """Return the days of the shortest rule for all objects under a prefix; None without one."""
    try:
        rules: list[dict[str, Any]] = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except Exception as error:
        if error_code(error) not in _UNKNOWN:
            raise
        return None
    return min((rule["Expiration"]["Days"] for rule in rules if _expires(rule, prefix)), default=None)


def _expires(rule: dict[str, Any], prefix: str) -> bool:
    chosen: dict[str, Any] = rule.get("Filter") or {"Prefix": rule.get("Prefix", "")}
    # A rule with more conditions than a prefix is for some of the objects.
    everything = chosen.keys() <= {"Prefix"} and prefix.startswith(chosen.get("Prefix", ""))
    return rule["Status"] == "Enabled" and everything and "Days" in rule.get("Expiration", {})
