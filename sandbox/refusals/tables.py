"""DynamoDB: rules of a table's capacity, on-demand limits and warm throughput.

Sentences: hashicorp/terraform-provider-aws issue 39760 and pulumi/pulumi-aws
issue 5126 (on-demand limits), badmintoncryer/cdk-preflight rules/dynamodb (warm
throughput, billing mode), validations/ and actions/updateTable.js of
mhart/dynalite, dynamodb/test_dynamodb.snapshot.json of localstack/localstack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import fields
from sandbox.refusals.registry import Asked, refuses
from sandbox.state import ACCOUNT_ID

_INVALID = "One or more parameter values were invalid: "
_NAME = re.compile(r"[a-zA-Z0-9_.-]+", re.ASCII)
_SHORTEST_NAME, _LONGEST_NAME = 3, 255
_LEAST_WARM = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}
"""The default warm throughput of a new on-demand table; a request may only raise it."""
_LIMITS = ("MaxReadRequestUnits", "MaxWriteRequestUnits")


@refuses("dynamodb", "CreateTable", first=True)
def name(asked: Asked) -> ServiceError | None:
    """Refuse a table's name that does not have 3 to 255 allowed characters."""
    given = asked.get("TableName")
    if given is None:
        return _invalid("The parameter 'TableName' is required but was not present in the request")
    wrong: list[str] = []
    if _NAME.fullmatch(given) is None:
        wrong.append(f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    if len(given) < _SHORTEST_NAME:
        wrong.append(f"Member must have length greater than or equal to {_SHORTEST_NAME}")
    if len(given) > _LONGEST_NAME:
        wrong.append(f"Member must have length less than or equal to {_LONGEST_NAME}")
    if not wrong:
        return None
    sentences = "; ".join(f"Value '{given}' at 'tableName' failed to satisfy constraint: {each}" for each in wrong)
    return _invalid(f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected: {sentences}")


@refuses("dynamodb", "UpdateTimeToLive")
def time_to_live(asked: Asked) -> ServiceError | None:
    """Refuse what is already so, and another attribute than the active one.

    DynamoDB's sentences: hashicorp/terraform-provider-aws issue 10304, aws-controllers-k8s/dynamodb-controller.
    """
    table = dynamodb_backends[ACCOUNT_ID][asked.region].tables.get(str(asked.get("TableName")).rpartition("/")[2])
    given = fields(asked.get("TimeToLiveSpecification"))
    if table is None or "Enabled" not in given:
        return None
    active = table.ttl.get("AttributeName") if table.ttl.get("TimeToLiveStatus") == "ENABLED" else None
    if active is not None and given.get("AttributeName") != active:
        return _invalid(f"TimeToLive is active on a different AttributeName: current AttributeName is {active}")
    if bool(given["Enabled"]) == (active is not None):
        return _invalid(f"TimeToLive is already {'disabled' if active is None else 'enabled'}")
    return None


@refuses("dynamodb", "CreateTable")
def on_demand_limit(asked: Asked) -> ServiceError | None:
    """Refuse a new table's limit below 1: only UpdateTable accepts -1 for "no limit"."""
    limits = fields(asked.get("OnDemandThroughput"))
    for name in _LIMITS:
        if (limit := limits.get(name)) is None:
            continue
        if asked.get("BillingMode") != "PAY_PER_REQUEST":
            used = "for OnDemandThroughput can't be used with PROVISIONED BillingMode"
            return _invalid(f"{_INVALID}Property {name} {used}")
        if limit < 1:
            return _invalid(f"{_INVALID}Requested {name} for OnDemandThroughput for table is outside of valid range")
    return None


@refuses("dynamodb", "CreateTable")
def warm_throughput(asked: Asked) -> ServiceError | None:
    """Refuse a new table's warm throughput below AWS's default."""
    warm = fields(asked.get("WarmThroughput"))
    for name, least in _LEAST_WARM.items():
        if name in warm and warm[name] < least:
            return _invalid(f"{_INVALID}Requested {name} for WarmThroughput for table is lower than initial throughput")
    return None


@refuses("dynamodb", "CreateTable", "UpdateTable")
def capacity(asked: Asked) -> ServiceError | None:
    """Refuse a provisioned table without a capacity, and an on-demand table with one."""
    given = asked.get("ProvisionedThroughput")
    if asked.operation == "UpdateTable" and asked.get("BillingMode") is None:
        return None
    if asked.get("BillingMode") == "PAY_PER_REQUEST":
        if given:
            return _invalid(
                f"{_INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST"
            )
    elif not given:
        return _invalid(
            f"{_INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    return None


@refuses("dynamodb", "UpdateTable")
def nothing_to_update(asked: Asked) -> ServiceError | None:
    """Refuse an update that has only the table's name, or an empty list of index updates."""
    given = {name for name, value in asked.parameters.items() if value != []}
    if given - {"TableName", "AttributeDefinitions"}:
        return None
    return _invalid(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
        "SSESpecification or ReplicaUpdates is required"
    )


@refuses("dynamodb", "UpdateTable")
def same_capacity(asked: Asked) -> ServiceError | None:
    """Refuse an update to the current capacity."""
    requested = fields(asked.get("ProvisionedThroughput"))
    table = _table(asked)
    if not requested or table is None or asked.get("GlobalSecondaryIndexUpdates"):
        return None
    if asked.get("BillingMode") not in (None, table.billing_mode or "PROVISIONED"):
        return None
    names = ("ReadCapacityUnits", "WriteCapacityUnits")
    had = fields(table.throughput)
    if any(int(had.get(name, 0)) != requested.get(name) for name in names):
        return None
    sentences = " ".join(
        f"Current {name} provisioned for the table: {had[name]}. Requested {name}: {requested[name]}." for name in names
    )
    return _invalid(
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        f"{sentences} Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )


def _table(asked: Asked) -> Any:
    tables: Mapping[str, Any] = dynamodb_backends[ACCOUNT_ID][asked.region].tables
    return tables.get(str(asked.get("TableName")).rpartition("/")[2])


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("ValidationException", sentence)
