"""Recognition of a text's statement, before anything runs, with the refusals of StartQueryExecution."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sandbox.athena.errors import ApiError, StatementError, at
from sandbox.athena.statements.altering import alter
from sandbox.athena.statements.creating import create, drop
from sandbox.athena.statements.forms import (
    Deallocate,
    DeleteFrom,
    Describe,
    Execute,
    Explain,
    IcebergChange,
    InsertInto,
    Merge,
    Optimize,
    PrepareStatement,
    Repair,
    SelectQuery,
    Statement,
    Unload,
    UpdateTable,
    Vacuum,
)
from sandbox.athena.statements.parts import comma_separated, partition_values, query_of, table_properties
from sandbox.athena.statements.showing import show
from sandbox.athena.statements.tokens import Reader

_QUERY_WORDS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_MAX_CHARACTERS = 262_144
_EXPLAIN_TYPES = ("LOGICAL", "DISTRIBUTED", "VALIDATE", "IO")
_EXPLAIN_FORMATS = ("TEXT", "GRAPHVIZ", "JSON")
_REFUSED = frozenset(
    {
        *("ANALYZE", "CALL", "COMMENT", "COMMIT", "DENY", "EXPORT", "GRANT", "IMPORT", "LOAD", "LOCK", "REFRESH"),
        *("RESET", "REVOKE", "ROLLBACK", "SET", "START", "TRUNCATE", "UNLOCK", "USE"),
    }
)
"""Statements of Trino or Hive that Athena lacks.

