"""Replays a recorded trace as a workload."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random

from loadgen.dynamodb.item import item_size
from loadgen.schedule.plan import Plan
from loadgen.schedule.trace import Recorded, TracedOperation, load
from loadgen.workloads import custom
from loadgen.workloads.attributes import Value, attributes
from loadgen.workloads.custom import Delete, Get, ItemWrite, Put, QueryItems, Script, Update


class TraceScript:
    """Writes a trace's operations to a table; `keys` are its key attributes, `item_bytes` the padded size."""

    def __init__(self, path: Path, table: str, keys: tuple[str, ...], item_bytes: int = 0) -> None:
        self.tables = (table,)
        self._operations = load(path)
        self._keys = keys
        self._item_bytes = item_bytes

    def change(self, n: int, rng: Random, /) -> ItemWrite:  # noqa: ARG002 - a recorded operation has nothing random
        """Return operation n."""
        traced = self._operations[n % len(self._operations)]
        (table,) = self.tables
        key = traced.key if isinstance(traced.key, dict) else self._split(traced.key)
        match traced.op:
            case "get":
                return Get(table, key)
            case "query":
                return QueryItems(table, key)
            case "delete":
                return Delete(table, key)
            case "update":
                return Update(table, key, self._content(traced, key))
            case _:
                return Put(table, {**key, **self._content(traced, key)})

    def _split(self, text: str) -> dict[str, Value]:
        values = text.split("/", len(self._keys) - 1)
        if len(values) < len(self._keys):
            raise ValueError(f"the key {text!r} has not all of {', '.join(self._keys)}: join them by '/'")
        return dict(zip(self._keys, values, strict=True))

    def _content(self, traced: TracedOperation, key: dict[str, Value]) -> dict[str, Value]:
        """Return the attributes to write beside the key. Raises: ValueError: the item has another key."""
        if traced.item is not None:
            if other := [name for name, value in key.items() if traced.item.get(name, value) != value]:
                raise ValueError(f"the item has another {other[0]!r} than the key {traced.key!r}")
            return {name: value for name, value in traced.item.items() if name not in key}
        content: dict[str, Value] = {"version": traced.version}
        room = self._item_bytes - item_size(attributes({**key, **content, "padding": ""}))
        return content | {"padding": "x" * room} if room > 0 else content


def script(plan: Plan, name: str | None, table: str, keys: Mapping[str, tuple[str, ...]]) -> Script | None:
    """Return the script that replaces orders: the plan's trace, or the workload of this name. Raises: UserError."""
    if isinstance(plan.profile, Recorded):
        return TraceScript(Path(plan.profile.path), table, keys[table], plan.item_bytes)
    return None if name is None else custom.load(name, table)
