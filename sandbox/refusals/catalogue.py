"""Glue: a crawler's schedule, configuration and targets, a partition's values, and an expression of names.

rules/glue of badmintoncryer/cdk-preflight.
"""

from __future__ import annotations

import json
import re

from moto.glue.models import glue_backends

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import fields, listed
from sandbox.refusals.registry import Asked, refuses
from sandbox.state import ACCOUNT_ID

_CRON = re.compile(r"cron\((.*)\)", re.IGNORECASE)
_CRON_FIELDS = 6


@refuses("glue", "CreateCrawler", "UpdateCrawler")
def schedule(asked: Asked) -> ServiceError | None:
    """Refuse a schedule that is not a cron of six fields with "?" for either the day of the month or of the week."""
    text = asked.get("Schedule")
    if not text:
        return None
    found = _CRON.fullmatch(text)
    if found is None:
        return _invalid("Invalid schedule cron expression. Expected format: Cron(CRON_EXPRESSION)")
    fields = found[1].split()
    if len(fields) != _CRON_FIELDS or (fields[2] == "?") == (fields[4] == "?"):
        return _invalid(f"Invalid schedule cron expression: {text}")
    return None


@refuses("glue", "CreateCrawler", "UpdateCrawler")
def configuration(asked: Asked) -> ServiceError | None:
    """Refuse a configuration that is not JSON with a number as its version."""
    text = asked.get("Configuration")
    if not text:
        return None
    try:
        document = fields(json.loads(text))
    except ValueError:
        return _invalid("Crawler configuration not valid: Error parsing JSON")
    version = document.get("Version")
    if isinstance(version, str):
        return _invalid("Crawler configuration not valid: Version type invalid: expected Double, received String")
    return None


@refuses("glue", "CreateCrawler", "UpdateCrawler")
def targets(asked: Asked) -> ServiceError | None:
    """Refuse an S3 path that starts with a slash."""
    if any(str(target.get("Path", "")).startswith("/") for target in listed(asked.at("Targets.S3Targets"))):
        return _invalid("Invalid S3 Target Path")
    return None


@refuses("glue", "BatchCreatePartition", "CreatePartition")
def values(asked: Asked) -> ServiceError | None:
    """Refuse a partition with more or fewer values than its table has keys: pf-glue-partition-values-match-keys."""
    database = glue_backends[ACCOUNT_ID][asked.region].databases.get(asked.get("DatabaseName"))
    table = None if database is None else database.tables.get(asked.get("TableName"))
    if table is None:
        return None
    count = len(table.as_dict().get("PartitionKeys") or ())
    given = listed(asked.get("PartitionInputList") or asked.get("PartitionInput"))
    if all(len(one.get("Values") or ()) == count for one in given):
        return None
    return _invalid("The number of partition keys do not match the number of partition values")


@refuses("glue", "GetTables")
def expression(asked: Asked) -> ServiceError | None:
    """Refuse an expression of names that is no regular expression; the sentence is the sandbox's."""
    try:
        re.compile(asked.get("Expression") or "")
    except re.error as error:
        return _invalid(f"Invalid expression: {error}")
    return None


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("InvalidInputException", sentence)
