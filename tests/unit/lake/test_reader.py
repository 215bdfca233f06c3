from __future__ import annotations

from typing import Any

from lake.athena import Athena
from lake.reader import Changes, LakeReader
from transform.schema import Column, KeyAttribute, Table

TABLE = Table(
    entity="thing",
    change_log="thing_changes",
    view="things",
    partition_key=KeyAttribute("id", "S"),
    sort_key=KeyAttribute("line", "N"),
    columns=(
        Column("revision", "bigint", ("version",), ""),
        Column("line", "bigint", ("line",), ""),
        Column("id", "string", ("id",), ""),
        Column("price", "decimal(18,2)", ("price",), ""),
    ),
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


def _reader(client: OneRow) -> LakeReader:
    return LakeReader(Athena(client, "w", "d"), TABLE, "thing_changes", "things")


def test_the_views_columns_are_the_schemas_and_come_as_canonical_text() -> None:
    client = OneRow("007", "1", "a", "2.5")
    assert list(_reader(client).view_rows()) == [("7", "1", "a", "2.50")]
    assert client.sql == 'SELECT "revision", "line", "id", "price" FROM "things"'


def test_an_empty_log_has_a_state() -> None:
    state = _reader(OneRow("0", None)).log_state()
    assert (state.rows, state.last) == (0, None)


def test_duplicates_are_rows_that_repeat_a_change() -> None:
    changes = _reader(OneRow("10", "7")).changes()
    assert changes == Changes(10, 7)
    assert changes.duplicates == 3


def test_changes_are_counted_by_key_op_and_version() -> None:
    client = OneRow("a", "1", "INSERT", "1", "1")
    assert list(_reader(client).change_counts()) == [("a", "1", "INSERT", "1", "1")]
    assert client.sql.endswith('GROUP BY "id", "line", "op", "revision"')
