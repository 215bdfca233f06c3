"""A type is the same under Glue's, Athena's and DuckDB's names."""

from __future__ import annotations

import re

import pytest

from sandbox.athena.conversions.texts import MACROS as TEXTS
from sandbox.athena.conversions.texts import result_text
from sandbox.athena.store import RESULTS
from sandbox.athena.types import Type, array_of, map_of, parse, row_of


@pytest.mark.parametrize(
    ("text", "athena", "glue", "duckdb"),
    [
        ("string", "varchar", "string", "VARCHAR"),
        ("int", "integer", "int", "INTEGER"),
        ("BIGINT", "bigint", "bigint", "BIGINT"),
        ("HUGEINT", "bigint", "bigint", "BIGINT"),
        ("float", "real", "float", "FLOAT"),
        ("decimal(18,2)", "decimal(18,2)", "decimal(18,2)", "DECIMAL(18, 2)"),
        ("decimal", "decimal(10,0)", "decimal(10,0)", "DECIMAL(10, 0)"),
        ("timestamp", "timestamp(3)", "timestamp", "TIMESTAMP"),
        ("timestamp(3) with time zone", "timestamp(3) with time zone", "timestamp with time zone",
         "TIMESTAMP WITH TIME ZONE"),
        ("varchar(10)", "varchar(10)", "varchar(10)", "VARCHAR"),
        ("binary", "varbinary", "binary", "BLOB"),
        ("array<string>", "array(varchar)", "array<string>", "VARCHAR[]"),
        ("INTEGER[]", "array(integer)", "array<int>", "INTEGER[]"),
        ("map<string,array<int>>", "map(varchar, array(integer))", "map<string,array<int>>", "MAP(VARCHAR, INTEGER[])"),
        ("struct<a:int,b:struct<c:string>>", "row(a integer, b row(c varchar))", "struct<a:int,b:struct<c:string>>",
         'STRUCT("a" INTEGER, "b" STRUCT("c" VARCHAR))'),
        ('STRUCT("a b" DECIMAL(3,1))[]', "array(row(a b decimal(3,1)))", "array<struct<a b:decimal(3,1)>>",
         'STRUCT("a b" DECIMAL(3, 1))[]'),
    ],
)  # fmt: skip
def test_reads_and_writes_every_spelling(text: str, athena: str, glue: str, duckdb: str) -> None:
    type_ = parse(text)
    assert (type_.athena, type_.glue, type_.duckdb) == (athena, glue, duckdb)
    assert parse(type_.sql).duckdb == duckdb


@pytest.mark.parametrize("text", ["", "nonsense", "array<", "decimal(a)", "struct<a>", "int int", "map<string>"])
def test_refuses_what_is_no_type(text: str) -> None:
    with pytest.raises(ValueError, match="type"):
        parse(text)


def test_column_info_has_athenas_figures() -> None:
    expected = {
        "string": ("varchar", 2147483647, 0),
        "int": ("integer", 10, 0),
        "bigint": ("bigint", 19, 0),
        "decimal(18,2)": ("decimal", 18, 2),
        "timestamp": ("timestamp", 3, 0),
        "boolean": ("boolean", 0, 0),
        "float": ("float", 17, 0),
        "varchar(7)": ("varchar", 7, 0),
        "array<int>": ("array", 0, 0),
    }
    infos = {text: parse(text).column_info("c") for text in expected}
    assert {text: (info["Type"], info["Precision"], info["Scale"]) for text, info in infos.items()} == expected


def test_unknown_stays_unknown() -> None:
    assert parse('"NULL"') == Type("unknown")


# Each type of the sandbox's Athena that a cast can name, or a function's result has.
NAMES = (
    *("boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "varchar", "char"),
    *("varbinary", "date", "time", "timestamp", "timestamp with time zone", "interval day to second"),
    *("interval year to month", "json", "uuid", "ipaddress", "hyperloglog", "tdigest", "unknown"),
)


def test_the_store_begins_with_all_that_texts_of_results_call() -> None:
    """The first query of a process may have any type."""
    for name in NAMES:
        type_ = Type(name, {"decimal": (18, 2), "char": (5,)}.get(name, ()))
        whole = row_of(array_of(type_), map_of(type_, type_))
        called = set(re.findall(r"athena_\w+", result_text("x", whole)))
        known = set(re.findall(r"athena_\w+", " ".join((*TEXTS, *RESULTS))))
        assert called <= known, name
