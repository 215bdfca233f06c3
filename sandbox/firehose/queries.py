"""The jq queries of dynamic partitioning, limited to paths: {customer: .customer_id, device: .type.device}.

https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html
"""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

Query = dict[str, tuple[str, ...]]

_FIELD = re.compile(r"\s*(?:\"([^\"]+)\"|(\w+))\s*:\s*((?:\.\w+)+)\s*(?:,|$)")


class ProcessingQueryError(ValueError):
    """An unsupported query."""


def parse_query(text: str | None) -> Query:
    """Return the path in a record for each partition key.

    Raises:
        ProcessingQueryError: the query is more than paths.
    """
    if text is None:
        return {}
    body = text.strip()
    if not (body.startswith("{") and body.endswith("}")):
        raise ProcessingQueryError(f"the partitioning query {text!r} is not an object")
    query: Query = {}
    body, position = body[1:-1], 0
    while position < len(body.rstrip()):
        entry = _FIELD.match(body, position)
        if entry is None:
            raise ProcessingQueryError(
                f"the partitioning query {text!r} has more than paths, and only paths are supported"
            )
        query[entry[1] or entry[2]] = tuple(entry[3].split(".")[1:])
        position = entry.end()
    return query


def partition_keys(query: Query, data: bytes) -> dict[str, str] | None:
    """The values of the query's keys in a JSON record; None if one is missing or not a scalar."""
    try:
        record: Any = msgspec.json.decode(data) if query else None
    except msgspec.DecodeError:
        return None
    keys: dict[str, str] = {}
    for name, path in query.items():
        value = record
        for step in path:
            value = cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None
        if value is None or isinstance(value, (dict, list)):
            return None
        keys[name] = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return keys
