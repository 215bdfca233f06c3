"""JSON to Parquet and back: every value that fits its column is the same afterwards."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.firehose.parquet import Converter, RecordError, column

TYPES = {
    "text": "string",
    "whole": "bigint",
    "money": "decimal(18,2)",
    "wide": "decimal(38,10)",
    "flag": "boolean",
    "at": "timestamp",
    "ratio": "double",
}
ROW = st.fixed_dictionaries(
    {},
    optional={
        "text": st.text() | st.none(),
        "whole": st.integers(-(2**63), 2**63 - 1),
        "money": st.decimals(min_value=-(10**15), max_value=10**15, places=2),
        "wide": st.decimals(min_value=-(10**27), max_value=10**27, places=10),
        "flag": st.booleans(),
        "at": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
    },
)


def as_json(row: dict[str, Any], *, numbers_as_text: bool) -> bytes:
    """The row as one JSON object; numbers as they are or in quotes, decimals digit by digit."""
    fields: list[str] = []
    for name, value in row.items():
        if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
            literal = f'"{value}"' if numbers_as_text else f"{value:f}" if isinstance(value, Decimal) else str(value)
        elif isinstance(value, datetime):
            literal = json.dumps(value.isoformat(" "))
        else:
            literal = json.dumps(value)
        fields.append(f"{json.dumps(name)}: {literal}")
    return ("{" + ", ".join(fields) + "}\n").encode()


@settings(max_examples=50)
@given(rows=st.lists(ROW, min_size=1, max_size=8), numbers_as_text=st.booleans())
def test_values_are_the_same_after_conversion(rows: list[dict[str, Any]], numbers_as_text: bool) -> None:
    converter = Converter([column(name, kind) for name, kind in TYPES.items()], "SNAPPY")
    converted = [row for given_ in rows for row in converter.rows(as_json(given_, numbers_as_text=numbers_as_text))]
    with TemporaryDirectory() as directory, duckdb.connect() as database:
        file = Path(directory, "out.parquet")
        file.write_bytes(converter.write(converted, Path(directory)))
        found = database.execute("SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
    converter.close()
    assert found == [tuple(row.get(name) for name in TYPES) for row in rows]


COLUMNS = [
    *("string", "bigint", "int", "smallint", "tinyint", "decimal(5,2)", "decimal(4,0)", "decimal(2,2)"),
    *("boolean", "timestamp", "date", "double"),
]
DAYS = ["2026-02-28", "2026-02-29", "2024-02-29", "2026-02-31", "2026-04-31", "2026-2-8", "0000-01-01", "2026-13-01"]
TEXTS = [
    *(
        "",
        "1",
        "-1",
        "1.5",
        "-0.00",
        "1.",
        ".5",
        "1e3",
        "123.45",
        "1234.5",
        "123.456",
        "007",
        "1\n",
        "1\n2",
        "true",
        "a",
    ),
    *DAYS,
    *(f"{day}{join}{time}" for day in DAYS for join in " T" for time in ("10:00:00", "24:00:00")),
    *(f"2026-02-28 10:00:{seconds}" for seconds in ("60", "00.5", "00.123456", "00.123456789")),
]
VALUES = st.one_of(
    st.sampled_from(TEXTS),
    st.integers(-(2**64), 2**64) | st.sampled_from([-(2**63), 2**63 - 1, 127, 128, -129, 99999]),
    st.booleans() | st.none(),
    st.sampled_from([1.5, 100.0, [], [1], {}, {"a": 1.5}]),
)


def written(converter: Converter, rows: Any, directory: str) -> list[tuple[Any, ...]]:
    file = Path(directory, "out.parquet")
    file.write_bytes(converter.write(rows, Path(directory)))
    return duckdb.execute("SELECT * FROM read_parquet(?)", [str(file)]).fetchall()


@given(kind=st.sampled_from(COLUMNS), values=st.lists(VALUES, min_size=1, max_size=5))
def test_usual_values_are_what_each_is_by_itself(kind: str, values: list[object]) -> None:
    converter = Converter([column("v", kind)], "SNAPPY")
    records = [json.dumps({"v": value}).encode() for value in values]
    with TemporaryDirectory() as directory:
        for record, found in zip(records, converter.rows_of_each(records), strict=True):
            try:
                slow: object = written(converter, converter.converted(record), directory)
            except RecordError as error:
                slow = str(error)
            assert (str(found) if isinstance(found, RecordError) else written(converter, found, directory)) == slow
    converter.close()
