"""How long changes take to reach the lake: from the change in DynamoDB to the object that Athena reads.

Both times have a resolution of one second. A stream record's time is rounded down
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html), and so is an object's
LastModified. An age ends at the end of the second of arrival: it is never too low, and less than two seconds too high.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from components.current import DELIVERED_NAME
from lake.athena import Athena, QueryError, quote
from lake.clients import client
from lake.objects import S3Client, listed
from stack import StackOutputs, UserError
from transform.schema import ENVELOPE, TABLE, LakeTable

_CHANGED_AT = ENVELOPE[3].name
# Athena's column for the object of a row.
_PATH = "$path"
_SECOND = timedelta(seconds=1)
_DELIVERED = re.compile(DELIVERED_NAME)


class Arrived(NamedTuple):
    """The number of changes of one second in one object."""

    path: str
    changed_at: datetime
    changes: int


class Freshness(Struct, frozen=True, kw_only=True):
    """The ages of changes when Athena could first read them, in whole seconds; None without changes.

    A duplicate counts twice. `gone` are changes whose object was deleted since. `rewritten` are those in an object that
    Firehose did not write, but `lake compact` or `lake backfill`: its time is not that of their arrival. `slowest` is
    the object with the oldest change.
    """

    since: datetime | None
    changes: int
    objects: int
    gone: int
    rewritten: int = 0
    p50_s: int | None
    p90_s: int | None
    p99_s: int | None
    max_s: int | None
    slowest: str | None


def freshness(outputs: StackOutputs, *, since: datetime | None = None, table: LakeTable = TABLE) -> Freshness:
    """Measure all changes in the log, or those since a time (UTC).

    Raises: UserError: an output is missing, or the change log cannot be read.
    """
    athena = Athena(client("athena", outputs), outputs.require("workgroup_name"), outputs.require("database_name"))
    change_log = outputs.change_log_name or table.change_log
    try:
        arrived = list(arrivals(athena, change_log, since))
    except QueryError as error:
        raise UserError(
            f"Athena cannot read {change_log} in database {outputs.database_name} ({error}): "
            "check that the stack is deployed, and your permissions."
        ) from error
    return measure(arrived, modified(client("s3", outputs), {change.path for change in arrived}), since)


def arrivals(athena: Athena, change_log: str, since: datetime | None) -> Iterator[Arrived]:
    """The changes by object and second; raises QueryError when they cannot be read."""
    when = "" if since is None else f" WHERE {quote(_CHANGED_AT)} >= TIMESTAMP '{since:%Y-%m-%d %H:%M:%S}'"
    sql = (
        f"SELECT {quote(_PATH)}, date_trunc('second', {quote(_CHANGED_AT)}), count(*) "
        f"FROM {quote(change_log)}{when} GROUP BY 1, 2"
    )
    for path, second, count in athena.query(sql).rows:
        if path is not None and second is not None:
            yield Arrived(path, datetime.fromisoformat(second).replace(tzinfo=UTC), int(count or 0))


def modified(s3: S3Client, paths: Iterable[str]) -> dict[str, datetime]:
    """The objects' times by path (s3://bucket/key), without deleted objects."""
    found: dict[str, datetime] = {}
    for folder in {path.rpartition("/")[0] for path in paths}:
        bucket, _, prefix = folder.removeprefix("s3://").partition("/")
        for entry in listed(s3, bucket, f"{prefix}/"):
            found[f"s3://{bucket}/{entry['Key']}"] = entry["LastModified"]
    return found


def measure(arrived: Iterable[Arrived], came: Mapping[str, datetime], since: datetime | None = None) -> Freshness:
    """The distribution of ages."""
    ages: Counter[int] = Counter()
    oldest: dict[int, str] = {}
    objects: set[str] = set()
    gone = rewritten = 0
    for change in arrived:
        if _DELIVERED.search(change.path) is None:
            rewritten += change.changes
            continue
        if change.path not in came:
            gone += change.changes
            continue
        age_s = (came[change.path] - change.changed_at) // _SECOND + 1
        ages[age_s] += change.changes
        oldest.setdefault(age_s, change.path)
        objects.add(change.path)
    return Freshness(
        since=since,
        changes=ages.total(),
        objects=len(objects),
        gone=gone,
        rewritten=rewritten,
        p50_s=_percentile(ages, 50),
        p90_s=_percentile(ages, 90),
        p99_s=_percentile(ages, 99),
        max_s=max(ages, default=None),
        slowest=oldest[max(oldest)] if oldest else None,
    )


def _percentile(ages: Counter[int], percent: int) -> int | None:
    """Return the percentile: the lowest age that this percentage of changes does not exceed."""
    left = ages.total() * percent / 100
    for age_s in sorted(ages):
        left -= ages[age_s]
        if left <= 0:
            return age_s
    return None
