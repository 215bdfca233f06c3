"""Access to unvalidated parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Fields = Mapping[str, Any]


def fields(value: Any) -> Fields:
    """A structure's members, empty for other values."""
    return cast("Fields", value) if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Fields]:
    """A list of structures; a single one is a list of one, as in a policy's statements."""
    if value is None:
        return []
    return [fields(one) for one in cast("list[Any]", value if isinstance(value, list) else [value])]


def texts(value: Any) -> list[str]:
    """A list of strings; a single one is a list of one, as in a statement's actions."""
    if value is None:
        return []
    return [str(one) for one in cast("list[Any]", value if isinstance(value, list) else [value])]
