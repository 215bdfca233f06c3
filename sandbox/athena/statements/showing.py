"""SHOW: https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.athena.statements import forms
from sandbox.athena.statements.forms import Statement
from sandbox.athena.statements.parts import hive_name
from sandbox.athena.statements.tokens import Name, Reader


def show(reader: Reader) -> Statement:
    """Read a statement that begins with SHOW."""
    reader.take("SHOW")
    word = reader.next.text.upper()
    read = _READERS.get(word)
    if read is None:
        reader.fail(*_READERS)
    reader.step()
    statement = read(reader)
    reader.end()
    return statement


def _databases(reader: Reader) -> Statement:
    return forms.ShowDatabases(_pattern(reader))


def _tables(reader: Reader) -> Statement:
    return forms.ShowTables(_database(reader), _pattern(reader))


def _views(reader: Reader) -> Statement:
    return forms.ShowViews(_database(reader), _pattern(reader))


def _columns(reader: Reader) -> Statement:
    name = _in(reader)
    if reader.accepts("IN") or reader.accepts("FROM"):
        name = name._replace(schema=reader.identifier())
    return forms.ShowColumns(name)


def _partitions(reader: Reader) -> Statement:
    return forms.ShowPartitions(hive_name(reader))


def _create(reader: Reader) -> Statement:
    if reader.accepts("VIEW"):
        return forms.ShowCreateView(reader.name())
    reader.take("TABLE")
    return forms.ShowCreateTable(hive_name(reader))


def _properties(reader: Reader) -> Statement:
    name = hive_name(reader)
    key = None
    if reader.accepts("("):
        key = reader.string()
        reader.take(")")
    return forms.ShowProperties(name, key)


def _functions(reader: Reader) -> Statement:
    return forms.ShowFunctions(_pattern(reader))


def _in(reader: Reader) -> Name:
    if not (reader.accepts("IN") or reader.accepts("FROM")):
        reader.fail("FROM", "IN")
    return reader.name()


def _database(reader: Reader) -> str:
    """The database of SHOW TABLES and SHOW VIEWS, possibly after a catalogue's name."""
    if not (reader.accepts("IN") or reader.accepts("FROM")):
        return ""
    return hive_name(reader).table


def _pattern(reader: Reader) -> str | None:
    if reader.accepts("LIKE"):
        return reader.string()
    return reader.step().value if reader.next.kind == "string" else None


_READERS: Mapping[str, Callable[[Reader], Statement]] = {
    "COLUMNS": _columns,
    "CREATE": _create,
    "DATABASES": _databases,
    "FUNCTIONS": _functions,
    "PARTITIONS": _partitions,
    "SCHEMAS": _databases,
    "TABLES": _tables,
    "TBLPROPERTIES": _properties,
    "VIEWS": _views,
}
