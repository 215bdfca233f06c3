"""JSON to Parquet by a Glue table's columns: exact, or refused record by record."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.firehose.parquet import Converter, RecordError, SchemaError, column


def convert(tmp_path: Path, types: dict[str, str], *records: str, **options: Any) -> list[tuple[Any, ...]]:
    converter = Converter([column(name, kind) for name, kind in types.items()], "SNAPPY", **options)
    rows = [row for record in records for row in converter.rows(record.encode())]
    target = tmp_path / "out.parquet"
    target.write_bytes(converter.write(rows, tmp_path))
    converter.close()
    with duckdb.connect() as database:
        return database.execute("SELECT * FROM read_parquet(?)", [str(target)]).fetchall()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", '"é\\u2028"', "é\u2028"),
        ("string", "12.50", "12.50"),
        ("string", '{"a":1}', '{"a":1}'),
        ("string", "true", "true"),
        ("varchar(10)", '"x"', "x"),
        ("int", "2147483647", 2147483647),
        ("int", '"-5"', -5),
        ("tinyint", "-128", -128),
        ("smallint", "32767", 32767),
        ("bigint", "9223372036854775807", 9223372036854775807),
        ("double", "1.5", 1.5),
        ("double", '"1e300"', 1e300),
        ("float", "0.5", 0.5),
        ("boolean", "true", True),
        ("boolean", '"False"', False),
        ("decimal(18,2)", "1234567890123456.78", Decimal("1234567890123456.78")),
        ("decimal(18,2)", '"1234567890123456.78"', Decimal("1234567890123456.78")),
        ("decimal(18,2)", '"1.5"', Decimal("1.50")),
        ("decimal(18,2)", "1e2", Decimal("100.00")),
        ("decimal(4,2)", '"1.005"', Decimal("1.01")),
        ("decimal(4,2)", '"-1.005"', Decimal("-1.01")),
        (
            "decimal(38,10)",
            "1234567890123456789012345678.0123456789",
            Decimal("1234567890123456789012345678.0123456789"),
        ),
        ("decimal(38,0)", "99999999999999999999999999999999999999", Decimal(99999999999999999999999999999999999999)),
        ("decimal", '"7"', Decimal(7)),
        ("date", '"2026-01-02"', date(2026, 1, 2)),
        ("timestamp", '"2026-01-02 03:04:05"', datetime(2026, 1, 2, 3, 4, 5)),
        ("timestamp", '"2026-01-02 03:04:05.123456"', datetime(2026, 1, 2, 3, 4, 5, 123456)),
        ("timestamp", '"2026-1-2 3:4:5.5"', datetime(2026, 1, 2, 3, 4, 5, 500000)),
        ("timestamp", '"2026-01-02T03:04:05.123456789Z"', datetime(2026, 1, 2, 3, 4, 5, 123456)),
        ("timestamp", "1518033528", datetime(2018, 2, 7, 19, 58, 48)),
        ("timestamp", "1518033528123", datetime(2018, 2, 7, 19, 58, 48, 123000)),
        ("timestamp", "1518033528.123", datetime(2018, 2, 7, 19, 58, 48, 123000)),
        ("string", "null", None),
    ],
)
def test_a_value_is_exact_in_its_columns_type(tmp_path: Path, kind: str, text: str, value: object) -> None:
    assert convert(tmp_path, {"v": kind}, f'{{"v":{text}}}') == [(value,)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "2147483648"),
        ("int", "1.5"),
        ("int", '"x"'),
        ("int", "true"),
        ("bigint", "9223372036854775808"),
        ("double", '"oops"'),
        ("boolean", '"yes"'),
        ("boolean", "1"),
        ("decimal(4,2)", "100"),
        ("decimal(4,2)", '"99.999"'),
        ("decimal(4,2)", '"NaN"'),
        ("decimal(4,2)", '"x"'),
        ("decimal(4,2)", "{}"),
        ("timestamp", '"2026-13-02 03:04:05"'),
        ("timestamp", '"soon"'),
        ("date", '"2026-02-30"'),
        ("date", '"2026"'),
    ],
)
def test_a_value_that_does_not_fit_is_refused(kind: str, text: str) -> None:
    converter = Converter([column("v", kind)], "SNAPPY")
    with pytest.raises(RecordError, match=r"Data does not match the schema\. For column v") as caught:
        converter.rows(f'{{"v":{text}}}'.encode())
    converter.close()
    assert caught.value.code == "DataFormatConversion.MalformedData"


@pytest.mark.parametrize(
    ("record", "code", "message"),
    [
        (b"", "DataFormatConversion.MalformedData", "empty or contained only whitespace"),
        (b" \n", "DataFormatConversion.MalformedData", "empty or contained only whitespace"),
        (b"{", "DataFormatConversion.ParseError", "malformed JSON"),
        (b'"text"', "DataFormatConversion.MalformedData", "top level must be an object"),
        (b"[1]", "DataFormatConversion.MalformedData", "top level must be an object"),
    ],
)
def test_what_is_no_json_object_is_refused(record: bytes, code: str, message: str) -> None:
    converter = Converter([column("v", "int")], "SNAPPY")
    with pytest.raises(RecordError, match=message) as caught:
        converter.rows(record)
    converter.close()
    assert caught.value.code == code


def test_what_is_missing_is_null_and_what_is_unknown_is_passed_over(tmp_path: Path) -> None:
    assert convert(tmp_path, {"a": "int", "b": "string"}, '{"a":1,"z":2}\n', '{"b":"x"}') == [(1, None), (None, "x")]


def test_of_a_name_that_is_repeated_the_last_value_counts(tmp_path: Path) -> None:
    rows = convert(tmp_path, {"a": "int", "b": "string"}, '{"a":1,"b":"x","a":2}', '{"a":3,"b":"y"}')
    assert rows == [(2, "x"), (3, "y")]


def test_a_usual_record_may_be_written_in_several_lines(tmp_path: Path) -> None:
    assert convert(tmp_path, {"a": "int", "b": "string"}, '{"a":1,\n"b":"x"}\n', ' {"a":2,"b":"y"} ') == [
        (1, "x"),
        (2, "y"),
    ]


def test_a_record_may_hold_several_documents(tmp_path: Path) -> None:
    assert convert(tmp_path, {"a": "int"}, '{"a":1}\n{"a":2}\n') == [(1,), (2,)]


def test_keys_match_in_any_case_by_default(tmp_path: Path) -> None:
    assert convert(tmp_path, {"a": "int"}, '{"A":1}') == [(1,)]
    assert convert(tmp_path, {"a": "int"}, '{"A":1}', case_insensitive=False) == [(None,)]


def test_a_column_may_be_read_from_another_key(tmp_path: Path) -> None:
    assert convert(tmp_path, {"ts": "int"}, '{"timestamp":1}', key_mappings={"ts": "timestamp"}) == [(1,)]


def test_any_name_is_a_columns_name(tmp_path: Path) -> None:
    assert convert(tmp_path, {'it\'s "{odd}"': "int"}, '{"it\'s \\"{odd}\\"": 1}') == [(1,)]


@pytest.mark.parametrize("kind", ["array<int>", "decimal(39,2)", "decimal(2,3)", "interval"])
def test_a_type_that_is_not_written_is_a_fault_of_the_table(kind: str) -> None:
    with pytest.raises(SchemaError, match="column v has"):
        column("v", kind)
