"""CREATE and DROP.

https://docs.aws.amazon.com/athena/latest/ug/create-table.html, create-table-as.html, create-database.html,
create-view.html, querying-iceberg-creating-tables.html
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.athena.errors import ApiError
from sandbox.athena.statements import forms
from sandbox.athena.statements.forms import Statement
from sandbox.athena.statements.parts import column, columns, hive_name, query_of, table_properties
from sandbox.athena.statements.tokens import Name, Reader

_WITH_DATA = re.compile(r"\bWITH\s+(?P<no>NO\s+)?DATA\s*$", re.IGNORECASE)
_DELIMITERS = (
    (("FIELDS", "TERMINATED", "BY"), "field.delim"),
    (("COLLECTION", "ITEMS", "TERMINATED", "BY"), "collection.delim"),
    (("MAP", "KEYS", "TERMINATED", "BY"), "mapkey.delim"),
    (("LINES", "TERMINATED", "BY"), "line.delim"),
    (("NULL", "DEFINED", "AS"), "serialization.null.format"),
    (("ESCAPED", "BY"), "escape.delim"),
)


def create(reader: Reader) -> Statement:
    """Read a statement that begins with CREATE."""
    reader.take("CREATE")
    if reader.accepts("OR"):
        reader.take("REPLACE")
        if not reader.accepts("VIEW"):
            reader.fail("MATERIALIZED", "MULTI", "PROTECTED", "VIEW")
        return _view(reader, replace=True)
    if reader.accepts("VIEW"):
        return _view(reader, replace=False)
    if reader.accepts("DATABASE") or reader.accepts("SCHEMA"):
        return _database(reader)
    if reader.accepts("EXTERNAL"):
        reader.take("TABLE")
        return _table(reader, external=True)
    if not reader.accepts("TABLE"):
        reader.fail("DATABASE", "EXTERNAL", "OR", "SCHEMA", "TABLE", "VIEW")
    place = reader.mark()
    if_not_exists = reader.accepts("IF", "NOT", "EXISTS")
    name = reader.name()
    if reader.sees("AS") or reader.sees("WITH", "("):
        return _table_as(reader, name, if_not_exists=if_not_exists)
    reader.back(place)
    return _table(reader, external=False)


def drop(reader: Reader) -> Statement:
    """Read a statement that begins with DROP."""
    reader.take("DROP")
    if reader.accepts("DATABASE") or reader.accepts("SCHEMA"):
        return _drop_database(reader)
    view = reader.accepts("VIEW")
    if not view and not reader.accepts("TABLE"):
        reader.fail("DATABASE", "SCHEMA", "TABLE", "VIEW")
    if_exists = reader.accepts("IF", "EXISTS")
    name = reader.name() if view else hive_name(reader)
    reader.accepts("PURGE")
    reader.end()
    return forms.DropView(name, if_exists) if view else forms.DropTable(name, if_exists)


def _view(reader: Reader, *, replace: bool) -> Statement:
    if_not_exists = reader.accepts("IF", "NOT", "EXISTS")
    name = reader.name()
    if reader.accepts("COMMENT"):
        reader.string()
    if reader.accepts("SECURITY"):
        reader.step()
    reader.take("AS")
    return forms.CreateView(name, query_of(reader), replace, if_not_exists)


def _database(reader: Reader) -> Statement:
    if_not_exists = reader.accepts("IF", "NOT", "EXISTS")
    name = reader.identifier()
    comment = reader.string() if reader.accepts("COMMENT") else ""
    location = reader.string() if reader.accepts("LOCATION") else ""
    properties = reader.properties() if reader.accepts("WITH", "DBPROPERTIES") else {}
    reader.end()
    return forms.CreateDatabase(name, if_not_exists, comment, location, properties)


def _drop_database(reader: Reader) -> Statement:
    if_exists = reader.accepts("IF", "EXISTS")
    name = reader.identifier()
    cascade = reader.accepts("CASCADE")
    reader.accepts("RESTRICT")
    reader.end()
    return forms.DropDatabase(name, if_exists, cascade)


def _table_as(reader: Reader, name: Name, *, if_not_exists: bool) -> Statement:
    properties = table_properties(reader) if reader.accepts("WITH") else {}
    reader.take("AS")
    sql = query_of(reader)
    ending = _WITH_DATA.search(sql)
    if ending is not None:
        sql = sql[: ending.start()].rstrip()
    return forms.CreateTableAs(name, sql, if_not_exists, ending is None or not ending["no"], properties)


def _table(reader: Reader, *, external: bool) -> Statement:
    given: dict[str, Any] = {"if_not_exists": reader.accepts("IF", "NOT", "EXISTS")}
    name = hive_name(reader)
    if reader.sees("("):
        given["columns"] = columns(reader)
    while not reader.done and not reader.sees(";"):
        _clause(reader, given)
    reader.end()
    if not given.get("location"):
        message = "No location was specified for table. An S3 location must be specified"
        raise ApiError(message, athena_code="MALFORMED_QUERY")
    return forms.CreateTable(name, external, **given)


def _clause(reader: Reader, given: dict[str, Any]) -> None:
    if reader.accepts("COMMENT"):
        given["comment"] = reader.string()
    elif reader.accepts("PARTITIONED", "BY"):
        _partitioned(reader, given)
    elif reader.accepts("CLUSTERED", "BY"):
        _clustered(reader, given)
    elif reader.accepts("ROW", "FORMAT"):
        _row_format(reader, given)
    elif reader.accepts("STORED", "AS"):
        _stored(reader, given)
    elif reader.accepts("WITH", "SERDEPROPERTIES"):
        given["serde_properties"] = {**given.get("serde_properties", {}), **reader.properties()}
    elif reader.accepts("LOCATION"):
        given["location"] = reader.string()
    elif reader.accepts("TBLPROPERTIES"):
        given["properties"] = reader.properties()
    else:
        reader.fail(
            "CLUSTERED", "COMMENT", "LOCATION", "PARTITIONED", "ROW", "STORED", "TBLPROPERTIES", "WITH", "<EOF>"
        )


def _partitioned(reader: Reader, given: dict[str, Any]) -> None:
    """Read columns with their types in Hive; columns and transforms of the table's own columns in Iceberg."""
    reader.take("(")
    texts: list[str] = []
    typed: list[forms.ColumnDefinition] = []
    while True:
        place, start = reader.mark(), reader.next.start
        reader.identifier()
        if reader.sees("(") or reader.sees(",") or reader.sees(")"):
            if reader.sees("("):
                reader.inside()
            texts.append(reader.text[start : reader.next.start].strip())
        else:
            reader.back(place)
            typed.append(column(reader))
        if not reader.accepts(","):
            reader.take(")")
            break
    given["partitions"], given["partition_texts"] = tuple(typed), tuple(texts)


