"""The objects that a query reads: the table's pruned partitions and their objects.

A projected table's partitions are never enumerated: the keys under the longest prefix that the query allows are listed,
and each is matched with the location template (`projection` determines whether its values are projected).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.athena.catalogue import CataloguePartition, CatalogueTable, GlueCatalogue, Storage
from sandbox.athena.errors import StatementError
from sandbox.athena.files import DEFAULT_PARTITION
from sandbox.athena.objects import Objects, S3Object, split_location
from sandbox.athena.projection import Dates, Injected, Projection, projections

_MAX_PREFIXES = 16
"""The maximum of prefixes that are listed separately; more are listed by their common prefix."""

Values = tuple[str, ...]
Prune = Callable[[list[Values]], list[Values]]
"""Returns those of the given partitions that the query may need."""


@dataclass(frozen=True)
class Constraint:
    """A query's constraint on one partition column, as text: one of `values`, or from `low` to `high`.

    An open bound is outside.
    """

    values: frozenset[str] | None = None
    low: str | None = None
    high: str | None = None
    low_open: bool = False
    high_open: bool = False

    def allows(self, text: str) -> bool:
        """Whether a column of type varchar may have this value; Hive's name of NULL's partition is not a value."""
        if text == DEFAULT_PARTITION or (self.values is not None and text not in self.values):
            return False
        if self.low is not None and (text < self.low or (self.low_open and text == self.low)):
            return False
        return self.high is None or text < self.high or (text == self.high and not self.high_open)


@dataclass(frozen=True)
class Found:
    """An object that a query reads, its partition's values, and its storage format."""

    item: S3Object
    values: Values
    storage: Storage


@dataclass(frozen=True)
class Finder:
    """Finds the objects of tables. `now` returns the time for projections, UTC without a zone."""

    catalogue: GlueCatalogue
    objects: Objects
    now: Callable[[], datetime]

    def find(self, table: CatalogueTable, constraints: Mapping[str, Constraint], prune: Prune) -> list[Found]:
        """The objects of a table's partitions that a query may need."""
        if table.storage is None:
            raise ValueError(f"{table.name} is a view")
        if table.objects is not None:
            return [Found(item, (), table.storage) for item in table.objects]
        names = [column.name for column in table.partition_columns]
        if not names:
            bucket, prefix = split_location(table.storage.location)
            return [Found(o, (), table.storage) for o in self.objects.list(bucket, prefix) if _visible(o.key, prefix)]
        projected = projections(names, table.parameters)
        if projected is None:
            return self._in_catalogue(table, prune)
        return self._projected(table, table.storage, projected, constraints, prune)

    def _in_catalogue(self, table: CatalogueTable, prune: Prune) -> list[Found]:
        by_values = {partition.values: partition for partition in self.catalogue.partitions(table)}
        wanted = [by_values[values] for values in prune(list(by_values))]
        by_place: dict[tuple[str, str], CataloguePartition] = {
            split_location(partition.storage.location): partition for partition in wanted
        }
        found: list[Found] = []
        for bucket in {bucket for bucket, _ in by_place}:
            prefixes = [prefix for place, prefix in by_place if place == bucket]
            for item in self._list(bucket, prefixes):
                for end in _directories(item.key):
                    partition = by_place.get((bucket, item.key[:end]))
                    if partition is not None:
                        if _visible(item.key, item.key[:end]):
                            found.append(Found(item, partition.values, partition.storage))
                        break
        return found

    def _projected(
        self,
        table: CatalogueTable,
        storage: Storage,
        projected: Mapping[str, Projection],
        constraints: Mapping[str, Constraint],
        prune: Prune,
    ) -> list[Found]:
        for name, projection in projected.items():
            if isinstance(projection, Injected) and (name not in constraints or constraints[name].values is None):
                message = (
                    f"For the injected projected partition column {name}, the WHERE clause must contain only static "
                    "equality conditions, and at least one such condition must be present."
                )
                raise StatementError("CONSTRAINT_VIOLATION", message)
        bucket, template = split_location(_template(table, storage))
        matcher, order = _matcher(template, projected)
        now = self.now()
        seen: dict[Values, Values | None] = {}
        matched: list[tuple[S3Object, Values, str]] = []
        for item in self._list(bucket, _prefixes(template, constraints), _after(template, constraints)):
            match = matcher.match(item.key)
            if match is None:
                continue
            groups = match.groups()
            if groups not in seen:
                seen[groups] = _values(dict(zip(order, groups, strict=True)), projected, now)
            values = seen[groups]
            if values is not None and _visible(item.key, match[0]):
                matched.append((item, values, match[0]))
        kept = set(prune(sorted({values for _, values, _ in matched})))
        return [Found(item, values, storage) for item, values, _ in matched if values in kept]

    def _list(self, bucket: str, prefixes: list[str], after: str = "") -> Iterable[S3Object]:
        if len(prefixes) > _MAX_PREFIXES:
            prefixes = [_common_start(prefixes)]
        found = {item.key: item for prefix in prefixes for item in self.objects.list(bucket, prefix, after)}
        return found.values()