https://docs.aws.amazon.com/athena/latest/ug/unsupported-ddl.html, other-notable-limitations.html
"""


def recognise(text: str) -> Statement:
    """Recognize a statement; raises ApiError (MALFORMED_QUERY) if Athena would not start it, StatementError for
    a statement of Trino's that the sandbox's Athena lacks.
    """
    if len(text) > _MAX_CHARACTERS:
        raise ApiError(f"Your query has exceeded the maximum query length of {_MAX_CHARACTERS} bytes.")
    reader = Reader(text)
    if reader.done or reader.sees(";"):
        raise ApiError("line 1:1: mismatched input '<EOF>'. Expecting: a query", athena_code="MALFORMED_QUERY")
    word = reader.next.text.upper() if reader.next.kind in {"word", "sign"} else ""
    if word in _QUERY_WORDS or word == "(":
        return SelectQuery(text)
    read = _READERS.get(word)
    if read is not None:
        return read(reader)
    if word in _REFUSED:
        raise ApiError("Queries of this type are not supported", athena_code="MALFORMED_QUERY")
    return reader.fail(*sorted(_READERS), "SELECT", "WITH")


def _explain(reader: Reader) -> Statement:
    reader.take("EXPLAIN")
    if reader.accepts("ANALYZE"):
        reader.accepts("VERBOSE")
        return Explain(query_of(reader), analyze=True)
    options = {"TYPE": "DISTRIBUTED", "FORMAT": "TEXT"}
    place = reader.mark()
    if reader.accepts("("):
        if reader.next.text.upper() in options:
            options |= dict(comma_separated(reader, _explain_option))
        else:
            reader.back(place)
    return Explain(query_of(reader), options["TYPE"], options["FORMAT"])


def _explain_option(reader: Reader) -> tuple[str, str]:
    name = reader.step().text.upper()
    allowed = {"TYPE": _EXPLAIN_TYPES, "FORMAT": _EXPLAIN_FORMATS}.get(name, ())
    if reader.next.text.upper() not in allowed:
        reader.fail(*allowed)
    return name, reader.step().text.upper()


def _describe(reader: Reader) -> Statement:
    reader.step()
    detail = next((word for word in ("EXTENDED", "FORMATTED") if reader.accepts(word)), "")
    name = reader.name()
    partition = partition_values(reader) if reader.sees("PARTITION") else ()
    column = "" if reader.done or reader.sees(";") else reader.identifier()
    reader.end()
    return Describe(name, detail, partition, column)


def _repair(reader: Reader) -> Statement:
    reader.take("MSCK", "REPAIR", "TABLE")
    name = reader.name()
    reader.end()
    return Repair(name)


def _insert(reader: Reader) -> Statement:
    reader.take("INSERT", "INTO")
    name = reader.name()
    place, columns = reader.mark(), ()
    if reader.accepts("("):
        named = reader.next.text.upper() not in {*_QUERY_WORDS, "("}
        reader.back(place)
        columns = reader.names() if named else ()
    return InsertInto(name, query_of(reader), columns)


def _unload(reader: Reader) -> Statement:
    reader.take("UNLOAD")
    start = reader.next.end
    sql = _placed(reader.text, start, reader.inside())
    reader.take("TO")
    location = reader.string()
    reader.take("WITH")
    properties = table_properties(reader)
    reader.end()
    return Unload(sql, location, properties)


def _placed(text: str, start: int, part: str) -> str:
    """A part of a text at its own line and column, with spaces before it."""
    return re.sub(r"[^\n]", " ", text[:start]) + part


def _change(words: tuple[str, ...], form: type[IcebergChange]) -> Callable[[Reader], Statement]:
    def read(reader: Reader) -> Statement:
        reader.take(*words)
        name = reader.name()
        reader.rest()
        return form(name, reader.text)

    return read


def _optimize(reader: Reader) -> Statement:
    reader.take("OPTIMIZE")
    name = reader.name()
    reader.take("REWRITE", "DATA", "USING", "BIN_PACK")
    where = reader.rest() if reader.accepts("WHERE") else ""
    reader.end()
    return Optimize(name, where)


def _vacuum(reader: Reader) -> Statement:
    reader.take("VACUUM")
    name = reader.name()
    reader.end()
    return Vacuum(name)


def _prepare(reader: Reader) -> Statement:
    reader.take("PREPARE")
    name = reader.identifier()
    reader.take("FROM")
    return PrepareStatement(name, reader.rest())


def _execute(reader: Reader) -> Statement:
    reader.take("EXECUTE")
    name = reader.identifier()
    if name.upper() == "IMMEDIATE" and reader.next.kind == "string":
        message = at((1, 1), "The sandbox's Athena has no EXECUTE IMMEDIATE: use PREPARE and EXECUTE")
        raise StatementError("NOT_SUPPORTED", message)
    values: list[str] = []
    if reader.accepts("USING"):
        values = _expressions(reader)
    reader.end()
    return Execute(name, tuple(values))


def _expressions(reader: Reader) -> list[str]:
    """Expressions between commas, each as written."""
    found: list[str] = []
    start, end, depth = reader.next.start, reader.next.start, 0
    while not reader.done and not (depth == 0 and reader.sees(";")):
        token = reader.step()
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0) if token.kind == "sign" else 0
        if depth == 0 and token.text == "," and token.kind == "sign":
            found.append(reader.text[start:end].strip())
            start = token.end
        end = token.end
    return [*found, reader.text[start:end].strip()]


def _deallocate(reader: Reader) -> Statement:
    reader.take("DEALLOCATE", "PREPARE")
    name = reader.identifier()
    reader.end()
    return Deallocate(name)


_READERS: Mapping[str, Callable[[Reader], Statement]] = {
    "ALTER": alter,
    "CREATE": create,
    "DEALLOCATE": _deallocate,
    "DELETE": _change(("DELETE", "FROM"), DeleteFrom),
    "DESC": _describe,
    "DESCRIBE": _describe,
    "DROP": drop,
    "EXECUTE": _execute,
    "EXPLAIN": _explain,
    "INSERT": _insert,
    "MERGE": _change(("MERGE", "INTO"), Merge),
    "MSCK": _repair,
    "OPTIMIZE": _optimize,
    "PREPARE": _prepare,
    "SHOW": show,
    "UNLOAD": _unload,
    "UPDATE": _change(("UPDATE",), UpdateTable),
    "VACUUM": _vacuum,
}
