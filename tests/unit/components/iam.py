"""IAM's evaluation of one role's policy: allowed where a statement allows and none denies.

As in the IAM User Guide's evaluation logic, for identity policies with the condition operators that the program uses. A
condition whose key is missing in the request is not met, unless its operator says IfExists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """A request that a service makes with the role: the action, on a resource, in a context."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])


def allows(document: str, call: Call) -> bool:
    """Return whether a policy, as JSON text, allows a call."""
    matching = [statement for statement in json.loads(document)["Statement"] if _matches(statement, call)]
    effects = {statement["Effect"] for statement in matching}
    return effects == {"Allow"}


def _matches(statement: Mapping[str, Any], call: Call) -> bool:
    actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    return (
        any(_like(pattern.lower(), call.action.lower()) for pattern in actions)
        and any(_like(pattern, call.resource) for pattern in statement.get("Resource", ["*"]))
        and all(
            _holds(operator, str(value), call.context.get(key))
            for operator, keys in statement.get("Condition", {}).items()
            for key, value in keys.items()
        )
    )


def _holds(operator: str, value: str, carried: str | None) -> bool:
    if carried is None:
        return operator.endswith("IfExists")
    return _OPERATORS[operator.removesuffix("IfExists")](value, carried)


def _like(pattern: str, text: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text) is not None


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda pattern, text: pattern == text,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda pattern, text: pattern.lower() == text.lower(),
}
