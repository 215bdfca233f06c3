"""The partitions of a table in the catalogue.

https://docs.aws.amazon.com/athena/latest/ug/alter-table-add-partition.html, alter-table-drop-partition.html,
alter-table-rename-partition.html, msck-repair-table.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from sandbox.athena.catalogue import CatalogueTable
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult, texts
from sandbox.athena.errors import StatementError
from sandbox.athena.objects import split_location
from sandbox.athena.statements import forms
from sandbox.athena.statements.tokens import Name
from sandbox.athena.types import INTEGERS

_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def add(engine: AthenaEngine, statement: forms.AddPartitions, session: Session) -> StatementResult:
    """ALTER TABLE ADD PARTITION."""
    table = _partitioned(engine, statement.name, session)
    known = {partition.values for partition in engine.catalogue.partitions(table)}
    added: list[tuple[tuple[str, ...], str]] = []
    for partition in statement.partitions:
        values = _values(table, partition)
        if values in known:
            if statement.if_not_exists:
                continue
            raise StatementError("FAILED", f"{_TASK} AlreadyExistsException: Partition already exists.")
        known.add(values)
        added.append((values, partition.location or location_of(table, values)))
    engine.catalogue.add_partitions(table, added)
    return StatementResult()


def drop(engine: AthenaEngine, statement: forms.DropPartitions, session: Session) -> StatementResult:
    """ALTER TABLE DROP PARTITION: delete it from the catalogue; the objects stay."""
    table = _partitioned(engine, statement.name, session)
    listed = [partition.values for partition in engine.catalogue.partitions(table)]
    for comparisons in statement.partitions:
        chosen = [values for values in listed if _matches(table, values, comparisons)]
        if not chosen and not statement.if_exists:
            spec = ", ".join(f"{name}{sign}{value}" for name, sign, value in comparisons)
            raise StatementError("FAILED", f"SemanticException [Error 10006]: Partition not found ({spec})")
        for values in chosen:
            engine.catalogue.drop_partition(table, values)
            listed.remove(values)
    return StatementResult()


def rename(engine: AthenaEngine, statement: forms.RenamePartition, session: Session) -> StatementResult:
    """ALTER TABLE PARTITION RENAME TO PARTITION: change the values, with the same location."""
    table = _partitioned(engine, statement.name, session)
    old, new = _values(table, statement.old), _values(table, statement.new)
    found = {tuple(p["Values"]): p for p in engine.catalogue.raw_partitions(table.database, table.name)}
    if old not in found:
        raise StatementError(
            "FAILED", f"SemanticException [Error 10006]: Partition not found {dict(statement.old.values)}"
        )
    engine.catalogue.change_partition(table, old, found[old], Values=list(new))
    return StatementResult()


def repair(engine: AthenaEngine, statement: forms.Repair, session: Session) -> StatementResult:
    """MSCK REPAIR TABLE: add the partitions of the directories (key=value for each column) at the table's location."""
    table = _partitioned(engine, statement.name, session)
    if table.storage is None:
        raise StatementError("FAILED", f"{_TASK} {table.name} is a view")
    bucket, prefix = split_location(table.storage.location)
    path = "".join(f"{re.escape(column.name)}=([^/]+)/" for column in table.partition_columns)
    pattern = re.compile(re.escape(prefix) + path, re.IGNORECASE)
    known = {partition.values for partition in engine.catalogue.partitions(table)}
    found = {
        tuple(map(unquote, match.groups())): f"s3://{bucket}/{match[0]}"
        for item in engine.objects.list(bucket, prefix)
        if (match := pattern.match(item.key)) is not None
    }
    missing = sorted((values, place) for values, place in found.items() if values not in known)
    engine.catalogue.add_partitions(table, missing)
    written = [_path(table, values) for values, _ in missing]
    if not written:
        return StatementResult()
    first = " ".join(["Partitions not in metastore:", *(f"{table.name}:{partition}" for partition in written)])
    lines = [first, *(f"Repair: Added partition to metastore {table.name}:{partition}" for partition in written)]
    return texts([""], lines, update_count=None)


def location_of(table: CatalogueTable, values: tuple[str, ...]) -> str:
    """Hive's location of a partition that has no separate location."""
    base = table.storage.location if table.storage is not None else ""
    return f"{base.rstrip('/')}/{hive_path([c.name for c in table.partition_columns], values)}/"


def hive_path(names: list[str], values: tuple[str, ...]) -> str:
    """key=value/key=value with the characters escaped that Hive escapes in a path.

    common/src/java/org/apache/hadoop/hive/common/FileUtils.java of Hive, charToEscape
    """
    return "/".join(f"{name}={_escaped(value)}" for name, value in zip(names, values, strict=True))


def _escaped(value: str) -> str:
    return re.sub(r'[\x00-\x1f\x7f"#%\'*/:=?\\{\[\]^]', lambda found: f"%{ord(found[0]):02X}", value)


def _path(table: CatalogueTable, values: tuple[str, ...]) -> str:
    names = [column.name for column in table.partition_columns]
    return "/".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


def _partitioned(engine: AthenaEngine, name: Name, session: Session) -> CatalogueTable:
    table = engine.found(name, session.database)
    if not table.partition_columns:
        raise StatementError("FAILED", f"{_TASK} Table {table.name} is not a partitioned table")
    return table


def _values(table: CatalogueTable, partition: forms.Partition) -> tuple[str, ...]:
    """A partition's values in the order of the table's columns; the statement must name each."""
    given = dict(partition.values)
    names = [column.name for column in table.partition_columns]
    if set(given) != set(names):
        raise StatementError("FAILED", f"SemanticException [Error 10006]: partition spec {given} must name {names}")
    return tuple(given[name] for name in names)


def _matches(table: CatalogueTable, values: tuple[str, ...], comparisons: tuple[tuple[str, str, str], ...]) -> bool:
    types = {column.name: column.type.name for column in table.partition_columns}
    have = dict(zip(types, values, strict=True))
    for name, sign, value in comparisons:
        if name not in types:
            raise StatementError("FAILED", f"SemanticException [Error 10002]: Invalid column reference {name}")
        read = int if types[name] in INTEGERS else str
        try:
            if not _COMPARISONS[sign](read(have[name]), read(value)):
                return False
        except ValueError as error:
            raise StatementError("FAILED", f"SemanticException {value!r} is no value for {name}") from error
    return True
