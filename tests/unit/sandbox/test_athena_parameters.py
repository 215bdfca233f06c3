"""A value for a question mark is an expression or a text, never a piece of the query.

The classes of values are those that https://github.com/aoyagikouhei/athena-local, docs/parameters.md, measured on
Athena.
"""

from __future__ import annotations

import pytest

from sandbox.athena.errors import StatementError
from sandbox.athena.parameters import bind


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("5", "5"),
        ("-1", "(-1)"),
        ("'abc'", "'abc'"),
        ("1 + 1", "(1 + 1)"),
        ("DATE '2020-01-01'", "(DATE '2020-01-01')"),
        ("NULL", "NULL"),
        ("now()", "(now())"),
        ("nosuchfunc(1)", "(nosuchfunc(1))"),
        ("1 -- c", "1"),
        ("'o1' OR 1=1", "('o1' OR 1=1)"),
        ("abc def", "'abc def'"),
        ("it's", "'it''s'"),
        ("123e4567-e89b-12d3-a456-426614174000", "'123e4567-e89b-12d3-a456-426614174000'"),
        ("x + 1", "'x + 1'"),
        ("t.x", "'t.x'"),
        ("1) OR (1", "'1) OR (1'"),
        ("1; DROP TABLE t", "'1; DROP TABLE t'"),
        ("1 FROM t", "'1 FROM t'"),
        ("1 AS x", "'1 AS x'"),
        ("*", "'*'"),
    ],
)
def test_a_value(value: str, written: str) -> None:
    assert bind("SELECT 5 -?", [value]) == f"SELECT 5 -{written}"


def test_a_question_mark_in_a_text_or_comment_is_none() -> None:
    assert bind("SELECT '?', ? -- ?", ["1"]) == "SELECT '?', 1 -- ?"


def test_the_number_of_values_is_that_of_the_question_marks() -> None:
    with pytest.raises(
        StatementError, match="INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 2"
    ):
        bind("SELECT ?, ?", ["1"])
    assert bind("SELECT 1", ["2", "3"]) == "SELECT 1"
