from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lake.athena import Athena
from lake.fingerprints import BUCKETS, Fingerprints, bucket_of
from lake.inventory import BucketDigest
from lake.reader import ChangeCounts, ComparedKeys, LakeReader
from tests.athena_lake import Lake
from tests.things import column_of, things

TABLE = things(
    column_of("revision", "bigint", "version"),
    column_of("line", "bigint"),
    column_of("id", "string"),
    column_of("price", "decimal(18,2)"),
)


class OneRow:
    """An Athena client whose every result is the same row."""

    def __init__(self, *cells: str | None) -> None:
        self._data = [{} if cell is None else {"VarCharValue": cell} for cell in cells]
        self.sql = ""

    def start_query_execution(self, **request: Any) -> dict[str, Any]:
        self.sql = request["QueryString"]
        return {"QueryExecutionId": "id"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        return {"QueryExecution": {"Status": {"State": "SUCCEEDED"}}}

    def get_query_results(self, **_: Any) -> dict[str, Any]:
        columns = [{"Name": f"_col{at}", "Type": "varchar"} for at, _ in enumerate(self._data)]
        header = [{"VarCharValue": column["Name"]} for column in columns]
        rows = [{"Data": header}, {"Data": self._data}]
        return {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": columns}}}

    def stop_query_execution(self, **_: Any) -> dict[str, Any]:
        return {}

    list_named_queries = get_named_query = stop_query_execution


def _reader(client: OneRow, scope: ComparedKeys | None = None) -> LakeReader:
    return LakeReader(Athena(client, "w", "d"), TABLE, "thing_changes", "things", scope)


def test_the_views_columns_are_the_schemas_and_come_as_canonical_text() -> None:
    client = OneRow("007", "1", "a", "2.5")
    assert list(_reader(client).view_rows({1, 10})) == [("7", "1", "a", "2.50")]
    assert client.sql.startswith('SELECT "revision", "line", "id", "price" FROM (SELECT * FROM "things") WHERE ')
    assert client.sql.endswith(" IN ('001', '00A')")


@pytest.mark.parametrize("count", [1, 600, BUCKETS - 1, BUCKETS])
def test_the_rows_of_the_buckets_asked_for_come_and_no_others(tmp_path: Path, count: int) -> None:
    """Of a lake in which most keys are missing, too: rows of another bucket would count as extra."""
    rows = [("1", str(at), f"order-{at}", "2.50") for at in range(1000)]
    prints = Fingerprints(TABLE)
    wanted = {*Random(count).sample(range(BUCKETS), count - 1), bucket_of(prints.of_row(rows[0])[0])}
    client = OneRow(*rows[0])
    list(_reader(client).view_rows(wanted))
    lake = Lake(tmp_path)
    lake.table("things", {column.name: column.type for column in TABLE.columns})
    names = [column.name for column in TABLE.columns]
    lake.rows("things/1.json", *(dict(zip(names, row, strict=True)) for row in rows))

    expected = [row for row in rows if bucket_of(prints.of_row(row)[0]) in wanted]
    assert sorted(map(tuple, lake.query(client.sql))) == sorted(expected)


def test_digests_of_both_sides_and_the_logs_counts_come_in_one_statement() -> None:
    assert _reader(OneRow("view", "00A", "2", "7")).digests().result().view == {10: BucketDigest(2, 7)}
    assert _reader(OneRow("image", "FFF", "2", "7")).digests().result().images == {4095: BucketDigest(2, 7)}
    changes = _reader(OneRow("log", "", "10", "7")).digests().result().changes
    assert changes == ChangeCounts(10, 7)
    assert changes.duplicates == 3


def test_a_sample_and_a_time_restrict_both_sides() -> None:
    client = OneRow("log", "", "1", "1")
    scope = ComparedKeys(share=16, since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    _reader(client, scope).digests()
    assert client.sql.count("WHERE substr(k, 1, 3) < '010'") == 2
    assert client.sql.count("""WHERE "changed_at" >= TIMESTAMP '2026-01-02 03:04:05'""") == 2


def test_an_empty_log_has_a_state() -> None:
    state = _reader(OneRow("0", None)).log_state()
    assert (state.rows, state.last) == (0, None)


def test_changes_are_counted_by_key_op_and_version() -> None:
    client = OneRow("a", "1", "INSERT", "1", "1")
    assert list(_reader(client).change_counts(versions=True)) == [("a", "1", "INSERT", "1", "1")]
    assert client.sql.endswith('GROUP BY "id", "line", "op", "revision"')
    list(_reader(client).change_counts(versions=False))
    assert client.sql.endswith('GROUP BY "id", "line", "op"')
