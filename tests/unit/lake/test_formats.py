from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.athena import Result, ResultColumn, Row
from lake.formats import Expanded, write_csv, write_json, write_json_lines, write_table

COLUMNS = (
    ResultColumn("name", "varchar"),
    ResultColumn("total", "decimal(38,2)"),
    ResultColumn("gift", "boolean"),
    ResultColumn("name", "varchar"),
)


def _result(*rows: Row) -> Result:
    return Result(COLUMNS, iter(rows))


def _written(writer: Callable[[Result, TextIO], int], *rows: Row) -> tuple[str, int]:
    out = io.StringIO()
    count = writer(_result(*rows), out)
    return out.getvalue(), count


def test_csv_distinguishes_null_from_an_empty_string() -> None:
    text, count = _written(write_csv, ('say "hi",\nthen go', "1.00", None, ""))
    assert text == '"name","total","gift","name"\n"say ""hi"",\nthen go","1.00",,""\n'
    assert count == 1


@given(st.lists(st.tuples(st.text(), st.just("1"), st.just("true"), st.text()), max_size=5))
def test_csv_is_read_back_by_any_reader(rows: list[Row]) -> None:
    text, _ = _written(write_csv, *rows)
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:] == [list(row) for row in rows]


def test_json_keeps_every_digit_types_and_repeated_names() -> None:
    row = ("é\n", "123456789012345678901234567890123456.78", "true", None)
    wanted = {"name": "é\n", "total": Decimal(row[1]), "gift": True, "name_2": None}
    text, count = _written(write_json, row, row)
    assert json.loads(text, parse_float=Decimal) == [wanted, wanted]
    assert count == 2
    lines, _ = _written(write_json_lines, row, row)
    assert [json.loads(line, parse_float=Decimal) for line in lines.splitlines()] == [wanted, wanted]


def test_json_has_no_form_for_nan_and_infinity() -> None:
    out = io.StringIO()
    write_json(Result((ResultColumn("x", "double"),), iter([("NaN",), ("1.5E10",)])), out)
    assert json.loads(out.getvalue()) == [{"x": "NaN"}, {"x": 1.5e10}]


def test_an_empty_result_is_an_empty_array() -> None:
    text, count = _written(write_json)
    assert (json.loads(text), count) == ([], 0)


def test_a_table_has_its_numbers_to_the_right_and_shows_null() -> None:
    text, count = _written(write_table, ("a", "1.00", "true", None), ("b", "1000.00", "false", "[bold]"))
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    assert count == 2
    assert lines[0].split() == ["name", "total", "gift", "name"]
    assert lines[2].index("1.00") + len("1.00") == lines[3].index("1000.00") + len("1000.00")
    assert "NULL" in lines[2]
    assert "[bold]" in lines[3]


def test_a_table_in_a_file_is_not_folded() -> None:
    text, _ = _written(write_table, ("x" * 300, "1.00", "true", "y" * 300))
    assert "x" * 300 in text


def test_a_long_table_is_cut_and_says_so() -> None:
    rows: list[Row] = [("row", "1.00", "true", str(number)) for number in range(5)]
    text, count = _written(partial(write_table, limit=3), *rows)
    assert count == 3
    assert "more rows than the 3" in text
    text, _ = _written(partial(write_table, limit=5), *rows)
    assert "more" not in text


class Terminal(io.StringIO):
    """A terminal of 40 columns."""

    def isatty(self) -> bool:
        return True


def _shown(monkeypatch: pytest.MonkeyPatch, expanded: Expanded, *rows: Row) -> list[str]:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    assert write_table(_result(*rows), out, expanded=expanded) == len(rows)
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines() if line.strip()]


def test_columns_that_do_not_fit_the_terminal_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _shown(monkeypatch, "auto", ("x" * 30, "1.00", None, "[b]"), ("y", "2.00", "true", "z"))
    assert [line.split() for line in lines] == [
        ["─[", "1", "]" + "─" * 34],
        ["name", "x" * 30],
        ["total", "1.00"],
        ["gift", "NULL"],
        ["name", "[b]"],
        ["─[", "2", "]" + "─" * 34],
        ["name", "y"],
        ["total", "2.00"],
        ["gift", "true"],
        ["name", "z"],
    ]


def test_columns_that_fit_are_a_table_unless_lines_are_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ("y", "2.00", "true", "z")
    assert _shown(monkeypatch, "auto", row)[0].split() == ["name", "total", "gift", "name"]
    assert _shown(monkeypatch, "on", row)[0].startswith("─[ 1 ]")
    assert len(_shown(monkeypatch, "off", ("x" * 300, "1.00", None, ""))) > 10
