"""DynamoDB's list of tables, their tags and their time to live, where moto differs from AWS.

As recorded by nubo-db/dynamodb-conformance (tests/tier1/listTables, tests/tier2/tags, tests/tier2/ttl).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import answers, refuses
from sandbox.front.reply import ServiceError
from sandbox.state import ACCOUNT_ID

_MAX_LISTED = 100
_ARN = re.compile(r"arn:[^:]+:dynamodb:[^:]+:[0-9]+:table/(?P<name>[a-zA-Z0-9_.-]{3,255})", re.ASCII)


@answers("dynamodb", "ListTables")
def listed_tables(call: ControlCall) -> Mapping[str, Any]:
    """List the tables' names in order, starting after `ExclusiveStartTableName`."""
    limit = call.parameters.get("Limit", _MAX_LISTED)
    if not 1 <= limit <= _MAX_LISTED:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {_MAX_LISTED}"
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value {bound}",
        )
    names = sorted(backend_of(dynamodb_backends, call.region).tables)
    first = bisect_right(names, call.parameters.get("ExclusiveStartTableName", ""))
    page = names[first : first + limit]
    more = {"LastEvaluatedTableName": page[-1]} if page and first + limit < len(names) else {}
    return {"TableNames": page, **more}


@answers("dynamodb", "TagResource")
def tag_table(call: ControlCall) -> Mapping[str, Any] | None:
    """Add tags to a table; an existing tag gets the new value."""
    arn = call.parameters["ResourceArn"]
    if _ARN.fullmatch(arn) is None:
        raise ServiceError("ValidationException", f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    table = _tagged(call)
    if table is None:
        raise ServiceError("ResourceNotFoundException", f"Requested resource not found: ResourcArn: {arn} not found")
    given = {tag["Key"]: tag for tag in call.parameters["Tags"]}
    table.tags = list({**{tag["Key"]: tag for tag in table.tags}, **given}.values())
    return None


@refuses
def unknown_table_tags(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse to list the tags of a table that does not exist; the error does not reveal that."""
    if (service, operation) != ("dynamodb", "ListTagsOfResource"):
        return None
    arn = str(parameters.get("ResourceArn"))
    found = _ARN.fullmatch(arn)
    if found is not None and found["name"] in backend_of(dynamodb_backends, region).tables:
        return None
    return ServiceError(
        "AccessDeniedException",
        f"User: arn:aws:iam::{ACCOUNT_ID}:root is not authorized to perform: dynamodb:ListTagsOfResource on resource: "
        f"{arn}",
    )


@refuses
def time_to_live(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse the time to live of a table that does not exist."""
    if (service, operation) not in (("dynamodb", "UpdateTimeToLive"), ("dynamodb", "DescribeTimeToLive")):
        return None
    name = str(parameters.get("TableName")).rpartition("table/")[2]
    if name in backend_of(dynamodb_backends, region).tables:
        return None
    return ServiceError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


def _tagged(call: ControlCall) -> Table | None:
    found = _ARN.fullmatch(call.parameters["ResourceArn"])
    return None if found is None else backend_of(dynamodb_backends, call.region).tables.get(found["name"])
