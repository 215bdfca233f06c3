"""Which keys of a table were accessed most and which were throttled, from its CloudWatch Contributor Insights.

DynamoDB tells whether they are enabled and the names of the rules; CloudWatch counts by minutes, so that the first and
the last minute of a run include what others did, and it publishes late.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct

from loadgen.dynamodb.writer import Endpoint, Limits, Writer
from loadgen.dynamodb.writers import open_writer
from loadgen.dynamodb.writes import Outcome
from stack import UserError
from stack.credentials import is_loopback

State = Literal["on", "off", "unknown"]
SETTING = "tableContributorInsights"

PARTITION_UNITS_PER_S = 3000.0
"""What a partition takes, as accesses are counted: 3,000 read units, or 1,000 write units at three each.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""
_MINUTE_S = 60
_LISTED = 10
_PATIENCE_S, _PAUSE_S = 60.0, 5.0
_RULE = re.compile(r"DynamoDBContributorInsights-(PKC|PKT|SKC|SKT)-")
_ALL_KEYS = "ACCESSED_AND_THROTTLED_KEYS"


class KeyCount(Struct, frozen=True, kw_only=True):
    """A key and its number: units of accesses (read units, and write units three times), or throttles.

    `key` is the partition key, or that and the sort key. `busiest_per_s` is the mean of its busiest minute.
    """

    key: tuple[str, ...]
    number: float
    busiest_per_s: float


class TableKeys(Struct, frozen=True, kw_only=True):
    """The keys of one table during a run, the largest number first.

    `state` is "unknown" if the data cannot be read, for the `reason`. `since` and `until` are the minutes that the
    numbers are of, in ISO 8601; `until` is None without numbers. `accessed` is None where only throttled keys are
    counted, and the `items` are those of partition and sort key together, None for a table without a sort key.
    """

    table: str
    state: State
    reason: str = ""
    since: str | None = None
    until: str | None = None
    accessed: list[KeyCount] | None = None
    throttled: list[KeyCount] | None = None
    accessed_items: list[KeyCount] | None = None
    throttled_items: list[KeyCount] | None = None


class RunKeys(Struct, frozen=True, kw_only=True):
    """What is asked about a run: its begin and end, and whether accesses and throttles are expected."""

    began: datetime
    ended: datetime
    accessed: bool
    throttled: bool


class _Described(Struct):
    status: str = msgspec.field(name="ContributorInsightsStatus", default="")
    mode: str = msgspec.field(name="ContributorInsightsMode", default=_ALL_KEYS)
    rules: list[str] = msgspec.field(name="ContributorInsightsRuleList", default_factory=list[str])


class _Point(Struct):
    at: datetime = msgspec.field(name="Timestamp")
    value: float = msgspec.field(name="ApproximateValue")


class _Contributor(Struct):
    keys: tuple[str, ...] = msgspec.field(name="Keys")
    value: float = msgspec.field(name="ApproximateAggregateValue")
    points: list[_Point] = msgspec.field(name="Datapoints")


Ask = Callable[[str, datetime, datetime], list[_Contributor]]
"""Returns a rule's contributors between two times; raises botocore's errors."""


async def read(
    writer_name: str, endpoint: Endpoint, tables: list[str], run: RunKeys, stopped: Callable[[], bool] = lambda: False
) -> list[TableKeys]:
    """Return the keys of each table, without those whose service has no Contributor Insights.

    CloudWatch is waited for up to a minute, or until `stopped`; an endpoint on this machine is not waited for. A
    failure is a reason in the result and raises no error, because the run is over and has its report.
    """
    found: list[TableKeys] = []
    writer = open_writer(writer_name, endpoint, Limits(connections=1))
    try:
        await writer.open(0)
        for table in tables:
            keys = await _of_table(writer, endpoint, table, run, stopped)
            found += [] if keys is None else [keys]
    except UserError as error:
        return [_unknown(table, str(error)) for table in tables]
    except Exception as error:
        if not _is_of_service(error):
            raise
        return [_unknown(table, str(error)) for table in tables]
    finally:
        await writer.close()
    return found


