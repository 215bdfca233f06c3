"""How rules read a resource's inputs: by a path of names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, cast

from components.audit.rule import Check
from components.explain.evidence import Case
from components.explain.graph import Resource

Fields = Mapping[str, Any]


def at(inputs: Any, path: str) -> Any:
    """The value at a path such as "a.b.0.c"; None if absent."""
    for name in path.split("."):
        match inputs:
            case dict():
                inputs = cast("Fields", inputs).get(name)
            case list():
                listed = cast("list[Any]", inputs)
                inputs = listed[int(name)] if int(name) < len(listed) else None
            case _:
                return None
    return inputs


def fields(inputs: Any, path: str) -> Fields:
    """The block at a path; empty if absent."""
    found = at(inputs, path)
    return cast("Fields", found) if isinstance(found, dict) else {}


def listed(inputs: Any, path: str) -> list[Any]:
    """The list at a path; empty if absent."""
    found = at(inputs, path)
    return cast("list[Any]", found) if isinstance(found, list) else []


def text(path: str, least: int, most: int, pattern: str = r"[\s\S]*") -> Check:
    """True if the text is absent, or has an allowed length and fully matches the pattern."""
    expression = re.compile(pattern)

    def holds(case: Case) -> bool:
        given = at(case.inputs, path)
        return given is None or (least <= len(given) <= most and expression.fullmatch(given) is not None)

    return holds


def number(path: str, low: float, high: float, *also: float) -> Check:
    """True if the number is absent, from `low` to `high`, or one of the extra values."""

    def holds(case: Case) -> bool:
        given = at(case.inputs, path)
        return given is None or given in also or low <= given <= high

    return holds


def one_of(path: str, values: Collection[Any]) -> Check:
    """True if the value is absent or one of the allowed values."""

    def holds(case: Case) -> bool:
        given = at(case.inputs, path)
        return given is None or given in values

    return holds


def each(path: str, holds: Callable[[Any], bool]) -> Check:
    """True if the check holds for each item of a list."""
    return lambda case: all(holds(one) for one in listed(case.inputs, path))


def both(*checks: Check) -> Check:
    """True if all checks hold."""
    return lambda case: all(check(case) for check in checks)


def document(value: Any) -> Fields:
    """A JSON text's object; empty if it is not an object."""
    try:
        found: Any = json.loads(value)
    except (TypeError, ValueError):
        return {}
    return cast("Fields", found) if isinstance(found, dict) else {}


def statements(policy: Any) -> list[Fields]:
    """The statements of a policy document, given as JSON text."""
    found: Any = document(policy).get("Statement", [])
    return cast("list[Fields]", found if isinstance(found, list) else [found])


def texts(value: Any) -> list[str]:
    """A text or a list of texts, as a list."""
    return (
        [] if value is None else [str(one) for one in cast("list[Any]", value if isinstance(value, list) else [value])]
    )


def lets(policy: Any, service: str, *actions: str) -> bool:
    """Whether a policy allows an AWS service all of these actions."""
    allowed = {
        action
        for one in statements(policy)
        if one.get("Effect") == "Allow" and service in texts(_services(one))
        for action in texts(one.get("Action"))
    }
    return set(actions) <= allowed


def waits_for(case: Case, type_: str, key: str, value: Any) -> bool:
    """Whether the resource is created after those of a type that have a value at a key."""
    needed = [one.urn for one in case.graph.of(type_) if one.inputs.get(key) == value]
    return bool(needed) and set(needed) <= set(case.resource.depends_on)


def role_named(case: Case, arn: Any) -> str:
    """The name of the stack's role with this ARN."""
    roles: Iterator[Resource] = (one for one in case.graph.of("aws:iam/role:Role") if one.state.get("arn") == arn)
    return next((str(one.inputs["name"]) for one in roles), "")


def waits_for_role_policy(path: str) -> Check:
    """True if the resource is created after its role's policy, not only after the role."""
    return lambda case: waits_for(
        case, "aws:iam/rolePolicy:RolePolicy", "role", role_named(case, at(case.inputs, path))
    )


def key_policy(case: Case) -> Any:
    """The policy of the stack's customer-managed key; None without one."""
    return next((one.inputs["policy"] for one in case.graph.of("aws:kms/key:Key")), None)


def _services(statement: Fields) -> Any:
    principal = statement.get("Principal")
    return cast("Fields", principal).get("Service") if isinstance(principal, dict) else None