def _clustered(reader: Reader, given: dict[str, Any]) -> None:
    names = reader.names()
    reader.take("INTO")
    count = reader.count()
    reader.take("BUCKETS")
    given["buckets"] = (names, count)


def _row_format(reader: Reader, given: dict[str, Any]) -> None:
    if reader.accepts("SERDE"):
        given["serde"] = reader.string()
        if reader.accepts("WITH", "SERDEPROPERTIES"):
            given["serde_properties"] = {**given.get("serde_properties", {}), **reader.properties()}
        return
    reader.take("DELIMITED")
    found: dict[str, str] = {}
    while True:
        clause = next(((words, key) for words, key in _DELIMITERS if reader.accepts(*words)), None)
        if clause is None:
            break
        found[clause[1]] = _unescaped(reader.string())
    delimiter = found.get("field.delim", "\x01")
    given["serde_properties"] = {**found, "serialization.format": delimiter}


def _unescaped(text: str) -> str:
    """A delimiter as in Hive: \\t, \\n, \\001, \\u0001 and the character itself."""
    named = {r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\\": "\\", r"\0": "\x00"}
    if text in named:
        return named[text]
    octal = re.fullmatch(r"\\([0-7]{3})", text)
    if octal:
        return chr(int(octal[1], 8))
    code = re.fullmatch(r"\\u([0-9a-fA-F]{4})", text)
    return chr(int(code[1], 16)) if code else text


def _stored(reader: Reader, given: dict[str, Any]) -> None:
    if reader.accepts("INPUTFORMAT"):
        first = reader.string()
        reader.take("OUTPUTFORMAT")
        given["formats"] = (first, reader.string())
    else:
        given["stored_as"] = reader.identifier().upper()