def _unknown(table: str, reason: str) -> TableKeys:
    return TableKeys(table=table, state="unknown", reason=" ".join(reason.split()).rstrip("."))


def _is_of_service(error: Exception) -> bool:
    """Return whether a service refused a call, was not reached, or has another form; botocore is slow to import."""
    return isinstance(error, OSError | msgspec.MsgspecError) or type(error).__module__.startswith("botocore")


async def _of_table(
    writer: Writer, endpoint: Endpoint, table: str, run: RunKeys, stopped: Callable[[], bool]
) -> TableKeys | None:
    reply = await writer.ask("DescribeContributorInsights", {"TableName": table})
    if reply.outcome is not Outcome.OK:
        if "UnknownOperation" in reply.code:
            return None
        return _unknown(table, f"DescribeContributorInsights: {reply.code}")
    try:
        described = msgspec.json.decode(reply.body, type=_Described)
    except msgspec.MsgspecError:
        return None
    if not described.status:
        return None
    if described.status != "ENABLED":
        return TableKeys(table=table, state="off")
    try:
        return await _counted(endpoint, table, described, run, stopped)
    except Exception as error:
        if not _is_of_service(error):
            raise
        return _unknown(table, str(error))


async def _counted(
    endpoint: Endpoint, table: str, described: _Described, run: RunKeys, stopped: Callable[[], bool]
) -> TableKeys:
    ask = await asyncio.to_thread(_asking, endpoint)
    rules = {match[1]: rule for rule in described.rules if (match := _RULE.match(rule))}
    since = run.began.astimezone(UTC).replace(second=0, microsecond=0)
    until = run.ended.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(seconds=_MINUTE_S)
    is_local = endpoint.url is not None and is_loopback(endpoint.url)
    patience_s = 0.0 if is_local else _PATIENCE_S
    while True:
        found = {kind: await asyncio.to_thread(ask, rule, since, until) for kind, rule in rules.items()}
        missed = (run.accessed and "PKC" in rules and not found["PKC"]) or (
            run.throttled and "PKT" in rules and not found["PKT"]
        )
        if not missed or patience_s <= 0 or stopped():
            break
        await asyncio.sleep(_PAUSE_S)
        patience_s -= _PAUSE_S
    last = [point.at for several in found.values() for one in several for point in one.points]
    counts: Mapping[str, list[KeyCount]] = {kind: [_count(one) for one in several] for kind, several in found.items()}
    return TableKeys(
        table=table,
        state="on",
        since=since.isoformat(),
        until=(max(last).astimezone(UTC) + timedelta(seconds=_MINUTE_S)).isoformat() if last else None,
        accessed=counts.get("PKC"),
        throttled=counts.get("PKT"),
        accessed_items=counts.get("SKC"),
        throttled_items=counts.get("SKT"),
    )


def _count(one: _Contributor) -> KeyCount:
    busiest = max((point.value for point in one.points), default=0.0)
    return KeyCount(key=one.keys, number=one.value, busiest_per_s=round(busiest / _MINUTE_S, 3))


def _asking(endpoint: Endpoint) -> Ask:
    """Return the call of GetInsightRuleReport. A client of botocore takes a second, so it is made here, in a thread."""
    session: Any = importlib.import_module("botocore.session").get_session()
    if endpoint.access_key is not None and endpoint.secret_key is not None:
        session.set_credentials(endpoint.access_key, endpoint.secret_key)
    # A sandbox has all services at one address; another URL is DynamoDB's own, such as that of a VPC endpoint.
    url = endpoint.url if endpoint.url is not None and is_loopback(endpoint.url) else None
    cloudwatch = session.create_client("cloudwatch", region_name=endpoint.region, endpoint_url=url)

    def ask(rule: str, since: datetime, until: datetime) -> list[_Contributor]:
        answer = cast(
            "dict[str, Any]",
            cloudwatch.get_insight_rule_report(
                RuleName=rule,
                StartTime=since,
                EndTime=until,
                Period=_MINUTE_S,
                MaxContributorCount=_LISTED,
                OrderBy="Sum",
            ),
        )
        return msgspec.convert(answer.get("Contributors", []), list[_Contributor])

    return ask
