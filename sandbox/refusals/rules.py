"""EventBridge: rules of patterns and targets.

events/ of localstack/localstack (recorded on AWS), rules/events of badmintoncryer/cdk-preflight.
"""

from __future__ import annotations

import re

from sandbox.front.reply import ServiceError
from sandbox.refusals import patterns
from sandbox.refusals.given import Fields, fields, listed
from sandbox.refusals.registry import Asked, refuses

_LARGEST_PATTERN = 2048
_PLACEHOLDER = re.compile(r"<([^<>]+)>")
_RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?!0+ |1 )\d+ (?:minute|hour|day)s)\)")
_CRON = re.compile(r"cron\((?:\S+ ){5}\S+\)")
_INPUTS = ("Input", "InputPath", "InputTransformer")


@refuses("events", "PutRule")
def pattern(asked: Asked) -> ServiceError | None:
    """Refuse a pattern that is invalid or longer than 2,048 characters."""
    text = asked.get("EventPattern")
    if not text:
        return None
    if len(text) > _LARGEST_PATTERN:
        sentence = f"Parameter EventPattern for rule {asked.get('Name')} exceeds limit of {_LARGEST_PATTERN}."
        return ServiceError("ValidationException", sentence)
    why = patterns.complaint(text)
    # moto reports invalid JSON.
    return ServiceError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {why}") if why else None


@refuses("events", "PutRule")
def schedule(asked: Asked) -> ServiceError | None:
    """Refuse a schedule that is neither a rate, whose unit agrees with its value, nor a cron of six fields.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
    """
    text = asked.get("ScheduleExpression")
    if not text or _RATE.fullmatch(text) or _CRON.fullmatch(text):
        return None
    return ServiceError("ValidationException", "Parameter ScheduleExpression is not valid.")


@refuses("events", "PutTargets")
def targets(asked: Asked) -> ServiceError | None:
    """Refuse a target with several kinds of input, an undeclared placeholder, or a non-standard dead-letter queue."""
    for target in listed(asked.get("Targets")):
        sentence = _complaint(target)
        if sentence is not None:
            return ServiceError("ValidationException", sentence)
    return None


def _complaint(target: Fields) -> str | None:
    if sum(bool(target.get(name)) for name in _INPUTS) > 1:
        return f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
    transformer = fields(target.get("InputTransformer"))
    declared = fields(transformer.get("InputPathsMap"))
    for name in (found[1] for found in _PLACEHOLDER.finditer(transformer.get("InputTemplate") or "")):
        if name not in declared and not name.startswith("aws.events."):
            return f"InputTemplate for target {target['Id']} contains invalid placeholder {name}."
    queue = str(fields(target.get("DeadLetterConfig")).get("Arn") or "")
    service = queue.split(":")[2] if queue.count(":") > 1 else ""
    if service and service != "sqs":
        return f"{service} is not supported as a dead letter resource"
    return "SQS FIFO is not supported by Dead Letter Queues" if queue.endswith(".fifo") else None
