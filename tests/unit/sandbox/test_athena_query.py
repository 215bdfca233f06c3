"""A SELECT over a lake: what is read, what is pruned, what comes out."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from sandbox.athena.catalogue import CataloguePartition, Storage
from sandbox.athena.errors import ApiError, StatementError
from sandbox.athena.results import csv_page
from sandbox.athena.store import RowStore
from tests.athena_lake import Lake

HOURLY = {
    "projection.enabled": "true",
    "projection.hour.type": "date",
    "projection.hour.format": "yyyy-MM-dd-HH",
    "projection.hour.range": "2026-03-01-00,NOW",
    "projection.hour.interval": "1",
    "projection.hour.interval.unit": "HOURS",
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_decimals_are_exact_whether_number_or_string(lake: Lake) -> None:
    lake.table("t", {"id": "int", "d": "decimal(38,9)"})
    number = "12345678901234567890.123456789"
    lake.objects.put("lake", "t/a.json", f'{{"id":1,"d":{number}}}\n{{"id":2,"d":"{number}"}}\n'.encode())
    assert lake.query("SELECT d FROM t ORDER BY id") == [[number], [number]]


def test_timestamps_are_rounded_to_milliseconds(lake: Lake) -> None:
    lake.table("t", {"id": "int", "at": "timestamp"})
    lake.rows(
        "t/a.json",
        {"id": 1, "at": "2026-01-02 03:04:05"},
        {"id": 2, "at": "2026-01-02 03:04:05.678499"},
        {"id": 3, "at": "2026-01-02 03:04:05.6785"},
        {"id": 4, "at": "1969-12-31 23:59:59.9995"},
        {"id": 5, "at": "2026-01-02T03:04:05.1Z"},
        {"id": 6, "at": None},
    )
    assert [row[0] for row in lake.query("SELECT at FROM t ORDER BY id")] == [
        "2026-01-02 03:04:05.000", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.679",
        "1970-01-01 00:00:00.000", "2026-01-02 03:04:05.100", None,
    ]  # fmt: skip


def test_keys_are_matched_without_regard_to_case(lake: Lake) -> None:
    lake.table("t", {"name": "string", "tags": "array<string>", "more": "struct<a:int>"})
    lake.rows("t/a.json", {"Name": "x", "TAGS": ["a", None], "more": {"a": 1}, "other": 5})
    assert lake.query("SELECT * FROM t") == [["x", "[a, null]", "{a=1}"]]


def test_text_columns_take_any_json(lake: Lake) -> None:
    lake.table("t", {"v": "string"})
    lake.rows("t/a.json", {"v": {"a": [1, "é"]}}, {"v": 1.50}, {"v": True}, {"v": 'q"\n'})
    found = {row[0] for row in lake.query("SELECT v FROM t")}
    assert found == {"1.5", 'q"\n', "true", '{"a": [1, "\\u00e9"]}'}


def test_unreadable_values_fail_the_query_unless_ignored(lake: Lake) -> None:
    lake.table("strict", {"n": "int"})
    lake.rows("strict/a.json", {"n": "x"})
    assert lake.failure("SELECT n FROM strict") == "HIVE_BAD_DATA: Error parsing field value 'x' for field 0: not a int"
    lake.table("lenient", {"n": "int"}, storage=Storage("s3://lake/strict/", "json", {"ignore.malformed.json": "TRUE"}))
    assert lake.query("SELECT n FROM lenient") == [[None]]


def test_malformed_lines_fail_the_query_unless_ignored(lake: Lake) -> None:
    lake.table("strict", {"n": "int"})
    lake.objects.put("lake", "strict/a.json", b'{"n":1}\n{"n":\n')
    assert lake.failure("SELECT n FROM strict").startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
    lake.table("lenient", {"n": "int"}, storage=Storage("s3://lake/strict/", "json", {"ignore.malformed.json": "true"}))
    assert lake.query("SELECT n FROM lenient ORDER BY 1") == [["1"], [None]]


def test_compression_is_inferred_from_the_keys_suffix(lake: Lake) -> None:
    lake.table("t", {"n": "int"})
    lake.objects.put("lake", "t/a.json.gz", gzip.compress(b'{"n":1}\n'))
    assert lake.value("SELECT n FROM t") == "1"
    lake.objects.put("lake", "t/b.gz", b'{"n":2}\n')
    assert lake.failure("SELECT n FROM t").startswith("HIVE_BAD_DATA: s3://lake/t/b.gz cannot be decompressed")


def test_an_object_is_read_once(lake: Lake) -> None:
    lake.table("t", {"n": "int"})
    lake.rows("t/a.json", {"n": 1})
    assert lake.value("SELECT sum(n) FROM t") == "1"
    lake.rows("t/b.json", {"n": 2})
    assert lake.value("SELECT sum(n) FROM t") == "3"
    assert lake.objects.reads == ["t/a.json", "t/b.json"]


def test_an_object_replaced_is_another_and_a_deleted_one_is_gone(lake: Lake) -> None:
    lake.table("t", {"n": "int"})
    lake.rows("t/a.json", {"n": 1})
    lake.rows("t/b.json", {"n": 10})
    assert lake.value("SELECT sum(n) FROM t") == "11"
    lake.rows("t/a.json", {"n": 2})
    del lake.objects.content["lake", "t/b.json"]
    assert lake.value("SELECT sum(n) FROM t") == "2"


def test_the_store_outlives_its_process(lake: Lake, tmp_path: Path) -> None:
    lake.table("t", {"n": "int"})
    lake.rows("t/a.json", {"n": 1})
    assert lake.value("SELECT n FROM t") == "1"
    lake.store.close()
    again = Lake(tmp_path)
    again.catalogue.tables = lake.catalogue.tables
    again.objects.content = lake.objects.content
    assert again.value("SELECT n FROM t") == "1"
    assert again.objects.reads == []


def test_only_short_texts_that_do_not_repeat_are_stored_uncompressed(lake: Lake, tmp_path: Path) -> None:
    lake.table("t", {"key": "string", "status": "string", "long": "string", "missing": "string"})
    rows = [{"key": f"order-{i:09}", "status": "paid", "long": f"{i:09}" * 20} for i in range(5000)]
    lake.rows("t/a.json", *rows)
    assert lake.query("SELECT count(DISTINCT key), max(key), max(long), count(missing) FROM t") == [
        ["5000", "order-000004999", "000004999" * 20, "0"]
    ]
    lake.store.close()
    with duckdb.connect(tmp_path / "lake.duckdb") as database:
        ((name,),) = database.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'db.%'").fetchall()
        described = database.execute(
            "SELECT column_name, bool_and(compression = 'Uncompressed') FROM pragma_storage_info(?) "
            "WHERE segment_type = 'VARCHAR' AND column_name <> 'c3' GROUP BY 1",
            [f'"{name}"'],
        ).fetchall()
    assert dict(described) == {"c0": True, "c1": False, "c2": False}


def test_an_unreadable_store_is_recreated(tmp_path: Path) -> None:
    (tmp_path / "lake.duckdb").write_bytes(b"not a database" * 1000)
    lake = Lake(tmp_path)
    lake.table("t", {"n": "int"})
    lake.rows("t/a.json", {"n": 1})
    assert lake.value("SELECT n FROM t") == "1"


def test_another_schema_reads_the_objects_again(lake: Lake) -> None:
    lake.table("t", {"n": "int"})
    lake.rows("t/a.json", {"n": 1, "m": 2})
    assert lake.query("SELECT * FROM t") == [["1"]]
    lake.table("t", {"m": "decimal(5,1)", "n": "string"})
    assert lake.query("SELECT * FROM t") == [["2.0", "1"]]


def test_projected_partitions(lake: Lake) -> None:
    lake.table("t", {"n": "int"}, ["hour"], HOURLY)
    for i, hour in enumerate(("2026-02-28-23", "2026-03-01-00", "2026-03-15-12", "2026-03-15-13")):
        lake.rows(f"t/hour={hour}/a.json", {"n": i})
    lake.rows("t/_tmp/hour=2026-03-15-12/a.json", {"n": 100})
    lake.rows("t/hour=2026-03-15-12/_a.json", {"n": 100})
    assert lake.query("SELECT hour, n FROM t ORDER BY 1") == [["2026-03-01-00", "1"], ["2026-03-15-12", "2"]]


def test_only_what_the_where_clause_needs_is_listed_and_read(lake: Lake) -> None:
    lake.table("t", {"n": "int"}, ["hour"], HOURLY)
    for i in range(10):
        lake.rows(f"t/hour=2026-03-15-0{i}/a.json", {"n": i})
    assert lake.value("SELECT sum(n) FROM t WHERE hour = '2026-03-15-03'") == "3"
    assert lake.objects.listed == [("lake", "t/hour=2026-03-15-03/")]
    assert lake.value("SELECT sum(n) FROM t AS x WHERE x.hour BETWEEN '2026-03-15-07' AND '2026-03-15-08'") == "15"
    assert lake.objects.listed[-1] == ("lake", "t/hour=2026-03-15-0")
    assert lake.value("SELECT sum(n) FROM t WHERE hour IN ('2026-03-15-05', '2026-03-15-06') AND n > 5") == "6"
    assert lake.value("SELECT sum(n) FROM t WHERE substr(hour, 12) >= '09' OR hour = '2026-03-15-00'") == "9"
    assert sorted(lake.objects.reads) == [f"t/hour=2026-03-15-0{i}/a.json" for i in (0, 3, 5, 6, 7, 8, 9)]


def test_an_outer_join_is_not_pruned_on_its_inner_side(lake: Lake) -> None:
    lake.table("t", {"n": "int"}, ["hour"], HOURLY)
    lake.rows("t/hour=2026-03-15-01/a.json", {"n": 1})
    joined = "SELECT v.x FROM (VALUES 1, 2) AS v(x) LEFT JOIN t ON t.n = v.x WHERE t.hour IS NULL"
    assert lake.query(joined) == [["2"]]


def test_partitions_of_the_catalogue(lake: Lake) -> None:
    lake.table("t", {"n": "int"}, ["day"])
    lake.catalogue.parts["t"] = [
        CataloguePartition(("1",), Storage("s3://lake/t/one/", "json", {})),
        CataloguePartition(("2",), Storage("s3://elsewhere/two", "json", {})),
    ]
    lake.rows("t/one/a.json", {"n": 1})
    lake.rows("t/three/a.json", {"n": 3})
    lake.objects.put("elsewhere", "two/sub/a.json", b'{"n":2}')
    assert lake.query("SELECT day, n FROM t ORDER BY 1") == [["1", "1"], ["2", "2"]]
    assert lake.value("SELECT n FROM t WHERE day = '2'") == "2"
    assert lake.objects.listed[-1] == ("elsewhere", "two/")


@pytest.mark.parametrize(
    "where",
    [
        "day > 'b'", "day >= 'b'", "day < 'b'", "day <= 'b'", "'b' < day", "day = 'b '", "day <> 'b'",
        "day >= 'b' AND day > 'b'", "day <= 'é' AND day < 'é'", "day BETWEEN 'b' AND 'é'",
        "NOT day BETWEEN 'b' AND 'é'", "day IN ('a', 'é', NULL)", "day NOT IN ('a')", "day > 'Z' AND length(day) = 1",
        "day BETWEEN 'a' AND lower('C')", "day IS NULL", "day = '__HIVE_DEFAULT_PARTITION__'",
        "day > '' OR day IS NULL", "day >= date_format(DATE '2026-03-01', '%Y')", "day = 'b' AND day IN ('c')",
        "day > day", "day > other",
    ],
)  # fmt: skip
def test_partitions_of_texts_are_those_whose_rows_the_clause_keeps(lake: Lake, where: str) -> None:
    days = ["2025", "2026", "Z", "a", "b", "b ", "c", "é", "\U0001f600", None]
    lake.table("t", {"other": "string"}, ["day"])
    lake.catalogue.parts["t"] = [
        CataloguePartition((day or "__HIVE_DEFAULT_PARTITION__",), Storage(f"s3://lake/t/{i}/", "json", {}))
        for i, day in enumerate(days)
    ]
    for i in range(len(days)):
        lake.rows(f"t/{i}/a.json", {"other": "a"})
    rows = ", ".join(f"({'NULL' if day is None else repr(day)}, 'a')" for day in days)
    unpruned = lake.query(f"SELECT day FROM (VALUES {rows}) AS t (day, other) WHERE {where} ORDER BY 1")
    assert lake.query(f"SELECT day FROM t WHERE {where} ORDER BY 1") == unpruned


def test_injected_partitions_need_an_equality(lake: Lake) -> None:
    properties = {
        "projection.enabled": "true",
        "projection.tenant.type": "injected",
        "storage.location.template": "s3://lake/t/${tenant}/data",
    }
    lake.table("t", {"n": "int"}, ["tenant"], properties)
    lake.rows("t/a/data/x.json", {"n": 1})
    assert lake.query("SELECT tenant, n FROM t WHERE tenant = 'a'") == [["a", "1"]]
    assert lake.failure("SELECT n FROM t").startswith("CONSTRAINT_VIOLATION: For the injected projected partition")


def test_a_template_with_slashes_in_its_date(lake: Lake) -> None:
    properties = {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.format": "yyyy/MM/dd",
        "projection.day.range": "2026/01/01,NOW",
        "projection.kind.type": "enum",
        "projection.kind.values": "a,b",
        "storage.location.template": "s3://lake/t/${kind}-${day}/",
    }
    lake.table("t", {"n": "int"}, ["day", "kind"], properties)
    lake.rows("t/a-2026/03/01/x.json", {"n": 1})
    lake.rows("t/c-2026/03/01/x.json", {"n": 2})
    assert lake.query("SELECT day, kind, n FROM t") == [["2026/03/01", "a", "1"]]


def test_the_path_of_a_row(lake: Lake) -> None:
    lake.table("t", {"n": "int"})
    lake.rows("t/a.json", {"n": 1})
    assert lake.query('SELECT *, "$path" FROM t') == [["1", "s3://lake/t/a.json"]]


@pytest.mark.parametrize("objects", [1, 4, 5, 9])
def test_the_partition_and_the_path_of_few_and_of_many_objects(lake: Lake, objects: int) -> None:
    """Few are read one by one, many by a table of objects; an object that the query does not read is in the store."""
    lake.table("t", {"n": "int"}, ["p", "q"])
    lake.catalogue.parts["t"] = [
        CataloguePartition((value, "it's"), Storage(f"s3://lake/t/{value}/", "json", {}))
        for value in ("1", "__HIVE_DEFAULT_PARTITION__", "unread")
    ]
    lake.rows("t/unread/x.json", {"n": -1})
    assert lake.value("SELECT count(*) FROM t") == "1"
    expected: list[list[str | None]] = []
    for number in range(objects):
        value = "1" if number % 2 else "__HIVE_DEFAULT_PARTITION__"
        lake.rows(f"t/{value}/{number}'.json", {"n": number})
        expected.append([str(number), "1" if number % 2 else None, "it's", f"s3://lake/t/{value}/{number}'.json"])
    assert lake.query("SELECT *, \"$path\" FROM t WHERE p = '1' OR p IS NULL ORDER BY n") == expected
    assert lake.value("SELECT count(*) FROM t WHERE p = '1'") == str(objects // 2)


def test_parquet_is_read_by_column_name(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    duckdb.sql(
        "COPY (SELECT 1.50::DECIMAL(9,2) AS amount, 7 AS n, TIMESTAMP '2026-01-02 03:04:05.1239' AS at, 'x' AS extra)"
        f" TO '{file}' (FORMAT parquet)"
    )
    lake.objects.put("lake", "t/a.parquet", file.read_bytes())
    parquet = Storage("s3://lake/t/", "parquet", {})
    lake.table("t", {"at": "timestamp", "n": "bigint", "absent": "string", "amount": "decimal(18,2)"}, storage=parquet)
    assert lake.query("SELECT * FROM t") == [["2026-01-02 03:04:05.124", "7", None, "1.50"]]
    lake.table("wrong", {"n": "string"}, storage=parquet)
    assert "type integer in the parquet files" in lake.failure("SELECT n FROM wrong")
    lake.objects.put("lake", "t/b.parquet", b"PAR1 no")
    assert lake.failure("SELECT * FROM t").startswith("HIVE_BAD_DATA: Not valid Parquet file: table t")


def test_a_view_is_its_query_with_the_promised_types(lake: Lake) -> None:
    lake.table("t", {"k": "string", "n": "int"})
    lake.rows("t/a.json", {"k": "a", "n": 1}, {"k": "b", "n": 2})
    lake.view("doubled", "WITH x AS (SELECT k, n * 2 AS n FROM t) SELECT * FROM x", {"k": "varchar", "n": "bigint"})
    lake.view("outer", "SELECT k, n FROM doubled WHERE n > 2", {"k": "varchar", "n": "bigint"})
    assert lake.query('WITH t AS (SELECT 1 AS k) SELECT o.* FROM "outer" AS o') == [["b", "4"]]
    assert lake.run("SELECT n FROM doubled").columns[0]["Type"] == "bigint"


def test_a_stale_or_recursive_view_fails(lake: Lake) -> None:
    lake.table("t", {"n": "int"})
    lake.view("fewer", "SELECT n FROM t", {"n": "integer", "m": "integer"})
    lake.view("other", "SELECT n FROM t", {"n": "varchar"})
    lake.view("self", "SELECT * FROM self", {"n": "integer"})
    assert "stored view column count (2) does not match" in lake.failure("SELECT * FROM fewer")
    assert lake.failure("SELECT * FROM other") == (
        "VIEW_IS_STALE: line 1:15: View 'awsdatacatalog.db.other' is stale or in invalid state: column [n] of type "
        "integer projected from query view at position 0 cannot be coerced to column [n] of type varchar stored in "
        "view definition"
    )
    assert lake.failure("SELECT * FROM self").startswith("VIEW_IS_RECURSIVE")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT\n  missing FROM t",
            (
                "COLUMN_NOT_FOUND: line 2:3: Column 'missing' cannot be resolved"
                " or requester is not authorized to access requested resources"
            ),
        ),
        ("SELECT 1 FROM nowhere", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.db.nowhere' does not exist"),
        ("SELECT 1 FROM other.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'other' does not exist"),
        ("SELECT s = n FROM t", "TYPE_MISMATCH: line 1:10: Cannot apply operator: varchar = integer"),
        ("SELECT at > '2026' FROM t", "TYPE_MISMATCH: line 1:11: Cannot apply operator: timestamp(3) > varchar(4)"),
        ("SELECT n / 0 FROM t", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT nonsense(n) FROM t", "FUNCTION_NOT_FOUND: line 1:8: Function 'nonsense' not registered"),
        ("SELECT CAST(s AS integer) FROM t", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"),
    ],
)  # fmt: skip
def test_reasons_have_athenas_wording(lake: Lake, sql: str, reason: str) -> None:
    lake.table("t", {"s": "string", "n": "int", "at": "timestamp"})
    lake.rows("t/a.json", {"s": "x", "n": 1, "at": "2026-01-01 00:00:00"})
    assert lake.failure(sql) == reason


def test_parameters_take_the_place_of_question_marks(lake: Lake) -> None:
    assert lake.query("SELECT ? AS a, '?' AS b, x FROM (VALUES 1, 2) AS v(x) WHERE x = ?", "'it''s'", "2") == [
        ["it's", "?", "2"]
    ]
    with pytest.raises(StatementError, match="expected 1 but found 0"):
        lake.run("SELECT ?")


def test_columns_are_named_as_athena_names_them(lake: Lake) -> None:
    lake.table("t", {"a": "int"})
    lake.run('SELECT *, count(*) OVER (), a AS Total, a + 1, "$path" FROM t')
    (header,) = csv_page(lake.result, None, 1).rows
    assert [datum.get("VarCharValue") for datum in header["Data"]] == ["a", "_col1", "Total", "_col3", "$path"]


def test_the_bytes_scanned_are_those_of_the_required_objects(lake: Lake) -> None:
    lake.table("t", {"n": "int"}, ["hour"], HOURLY)
    lake.rows("t/hour=2026-03-15-01/a.json", {"n": 1})
    lake.rows("t/hour=2026-03-15-02/a.json", {"n": 11})
    assert lake.run("SELECT count(*) FROM t").scanned_bytes == len(b'{"n": 1}\n{"n": 11}\n')
    assert lake.run("SELECT count(*) FROM t WHERE hour = '2026-03-15-02'").scanned_bytes == len(b'{"n": 11}\n')


def test_two_processes_do_not_share_a_store(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(duckdb.Error):
        RowStore(tmp_path / "lake.duckdb", lake.objects, memory="1GB")


@pytest.mark.parametrize(
    "source",
    [
        "read_text('/etc/passwd')",
        "read_csv('/etc/passwd')",
        "'/etc/passwd'",
        '"/etc/passwd"',
        "t, read_blob('/etc/passwd')",
        "(SELECT * FROM read_text('/etc/passwd'))",
    ],
)
def test_a_statement_reads_no_file_of_this_machine(lake: Lake, source: str) -> None:
    """SECURITY.md: the tables come from the catalogue, whatever DuckDB itself would read."""
    lake.table("t", {"id": "int"})
    with pytest.raises((ApiError, StatementError), match=r"does not exist|mismatched input"):
        lake.query(f"SELECT * FROM {source}")


def test_try_hides_an_error_of_trinos_but_no_refusal_of_the_sandbox(lake: Lake) -> None:
    # Trino 435 reads a class within a class as the class of its name, and refuses an open parenthesis.
    assert lake.query("SELECT try(regexp_like(x, '(')) FROM (VALUES 'a') t(x)") == [[None]]
    with pytest.raises(StatementError, match="a class within a class"):
        lake.query("SELECT try(regexp_like(x, '[[:alpha:]]')) FROM (VALUES 'a') t(x)")
