"""The parts that statements share: columns, partitions, properties, and queries inside a statement."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from sandbox.athena.errors import ApiError
from sandbox.athena.statements.forms import ColumnDefinition, Partition
from sandbox.athena.statements.tokens import Name, Reader, place_of
from sandbox.athena.types import parse

T = TypeVar("T")

_COMPARISONS = ("=", "<", ">", "<=", ">=", "<>", "!=")


def comma_separated(reader: Reader, item: Callable[[Reader], T]) -> tuple[T, ...]:
    """Read items between commas, after an opening parenthesis that is already read, up to the closing one."""
    found = [item(reader)]
    while reader.accepts(","):
        found.append(item(reader))
    reader.take(")")
    return tuple(found)


def hive_name(reader: Reader) -> Name:
    """A table's name in a statement that Hive's parser reads: double quotes delimit a text there.

    The message is Athena's: docs/caveats.md of aoyagikouhei/athena-local, "A quoted table name is rejected".
    """
    place = reader.mark()
    name = reader.name()
    after = reader.mark()
    reader.back(place)
    while reader.mark() < after:
        token = reader.step()
        if token.kind == "quoted":
            line, column = place_of(reader.text, token.start)
            message = f"line {line}:{column}: no viable alternative at input '{reader.text[: token.end].lstrip()}'"
            raise ApiError(message, athena_code="MALFORMED_QUERY")
    return name


def query_of(reader: Reader) -> str:
    """The query that follows, at its own line and column, with spaces before it."""
    start = reader.next.start
    query = reader.rest()
    if not query:
        reader.fail("SELECT", "VALUES", "WITH")
    return re.sub(r"[^\n]", " ", reader.text[:start]) + query


def columns(reader: Reader) -> tuple[ColumnDefinition, ...]:
    """(name type [COMMENT 'text'], …)."""
    reader.take("(")
    return comma_separated(reader, column)


def column(reader: Reader) -> ColumnDefinition:
    """One column: its name, its type, and a comment."""
    name = reader.identifier()
    type_ = type_of(reader)
    return ColumnDefinition(name, type_, reader.string() if reader.accepts("COMMENT") else "")


def type_of(reader: Reader) -> str:
    """A type in Hive's spelling, as Glue writes it."""
    first = reader.next
    end, depth = first.end, 0
    while not reader.done:
        token = reader.next
        if depth == 0 and token.start > first.start and token.text not in {"(", "<"}:
            break
        depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(token.text, 0)
        end = reader.step().end
        if depth < 0:
            break
    text = reader.text[first.start : end]
    try:
        return parse(text).glue
    except ValueError:
        line, place = place_of(reader.text, first.start)
        message = f"line {line}:{place}: no viable alternative at input '{text}'"
        raise ApiError(message, athena_code="MALFORMED_QUERY") from None


def partition_values(reader: Reader) -> tuple[tuple[str, str], ...]:
    """PARTITION (column = value, …)."""
    reader.take("PARTITION", "(")
    return comma_separated(reader, _assignment)


def partition(reader: Reader) -> Partition:
    """PARTITION (…), with a location if one is given."""
    values = partition_values(reader)
    return Partition(values, reader.string() if reader.accepts("LOCATION") else "")


def partition_filter(reader: Reader) -> tuple[tuple[str, str, str], ...]:
    """PARTITION (column < value, …)."""
    reader.take("PARTITION", "(")
    return comma_separated(reader, _comparison)


def _assignment(reader: Reader) -> tuple[str, str]:
    name = reader.identifier()
    reader.take("=")
    return name, _value(reader)


def _comparison(reader: Reader) -> tuple[str, str, str]:
    name = reader.identifier()
    sign = next((sign for sign in _COMPARISONS if reader.accepts(sign)), None)
    if sign is None:
        reader.fail(*_COMPARISONS)
    return name, sign, _value(reader)


def _value(reader: Reader) -> str:
    """A partition column's value: a text, a number, or a typed text such as DATE '2026-01-01'."""
    if reader.next.kind == "word" and not reader.sees("NULL"):
        reader.step()
    if reader.accepts("-"):
        return f"-{reader.step().value}"
    if reader.next.kind not in {"string", "quoted", "number"}:
        reader.fail("<string>", "<integer>")
    return reader.step().value


def table_properties(reader: Reader) -> dict[str, str | tuple[str, ...]]:
    """(name = 'text', name = ARRAY['a', 'b'], name = 5, …) of CREATE TABLE AS and UNLOAD; names in lower case."""
    reader.take("(")
    return dict(comma_separated(reader, _table_property))


def _table_property(reader: Reader) -> tuple[str, str | tuple[str, ...]]:
    name = reader.identifier()
    reader.take("=")
    if not reader.accepts("ARRAY"):
        return name, reader.step().value
    reader.take("[")
    values: list[str] = []
    while not reader.accepts("]"):
        values.append(reader.step().value)
        if not reader.accepts(","):
            reader.take("]")
            break
    return name, tuple(values)
