"""Glue: a crawler's schedule, configuration and targets.

rules/glue of badmintoncryer/cdk-preflight.
"""

from __future__ import annotations

import json
import re

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import fields, listed
from sandbox.refusals.registry import Asked, refuses

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


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("InvalidInputException", sentence)
