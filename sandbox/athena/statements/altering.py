"""ALTER: https://docs.aws.amazon.com/athena/latest/ug/alter-table-add-partition.html and the pages beside it."""

from __future__ import annotations

from sandbox.athena.statements import forms
from sandbox.athena.statements.forms import Partition, Statement
from sandbox.athena.statements.parts import (
    column,
    columns,
    hive_name,
    partition,
    partition_filter,
    partition_values,
)
from sandbox.athena.statements.tokens import Name, Reader


def alter(reader: Reader) -> Statement:
    """Read a statement that begins with ALTER."""
    reader.take("ALTER")
    if reader.accepts("DATABASE") or reader.accepts("SCHEMA"):
        statement = _database(reader)
    else:
        reader.take("TABLE")
        statement = _table(reader, hive_name(reader))
    reader.end()
    return statement


def _database(reader: Reader) -> Statement:
    name = reader.identifier()
    reader.take("SET", "DBPROPERTIES")
    return forms.AlterDatabase(name, reader.properties())


def _table(reader: Reader, name: Name) -> Statement:
    if reader.accepts("ADD"):
        return _add(reader, name, None)
    if reader.accepts("DROP"):
        return _drop(reader, name)
    if reader.accepts("REPLACE"):
        return _replace(reader, name, None)
    if reader.accepts("SET"):
        return _set(reader, name, None)
    if reader.accepts("UNSET", "TBLPROPERTIES", "("):
        keys = [reader.string()]
        while reader.accepts(","):
            keys.append(reader.string())
        reader.take(")")
        return forms.SetProperties(name, {}, tuple(keys))
    if reader.accepts("CHANGE"):
        return _change(reader, name)
    if reader.accepts("RENAME"):
        reader.take("TO")
        return forms.RenameTable(name, reader.name())
    if reader.sees("PARTITION"):
        return _of_partition(reader, name)
    return reader.fail("ADD", "CHANGE", "DROP", "PARTITION", "RENAME", "REPLACE", "SET", "UNSET")


def _of_partition(reader: Reader, name: Name) -> Statement:
    chosen = Partition(partition_values(reader))
    if reader.accepts("RENAME"):
        reader.take("TO")
        return forms.RenamePartition(name, chosen, Partition(partition_values(reader)))
    if reader.accepts("ADD"):
        return _add(reader, name, chosen)
    if reader.accepts("REPLACE"):
        return _replace(reader, name, chosen)
    reader.take("SET")
    return _set(reader, name, chosen)


def _add(reader: Reader, name: Name, chosen: Partition | None) -> Statement:
    if reader.accepts("COLUMNS"):
        return forms.AddColumns(name, columns(reader), chosen)
    if_not_exists = reader.accepts("IF", "NOT", "EXISTS")
    if not reader.sees("PARTITION"):
        reader.fail("COLUMNS", "IF", "PARTITION")
    added: list[Partition] = []
    while reader.sees("PARTITION"):
        added.append(partition(reader))
        reader.accepts(",")
    return forms.AddPartitions(name, tuple(added), if_not_exists)


def _drop(reader: Reader, name: Name) -> Statement:
    if reader.accepts("COLUMN"):
        return forms.DropColumn(name, reader.identifier())
    if_exists = reader.accepts("IF", "EXISTS")
    dropped = [partition_filter(reader)]
    while reader.accepts(","):
        dropped.append(partition_filter(reader))
    reader.accepts("PURGE")
    return forms.DropPartitions(name, tuple(dropped), if_exists)


def _replace(reader: Reader, name: Name, chosen: Partition | None) -> Statement:
    reader.take("COLUMNS")
    return forms.ReplaceColumns(name, columns(reader), chosen)


def _set(reader: Reader, name: Name, chosen: Partition | None) -> Statement:
    if reader.accepts("LOCATION"):
        return forms.SetLocation(name, reader.string(), chosen)
    reader.take("TBLPROPERTIES")
    return forms.SetProperties(name, reader.properties())


def _change(reader: Reader, name: Name) -> Statement:
    reader.accepts("COLUMN")
    old = reader.identifier()
    changed = column(reader)
    after = "" if reader.accepts("FIRST") else reader.identifier() if reader.accepts("AFTER") else None
    return forms.ChangeColumn(name, old, changed, after)
