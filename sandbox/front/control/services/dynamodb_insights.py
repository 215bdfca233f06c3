"""Contributor Insights of DynamoDB's tables and global indexes, which moto lacks.

As recorded on AWS by ack-api-quirks, services/dynamodb, DDB-TABLE-089 to 095, 097, 112 and 337 to 344: enabling answers
ENABLING, or ENABLED if nothing changes; a change of the mode keeps the names of the rules that remain; a listing has no
disabled ones. Here both take effect at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.paging import page_of
from sandbox.front.control.registry import answers
from sandbox.front.insights import ENABLED, TABLE, insights_of, kept_insights, places, watched
from sandbox.front.reply import ServiceError

_MAX_LISTED = 100


@answers("dynamodb", "UpdateContributorInsights")
def update(call: ControlCall) -> Mapping[str, Any]:
    """Enable Contributor Insights of a table or index, change their mode, or disable them."""
    table, index = _resource(call)
    insights = kept_insights(table, index)
    if call.parameters["ContributorInsightsAction"] == "ENABLE":
        schema: Any = next((each.schema for each in table.global_indexes if each.name == index), table.schema)
        mode = call.parameters.get("ContributorInsightsMode")
        changed = insights.enable(mode, sorted_keys=len(schema) > 1, now_s=time.time())
        status = "ENABLING" if changed else insights.status
    else:
        status = "DISABLING" if insights.disable(time.time()) else insights.status
    return _named(table, index) | {
        "ContributorInsightsStatus": status,
        **({"ContributorInsightsMode": insights.mode} if insights.updated_s else {}),
    }


@answers("dynamodb", "DescribeContributorInsights")
def described(call: ControlCall) -> Mapping[str, Any]:
    """The status, mode and rules of a table or index; what was never enabled has its status alone."""
    table, index = _resource(call)
    insights = insights_of(table, index)
    if insights is None or not insights.updated_s:
        return _named(table, index) | {"ContributorInsightsStatus": "DISABLED"}
    rules = [rule.name for rule in watched(table, index)]
    return _named(table, index) | {
        **({"ContributorInsightsRuleList": rules} if rules else {}),
        "ContributorInsightsStatus": insights.status,
        "LastUpdateDateTime": datetime.fromtimestamp(insights.updated_s, UTC),
        "ContributorInsightsMode": insights.mode,
    }


@answers("dynamodb", "ListContributorInsights")
def listed(call: ControlCall) -> Mapping[str, Any]:
    """List the tables and indexes with Contributor Insights, those of one table or of all."""
    given = call.parameters
    tables = [_table(call)] if given.get("TableName") else list(_tables(call).values())
    found = [
        _named(table, index) | {"ContributorInsightsStatus": insights.status, "ContributorInsightsMode": insights.mode}
        for table in tables
        for index in places(table)
        if (insights := insights_of(table, index)) is not None and insights.status == ENABLED
    ]
    page, more = page_of(found, _identity, given, _MAX_LISTED, "ValidationException")
    return {"ContributorInsightsSummaries": page, **more}


def _identity(summary: Mapping[str, Any]) -> str:
    return f"{summary['TableName']}/{summary.get('IndexName', '')}"


def _named(table: Table, index: str) -> dict[str, Any]:
    return {"TableName": table.name, **({"IndexName": index} if index else {})}


def _tables(call: ControlCall) -> dict[str, Table]:
    return backend_of(dynamodb_backends, call.region).tables


def _table(call: ControlCall) -> Table:
    name = str(call.parameters["TableName"]).rpartition("table/")[2]
    table = _tables(call).get(name)
    if table is None:
        raise ServiceError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
    return table


def _resource(call: ControlCall) -> tuple[Table, str]:
    """The table of a call, and its global index if it names one."""
    table = _table(call)
    index: str = call.parameters.get("IndexName") or TABLE
    if index not in places(table):
        raise ServiceError(
            "ResourceNotFoundException",
            f"Requested resource not found: Index: {index} not found for table: {table.name}",
        )
    return table, index
