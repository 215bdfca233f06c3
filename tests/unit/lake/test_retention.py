"""A moment that the change log no longer has: the rules have the form of S3's GetBucketLifecycleConfiguration.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lake.retention import check_kept
from stack import UserError

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ROWS = {"ID": "rows", "Status": "Enabled", "Filter": {"Prefix": "order_changes/"}, "Expiration": {"Days": 30}}


class Lifecycle:
    def __init__(self, *rules: dict[str, Any], refusal: str = "") -> None:
        self._rules, self._refusal = rules, refusal

    def get_bucket_lifecycle_configuration(self, **_: object) -> dict[str, Any]:
        if self._refusal:
            raise ClientError({"Error": {"Code": self._refusal}}, "GetBucketLifecycleConfiguration")
        return {"Rules": list(self._rules)}


def check(lifecycle: Lifecycle, days: int) -> None:
    check_kept(lifecycle, "bucket", "order_changes/", NOW - timedelta(days=days), NOW)


def test_a_moment_beyond_the_retention_is_refused_with_the_first_that_is_kept() -> None:
    with pytest.raises(UserError, match=r"^2026-01-29 12:30:00 UTC is .* of 30 days: name a time after 2026-01-30"):
        check(Lifecycle(ROWS, ROWS | {"Expiration": {"Days": 90}}), 31)


@pytest.mark.parametrize(
    "rule",
    [
        ROWS,
        ROWS | {"Expiration": {"Days": 32}},
        ROWS | {"Status": "Disabled"},
        ROWS | {"Filter": {"Prefix": "errors/"}},
        ROWS | {"Filter": {"And": {"Prefix": "order_changes/", "Tags": [{"Key": "a", "Value": "b"}]}}},
        ROWS | {"Filter": {"Prefix": ""}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
    ],
)
def test_a_moment_whose_objects_are_kept_is_not_refused(rule: dict[str, Any]) -> None:
    check(Lifecycle(rule), 30 if rule is ROWS else 31)


def test_what_is_kept_is_named() -> None:
    errors = Lifecycle(ROWS | {"Filter": {"Prefix": "errors/"}, "Expiration": {"Days": 1}})
    with pytest.raises(UserError, match="is beyond the error prefix's retention of 1 day: name"):
        check_kept(errors, "bucket", "errors/", NOW - timedelta(days=2), NOW, of="error prefix")


@pytest.mark.parametrize("code", ["NoSuchLifecycleConfiguration", "AccessDenied"])
def test_nothing_is_refused_where_the_lifecycle_is_unknown(code: str) -> None:
    check(Lifecycle(refusal=code), 10_000)


def test_another_refusal_is_raised() -> None:
    with pytest.raises(ClientError):
        check(Lifecycle(refusal="SlowDown"), 1)