def _values(named: Mapping[str, str], projected: Mapping[str, Projection], now: datetime) -> Values | None:
    if all(projection.contains(named[name], now) for name, projection in projected.items()):
        return tuple(named[name] for name in projected)
    return None


def _template(table: CatalogueTable, storage: Storage) -> str:
    template = str(table.parameters.get("storage.location.template") or "").strip()
    if template:
        return template
    location = storage.location if storage.location.endswith("/") else storage.location + "/"
    return location + "".join(f"{c.name}=${{{c.name}}}/" for c in table.partition_columns)


def _matcher(template: str, projected: Mapping[str, Projection]) -> tuple[re.Pattern[str], list[str]]:
    """The pattern that extracts the partition's values from a key, and the columns in its order."""
    parts = _parts(template)
    pattern, order = [re.escape(parts[0])], list[str]()
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        if name not in projected:
            raise StatementError(
                "HIVE_INVALID_METADATA", f"storage.location.template names {name}, which is not a partition column"
            )
        projection = projected[name]
        slashes = projection.format.count("/") if isinstance(projection, Dates) else 0
        if name in order:
            pattern.append(rf"\{order.index(name) + 1}")
        else:
            pattern.append(f"({'/'.join(['[^/]+'] * (slashes + 1))})")
            order.append(name)
        pattern.append(re.escape(literal))
    missing = set(projected) - set(order)
    if missing:
        raise StatementError("HIVE_INVALID_METADATA", f"storage.location.template lacks {', '.join(sorted(missing))}")
    return re.compile("".join(pattern)), order


def _prefixes(template: str, constraints: Mapping[str, Constraint]) -> list[str]:
    """Prefixes that together cover every key of the partitions that the constraints allow."""
    parts = _parts(template)
    prefixes = [parts[0]]
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        constraint = constraints.get(name, Constraint())
        if constraint.values is not None and len(prefixes) * len(constraint.values) <= _MAX_PREFIXES:
            prefixes = [f"{prefix}{value}{literal}" for prefix in prefixes for value in sorted(constraint.values)]
            continue
        if constraint.values:
            common = _common_start(constraint.values)
        elif constraint.low is not None and constraint.high is not None:
            common = _common_start([constraint.low, constraint.high])
        else:
            common = ""
        return [prefix + common for prefix in prefixes]
    return prefixes


def _after(template: str, constraints: Mapping[str, Constraint]) -> str:
    """What every key of the allowed partitions is behind, or "": its first value follows the template's start."""
    start, *rest = _parts(template)
    low = constraints.get(rest[0], Constraint()).low if rest else None
    return "" if low is None else start + low


def _common_start(texts: Iterable[str]) -> str:
    """The common prefix of all texts and of every text that sorts between two of them."""
    first, last = min(texts := list(texts)), max(texts)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


def _parts(template: str) -> list[str]:
    """A location template split at its ${column}s: literal, column, literal, column, … literal."""
    parts = re.split(r"\$\{([^}]*)\}", template)
    if "" in parts[2:-1:2]:
        raise StatementError("HIVE_INVALID_METADATA", "storage.location.template needs text between any two columns")
    return parts


def _directories(key: str) -> Iterable[int]:
    """The end of each of a key's directories, innermost first; the last is 0, the bucket."""
    end = len(key)
    while (end := key.rfind("/", 0, end)) >= 0:
        yield end + 1
    yield 0


def _visible(key: str, prefix: str) -> bool:
    """Return whether Hive reads a file: it ignores files and directories whose names start with _ or a dot."""
    return not any(part.startswith(("_", ".")) for part in key[len(prefix) :].split("/"))
