"""The names of Firehose's objects: evaluated prefix, stream, version, time, random part, extension.

https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, tzinfo

from sandbox.datepatterns import DatePatternError
from sandbox.datepatterns.java import write

PartitionKeys = Mapping[str, str]

_EXPRESSION = re.compile(r"!\{([^:{}]*):([^{}]*)\}")
_DEFAULT_TIME = "yyyy/MM/dd/HH/"
_RANDOM_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LONGEST_PREFIX = 512


class PrefixError(ValueError):
    """A prefix that Firehose refuses; its text is the reason."""


def object_prefix(prefix: str, moment: datetime, keys: PartitionKeys) -> str:
    """The evaluated Prefix of delivered data.

    `moment` is the arrival of the oldest record in the object, in the stream's time zone. A prefix without expressions
    gets the default time path appended. `keys` are the values by namespace:name of dynamic partitioning, e.g.
    {"partitionKeyFromLambda:region": "EMEA"}.
    """
    if "!{" not in prefix:
        return prefix + write(_DEFAULT_TIME, moment)
    return _evaluate(prefix, moment, {}, keys)


def error_prefix(prefix: str, error_prefix: str | None, error_type: str, moment: datetime) -> str:
    """The evaluated ErrorOutputPrefix for an error type such as processing-failed."""
    if error_prefix is None:
        return f"{prefix}{error_type}/" + write(_DEFAULT_TIME, moment)
    return _evaluate(error_prefix, moment, {"error-output-type": error_type}, {})


def check_prefixes(prefix: str, error_prefix_text: str | None) -> None:
    """Raise PrefixError for a prefix that CreateDeliveryStream refuses."""
    has_expressions = "!{" in prefix
    if error_prefix_text is None and has_expressions:
        raise PrefixError("ErrorOutputPrefix is needed when Prefix contains expressions")
    if "!{firehose:error-output-type}" in prefix:
        raise PrefixError("!{firehose:error-output-type} is only allowed in ErrorOutputPrefix")
    for text in (prefix, error_prefix_text or ""):
        rest = _EXPRESSION.sub("", text)
        if "!{" in rest:
            raise PrefixError(f"{text!r} has an expression that is not of the form !{{namespace:value}}")
        for namespace, value in _EXPRESSION.findall(text):
            _check_expression(namespace, value)
    if error_prefix_text and "!{" in error_prefix_text and "!{firehose:error-output-type}" not in error_prefix_text:
        raise PrefixError("ErrorOutputPrefix with expressions must contain !{firehose:error-output-type}")


def partition_expressions(prefix: str) -> list[str]:
    """The namespace:name of every partition key in a prefix."""
    return [f"{namespace}:{name}" for namespace, name in _EXPRESSION.findall(prefix) if "partitionKey" in namespace]


def object_name(stream: str, version: str, moment: datetime, extension: str) -> str:
    """The part of a key after its prefix: <stream>-<version>-yyyy-MM-dd-HH-mm-ss-<uuid><extension>."""
    return f"{stream}-{version}-{write('yyyy-MM-dd-HH-mm-ss', moment)}-{uuid.uuid4()}{extension}"


def in_zone(epoch_s: float, zone: tzinfo) -> datetime:
    """A moment in the stream's time zone."""
    return datetime.fromtimestamp(epoch_s, zone)


def _check_expression(namespace: str, value: str) -> None:
    if namespace == "timestamp":
        try:
            write(value, datetime(2000, 1, 1).astimezone())
        except DatePatternError as error:
            raise PrefixError(str(error)) from error
    elif namespace == "firehose":
        if value not in {"random-string", "error-output-type"}:
            raise PrefixError(f"!{{firehose:{value}}} is not an expression")
    elif namespace not in {"partitionKeyFromLambda", "partitionKeyFromQuery"}:
        raise PrefixError(f"{namespace!r} is not a namespace of prefixes")


def _evaluate(text: str, moment: datetime, firehose: Mapping[str, str], keys: PartitionKeys) -> str:
    def value(expression: re.Match[str]) -> str:
        namespace, name = expression.groups()
        if namespace == "timestamp":
            return write(name, moment)
        if namespace == "firehose":
            return firehose[name] if name in firehose else _random_string()
        return keys[f"{namespace}:{name}"]

    return _EXPRESSION.sub(value, text)[:_LONGEST_PREFIX]


def _random_string() -> str:
    return "".join(secrets.choice(_RANDOM_ALPHABET) for _ in range(11))
