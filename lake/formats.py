"""The formats of a result: a table for people, CSV and JSON for programs.

All except the table are written row by row as the rows arrive. NULL is an empty CSV field (an empty string is `""`), as
in Athena's CSV, and null in JSON. JSON numbers keep every digit of Athena's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Literal, TextIO

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lake.athena import Cell, Result, ResultColumn, Row
from stack.tables import measured, print_line, print_table

_NUMBERS = frozenset({"tinyint", "smallint", "int", "integer", "bigint", "float", "real", "double", "decimal"})
_NOT_JSON_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
_RULE = 60

Expanded = Literal["auto", "on", "off"]
Writer = Callable[[Result, TextIO], int]


def write_csv(result: Result, out: TextIO) -> int:
    """Write header and rows, every field that is not NULL in quotes; return the number of rows."""
    out.write(_csv_line(tuple(column.name for column in result.columns)))
    return _write_lines(out, map(_csv_line, result.rows))


def write_json_lines(result: Result, out: TextIO) -> int:
    """Write one object per line; return the number of rows."""
    return _write_lines(out, (line + "\n" for line in _objects(result)))


def write_json(result: Result, out: TextIO) -> int:
    """Write an array of objects, one per line; return the number of rows."""
    out.write("[")
    count = _write_lines(out, (f"{',' if at else ''}\n  {line}" for at, line in enumerate(_objects(result))))
    out.write("\n]\n" if count else "]\n")
    return count


def write_table(result: Result, out: TextIO, limit: int = 0, expanded: Expanded = "auto") -> int:
    """Print a table of the first `limit` rows (0 is all); return the number of rows.

    `expanded` has a line for each value instead, as psql's \\x: `auto` where the columns do not fit a terminal.
    """
    rows = list(islice(result.rows, limit) if limit else result.rows)
    console = Console(file=out)
    table = _table(result.columns, rows)
    if expanded == "on" or (expanded == "auto" and _exceeds(console, table)):
        for number, row in enumerate(rows, 1):
            console.print(
                f"─[ {number} ]".ljust(min(console.width, _RULE), "─"), style="dim", markup=False, highlight=False
            )
            console.print(_record(result.columns, row))
    else:
        print_table(console, table)
    if limit and next(result.rows, None) is not None:
        print_line(
            console, f"… more rows than the {limit} shown: --max-rows 0 or another --format shows all.", style="dim"
        )
    return len(rows)


def _table(columns: tuple[ResultColumn, ...], rows: list[Row]) -> Table:
    """Rows below each other, numbers right-aligned."""
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(Text(column.name), justify="right" if _is_number(column) else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _record(columns: tuple[ResultColumn, ...], row: Row) -> Table:
    """One row, a line for each value."""
    record = Table(box=None, show_header=False, pad_edge=False)
    record.add_column(style="bold", overflow="fold")
    record.add_column(overflow="fold", ratio=1)
    for column, cell in zip(columns, row, strict=True):
        record.add_row(Text(column.name), _text(cell))
    return record


def _exceeds(console: Console, table: Table) -> bool:
    """Whether a table of several columns is wider than the terminal."""
    return console.is_terminal and len(table.columns) > 1 and measured(console, table).maximum > console.width


def _text(cell: Cell) -> Text:
    return Text("NULL", style="dim") if cell is None else Text(cell)


WRITERS: dict[str, Writer] = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
    "jsonl": write_json_lines,
}


def _write_lines(out: TextIO, lines: Iterator[str]) -> int:
    count = 0
    for line in lines:
        out.write(line)
        count += 1
    return count


def _csv_line(row: Row) -> str:
    return ",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row) + "\n"


def _objects(result: Result) -> Iterator[str]:
    names = [msgspec.json.encode(name).decode() for name in _distinct(result.columns)]
    encoders = [_encoder(column) for column in result.columns]
    for row in result.rows:
        members = (
            f"{name}: {'null' if cell is None else encode(cell)}"
            for name, encode, cell in zip(names, encoders, row, strict=True)
        )
        yield "{" + ", ".join(members) + "}"


def _distinct(columns: tuple[ResultColumn, ...]) -> list[str]:
    """The columns' names, repeated ones with _2, _3, … because a JSON object has a name only once."""
    names: list[str] = []
    for column in columns:
        name, number = column.name, 1
        while name in names:
            number += 1
            name = f"{column.name}_{number}"
        names.append(name)
    return names


def _encoder(column: ResultColumn) -> Callable[[str], str]:
    if column.type == "boolean":
        return str
    return _number if _is_number(column) else _string


def _is_number(column: ResultColumn) -> bool:
    return column.type.partition("(")[0] in _NUMBERS


def _number(cell: str) -> str:
    return _string(cell) if cell in _NOT_JSON_NUMBERS else cell


def _string(cell: str) -> str:
    return msgspec.json.encode(cell).decode()
