"""What a text asks for is recognised before anything is run."""

from __future__ import annotations

import pytest

from sandbox.athena.errors import ApiError
from sandbox.athena.planner import parse
from sandbox.athena.statements import Kind, recognise, without_comments


@pytest.mark.parametrize(
    ("text", "kind", "sort", "parts"),
    [
        ("select 1;", Kind.DML, "SELECT", ()),
        ("-- a comment\nWITH x AS (SELECT 1) SELECT * FROM x", Kind.DML, "SELECT", ()),
        ("(SELECT 1)", Kind.DML, "SELECT", ()),
        ("SHOW TABLES", Kind.UTILITY, "SHOW_TABLES", ("", "")),
        ("show tables in db 'a*'", Kind.UTILITY, "SHOW_TABLES", ("db", "'a*'")),
        ("SHOW DATABASES LIKE 'a*'", Kind.UTILITY, "SHOW_DATABASES", ("'a*'",)),
        ("DESCRIBE FORMATTED `db`.t", Kind.UTILITY, "DESCRIBE", ("`db`.t",)),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", Kind.DDL, "CREATE_VIEW", ("OR REPLACE ", "v", "SELECT 1")),
        ("DROP VIEW IF EXISTS db.v", Kind.DDL, "DROP_VIEW", ("IF EXISTS ", "db.v")),
        ("MSCK REPAIR TABLE t", Kind.DDL, "MSCK", ("t",)),
        ("CREATE TABLE x WITH (format = 'PARQUET') AS SELECT 1", Kind.DDL, "CREATE_TABLE_AS", ("x",)),
        ("UNLOAD (SELECT 1) TO 's3://b/'", Kind.DML, "UNSUPPORTED", ()),
    ],
)
def test_recognised(text: str, kind: Kind, sort: str, parts: tuple[str, ...]) -> None:
    statement = recognise(text)
    assert (statement.kind, statement.sort, statement.parts) == (kind, sort, parts)


@pytest.mark.parametrize("text", ["", " ; ", "-- only a comment", "SELEC 1", "hello"])
def test_what_is_no_statement_is_refused_at_once(text: str) -> None:
    with pytest.raises(ApiError) as refusal:
        recognise(text)
    assert refusal.value.athena_code == "MALFORMED_QUERY"


@pytest.mark.parametrize("text", ["SELECT", "SELECT (1", "SELECT a FROM t WHERE", "SELECT 'a", "SELECT 1; SELECT 2"])
def test_what_does_not_parse_is_refused_at_once(text: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse(text)
    assert refusal.value.athena_code == "MALFORMED_QUERY"


def test_comments_are_left_in_quotes() -> None:
    assert without_comments("SELECT '--a', \"/*b*/\" /* c */ -- d") == "SELECT '--a', \"/*b*/\"    "
