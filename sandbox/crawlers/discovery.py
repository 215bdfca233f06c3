"""Tables and partitions among the keys under a crawler's target.

Glue's rule: if the folders of one level have similar objects, the folder above them is the table and they are its
partitions. A configuration may set the level instead (1 is the bucket) or combine compatible schemas.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sandbox.athena.objects import S3Object
from sandbox.crawlers.columns import Columns, Sample, merge, settled, similarity

_ALIKE = 0.7
_SAMPLES_A_FOLDER = 10


@dataclass(frozen=True)
class Rules:
    """The settings of a crawler that affect discovery.

    `table_level` counts from the bucket as 1; `sample_size` objects per folder are read; keys that match one of
    `exclusions` (globs, relative to the target) are ignored.
    """

    table_level: int | None = None
    combine: bool = False
    sample_size: int | None = None
    exclusions: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoundTable:
    """A discovered table. `partitions` are values by the location's prefix, in the order of `partition_keys`."""

    bucket: str
    prefix: str
    classification: str
    compression: str
    columns: Columns
    partition_keys: tuple[str, ...]
    partitions: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    objects: int = 0
    size_bytes: int = 0
    rows: int = 0

    @property
    def location(self) -> str:
        """The table's location."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def folder(self) -> str:
        """The name of its folder, the base of its name; the bucket's at the top level."""
        return (self.prefix.rstrip("/").rpartition("/")[2] or self.bucket).partition("=")[0]


def find(
    bucket: str, prefix: str, objects: Iterable[S3Object], rules: Rules, sample: Callable[[S3Object], Sample | None]
) -> list[FoundTable]:
    """The tables under a target's prefix (which ends in / or is empty); `sample` reads one object."""
    folders: dict[str, list[S3Object]] = {}
    for item in objects:
        if _is_data(item.key, prefix, rules.exclusions):
            folders.setdefault(item.key[: item.key.rfind("/") + 1], []).append(item)
    samples = {folder: _samples(items, rules.sample_size, sample) for folder, items in folders.items()}
    readable = {folder: found for folder, found in samples.items() if found}
    tables = [_table(bucket, root, members, folders, readable) for root, members in _roots(prefix, readable, rules)]
    return sorted(tables, key=lambda table: table.prefix)


def _is_data(key: str, prefix: str, exclusions: tuple[str, ...]) -> bool:
    relative = key[len(prefix) :]
    hidden = any(part.startswith(("_", ".")) for part in relative.split("/"))
    return not hidden and not any(fnmatchcase(relative, pattern.replace("**", "*")) for pattern in exclusions)


def _samples(items: list[S3Object], size: int | None, sample: Callable[[S3Object], Sample | None]) -> list[Sample]:
    """Classify a sample of a folder's objects: the latest, and others drawn deterministically."""
    chosen = random.Random(0)  # noqa: S311 - a sample, not a secret
    wanted = min(size or _SAMPLES_A_FOLDER, len(items))
    return [found for item in chosen.sample(items, wanted) if (found := sample(item)) is not None]


def _roots(prefix: str, samples: Mapping[str, list[Sample]], rules: Rules) -> list[tuple[str, list[str]]]:
    """The prefix of each table and its folders."""
    if not samples:
        return []
    if rules.table_level is not None:
        by_root: dict[str, list[str]] = {}
        for folder in samples:
            parts = folder.split("/")[: max(rules.table_level - 1, 0)]
            root = "/".join(parts) + "/" if parts and folder else ""
            by_root.setdefault(root if root.rstrip("/") else "", []).append(folder)
        return list(by_root.items())
    return _split(prefix, list(samples), samples, combine=rules.combine)


def _split(
    root: str, folders: list[str], samples: Mapping[str, list[Sample]], *, combine: bool
) -> list[tuple[str, list[str]]]:
    """One table if all folders under a root have similar objects, otherwise the tables of each folder."""
    kinds = {found.classification for folder in folders for found in samples[folder]}
    first = samples[folders[0]][0].columns
    alike = all(similarity(first, found.columns) >= _ALIKE for folder in folders for found in samples[folder])
    below: dict[str, list[str]] = {}
    for folder in folders:
        rest = folder[len(root) :]
        below.setdefault(root + rest.partition("/")[0] + "/" if rest else root, []).append(folder)
    one = len(kinds) == 1 and (alike or combine)
    if one or root in below:
        return [(root, folders)]
    return [table for child, members in below.items() for table in _split(child, members, samples, combine=combine)]


def _table(
    bucket: str,
    root: str,
    members: list[str],
    folders: Mapping[str, list[S3Object]],
    samples: Mapping[str, list[Sample]],
) -> FoundTable:
    found = [sample for folder in members for sample in samples[folder]]
    keys = _partition_keys(root, members)
    partitions = {
        folder: tuple(part.partition("=")[2] if "=" in part else part for part in _parts(root, folder))
        for folder in members
        if keys and len(_parts(root, folder)) == len(keys)
    }
    items = [item for folder in members for item in folders[folder]]
    columns = {name: t for name, t in settled(merge(s.columns for s in found)).items() if name not in keys}
    read_rows = sum(sample.rows for sample in found)
    return FoundTable(
        bucket=bucket,
        prefix=root,
        classification=found[0].classification,
        compression=found[0].compression,
        columns=columns,
        partition_keys=keys,
        partitions=partitions,
        objects=len(items),
        size_bytes=sum(item.size for item in items),
        rows=read_rows * len(items) // max(len(found), 1),
    )


def _partition_keys(root: str, members: list[str]) -> tuple[str, ...]:
    """key of each key=value folder below the table; partition_0, … for a folder with only a value."""
    parts = max((_parts(root, folder) for folder in members), key=len)
    return tuple(
        re.sub(r"\W", "_", part.partition("=")[0]).lower() if "=" in part else f"partition_{i}"
        for i, part in enumerate(parts)
    )


def _parts(root: str, folder: str) -> list[str]:
    return [part for part in folder[len(root) :].split("/") if part]
