"""Contributor Insights of DynamoDB's tables: the keys that are read and written most, and those that are throttled.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html: an access counts
its read units and three times its write units, a throttle counts one. Those of a local index are the table's, because
it has the table's partitions and capacity
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ThroughputConsiderations). PartiQL's
calls and the throttles of an index's writes are not counted. The counts are in memory alone: a restart of the server
begins new ones.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from moto.dynamodb.models.table import Table as MotoTable

from sandbox.dynamodb.admission import ADMISSION
from sandbox.dynamodb.capacity import Consumed
from sandbox.dynamodb.items import Key
from sandbox.dynamodb.schema import KeySchema
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.dynamodb.usage import USAGE
from sandbox.monitoring.contributors import ContributorCounts
from sandbox.monitoring.recorder import RECORDER

ALL_KEYS, THROTTLED_KEYS = "ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS"
ENABLED, DISABLED = "ENABLED", "DISABLED"
ACCESSED_RULES, THROTTLED_RULES = ("PKC", "SKC"), ("PKT", "SKT")
TABLE = ""
"""The table itself, where a global index has its name."""
_KEPT = "sandbox_contributor_insights"
_PER_WRITE_UNIT = 3


class KeyInsights:
    """Contributor Insights of a table or of one of its global indexes, with a count for each of its rules.

    `rules` are the kinds of its rules: PKC and PKT of the partition keys accessed and throttled, SKC and SKT of these
    with the sort keys. Times are epoch seconds; `created_ms` is part of the rules' names.
    """

    def __init__(self) -> None:
        self.status: str = DISABLED
        self.mode: str = ALL_KEYS
        self.created_ms = 0
        self.updated_s = 0.0
        self.counts: dict[str, ContributorCounts] = {}

    def enable(self, mode: str | None, *, sorted_keys: bool, now_s: float) -> bool:
        """Enable it, or change its mode; return whether that changes anything.

        Without a mode it is that of all keys, also where it is enabled for throttled ones: finding DDB-TABLE-092 of
        ack-api-quirks, which has recorded AWS.
        """
        mode = mode or ALL_KEYS
        if (self.status, self.mode) == (ENABLED, mode):
            return False
        if self.status != ENABLED:
            self.created_ms = int(now_s * 1000)
            self.counts = {}
        self.status, self.mode, self.updated_s = ENABLED, mode, now_s
        kinds = (*(ACCESSED_RULES if mode == ALL_KEYS else ()), *THROTTLED_RULES)
        kept = [kind for kind in kinds if sorted_keys or kind.startswith("P")]
        self.counts = {kind: self.counts.get(kind) or ContributorCounts() for kind in kept}
        count_keys()
        return True

    def disable(self, now_s: float) -> bool:
        """Disable it; return whether it was enabled."""
        if self.status == DISABLED:
            return False
        self.status, self.updated_s, self.counts = DISABLED, now_s, {}
        return True

    def add(self, kinds: tuple[str, str], key: Key, value: float) -> None:
        """Count a value of a key in a rule of partition keys, and in one of these with sort keys."""
        now_s = time.time()
        if (of_partition := self.counts.get(kinds[0])) is not None:
            of_partition.add((key.hash,), value, now_s)
        if key.range and (of_both := self.counts.get(kinds[1])) is not None:
            of_both.add((key.hash, key.range), value, now_s)

    def __getstate__(self) -> dict[str, Any]:
        """The state without the counts, which a saved table does not have."""
        return vars(self) | {"counts": tuple(self.counts)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"counts": {kind: ContributorCounts() for kind in state["counts"]}})
        if self.status == ENABLED:
            count_keys()


class Watched(NamedTuple):
    """A rule: its name, what it belongs to, its kind and the names of its keys."""

    name: str
    insights: KeyInsights
    kind: str
    labels: tuple[str, ...]

    @property
    def counts(self) -> ContributorCounts:
        """The rule's counts."""
        return self.insights.counts[self.kind]


def insights_of(table: object, index: str = TABLE) -> KeyInsights | None:
    """Contributor Insights of moto's table or an index; None if they were never enabled."""
    return _kept(table).get(index)


def _kept(table: object) -> dict[str, KeyInsights]:
    """Contributor Insights by index; empty for a table without them, and without a control plane."""
    return getattr(table, _KEPT, {})


def kept_insights(table: MotoTable, index: str = TABLE) -> KeyInsights:
    """Contributor Insights of a table or an index, created if absent."""
    kept: dict[str, KeyInsights] = vars(table).setdefault(_KEPT, {})
    return kept.setdefault(index, KeyInsights())


def watched(table: MotoTable, index: str = TABLE) -> list[Watched]:
    """The rules of a table, or of one of its indexes."""
    insights = insights_of(table, index)
    if insights is None:
        return []
    resource = f"{table.name}-{index}" if index else table.name
    schema: Any = next((each.schema for each in table.global_indexes if each.name == index), table.schema)
    names = {element["KeyType"]: element["AttributeName"] for element in schema}
    labels = tuple(names[kind] for kind in ("HASH", "RANGE") if kind in names)
    return [
        Watched(
            f"DynamoDBContributorInsights-{kind}-{resource}-{insights.created_ms}",
            insights,
            kind,
            labels if kind.startswith("S") else labels[:1],
        )
        for kind in insights.counts
    ]


def places(table: MotoTable) -> Iterator[str]:
    """The table itself, then its global indexes."""
    yield TABLE
    yield from sorted(index.name for index in table.global_indexes)


def count_keys() -> None:
    """Count the keys of all later calls."""
    USAGE.keys = _KEYS


class _KeyCounter:
    """Counts the keys of the tables for which that is enabled. Not thread-safe."""

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int) -> None:
        """Count the keys of writes, in the table and in its indexes."""
        if not _counts():
            return
        for table, change in changes:
            kept = _kept(table.owner)
            if not kept:
                continue
            consumed = Consumed(table.schema)
            consumed.add_write(table, change, factor)
            if TABLE in kept:
                local = sum(units for name, units in consumed.indexes.items() if _place(table, name) == TABLE)
                kept[TABLE].add(ACCESSED_RULES, change.key, _PER_WRITE_UNIT * (consumed.table + local))
            for name, units in consumed.indexes.items():
                if name in kept and (key := _index_key(table.schema.indexes[name].key, change)) is not None:
                    kept[name].add(ACCESSED_RULES, key, _PER_WRITE_UNIT * units)

    def read(self, table: StoredTable, key: Key, units: float, index: str | None) -> None:
        """Count the key of a read; one without a sort key is of a whole partition."""
        if _counts() and (insights := insights_of(table.owner, _place(table, index))) is not None:
            insights.add(ACCESSED_RULES, key, units)

    def throttled(self, table: StoredTable, key: Key, index: str | None) -> None:
        """Count the key of a throttled call."""
        if _counts() and (insights := insights_of(table.owner, _place(table, index))) is not None:
            insights.add(THROTTLED_RULES, key, 1)


def _place(table: StoredTable, index: str | None) -> str:
    """Return what counts the calls of an index: itself if it is global, else the table."""
    return index if index is not None and table.schema.indexes[index].kind == "Global" else TABLE


def _counts() -> bool:
    return RECORDER.on and not ADMISSION.operation.startswith(("Execute", "BatchExecute"))


def _index_key(schema: KeySchema, change: ItemChange) -> Key | None:
    """The key of a change in an index: that after it, or else the one before."""
    for item in (change.new, change.old):
        attributes = {} if item is None else item.attributes
        if all(part.name in attributes for part in schema):
            return schema.key_of(attributes)
    return None


_KEYS = _KeyCounter()
