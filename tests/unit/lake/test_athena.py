from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from lake.athena import Athena, QueryError, QueryProgress, ResultColumn, quote

ID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def client() -> Any:
    return import_module("boto3").client(
        "athena", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


@pytest.fixture
def stubber(client: Any) -> Iterator[Any]:
    with import_module("botocore.stub").Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _athena(client: Any, seen: list[QueryProgress] | None = None, waits: list[float] | None = None) -> Athena:
    return Athena(
        client,
        "analysts",
        "sales",
        watch=(seen if seen is not None else []).append,
        sleep=(waits if waits is not None else []).append,
    )


def _starts(stubber: Any, sql: str = "SELECT 1", database: str = "sales") -> None:
    stubber.add_response(
        "start_query_execution",
        {"QueryExecutionId": ID},
        {"QueryString": sql, "WorkGroup": "analysts", "QueryExecutionContext": {"Database": database}},
    )


def _is(stubber: Any, state: str, reason: str | None = None, category: int | None = None, **statistics: int) -> None:
    status: dict[str, Any] = {"State": state}
    if reason is not None:
        status["StateChangeReason"] = reason
    if category is not None:
        status["AthenaError"] = {"ErrorCategory": category, "ErrorMessage": reason}
    stubber.add_response(
        "get_query_execution",
        {"QueryExecution": {"QueryExecutionId": ID, "Status": status, "Statistics": statistics}},
        {"QueryExecutionId": ID},
    )


def _page(
    stubber: Any, rows: list[list[str | None]], *, token: str | None = None, after: str | None = None, types: str = ""
) -> None:
    data = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows]
    names = [name.split(":") for name in (types or "a:varchar b:bigint").split()]
    metadata = {"ColumnInfo": [{"Name": name, "Type": type_} for name, type_ in names]}
    answer: dict[str, Any] = {"ResultSet": {"Rows": data, "ResultSetMetadata": metadata}}
    if token is not None:
        answer["NextToken"] = token
    asked = {"QueryExecutionId": ID} | ({"NextToken": after} if after else {})
    stubber.add_response("get_query_results", answer, asked)


def test_a_result_streams_through_its_pages_without_the_header_row(client: Any, stubber: Any) -> None:
    _starts(stubber)
    _is(stubber, "SUCCEEDED")
    _page(stubber, [["a", "b"], ["x", "1"], ["", None]], token="t1")
    _page(stubber, [["a", "b"]], token="t2", after="t1")
    _page(stubber, [], after="t2")
    result = _athena(client).query("SELECT 1")
    assert result.columns == (ResultColumn("a", "varchar"), ResultColumn("b", "bigint"))
    assert list(result.rows) == [("x", "1"), ("", None), ("a", "b")]


def test_pages_are_fetched_lazily(client: Any, stubber: Any) -> None:
    _starts(stubber)
    _is(stubber, "SUCCEEDED")
    _page(stubber, [["a", "b"], ["x", "1"]], token="t1")
    assert next(_athena(client).query("SELECT 1").rows) == ("x", "1")


def test_statements_without_a_header_row_keep_their_first_row(client: Any, stubber: Any) -> None:
    _starts(stubber, "SHOW TABLES")
    _is(stubber, "SUCCEEDED")
    _page(stubber, [["orders"]], types="tab_name:string")
    assert list(_athena(client).query("SHOW TABLES").rows) == [("orders",)]


def test_describe_has_its_columns_apart(client: Any, stubber: Any) -> None:
    _starts(stubber, "DESCRIBE orders")
    _is(stubber, "SUCCEEDED")
    _page(stubber, [["id                  \tstring              \tthe key"]], types="a:string b:string c:string")
    assert list(_athena(client).query("DESCRIBE orders").rows) == [("id", "string", "the key")]


def test_waiting_polls_with_growing_intervals_and_reports_progress(client: Any, stubber: Any) -> None:
    _starts(stubber)
    _is(stubber, "QUEUED")
    for _ in range(12):
        _is(stubber, "RUNNING", DataScannedInBytes=10)
    _is(stubber, "SUCCEEDED", DataScannedInBytes=20, TotalExecutionTimeInMillis=1500)
    _page(stubber, [["a", "b"]])
    seen: list[QueryProgress] = []
    waits: list[float] = []
    _athena(client, seen, waits).query("SELECT 1")
    assert [execution.state for execution in seen] == ["QUEUED", *["RUNNING"] * 12, "SUCCEEDED"]
    assert seen[-1] == QueryProgress(id=ID, state="SUCCEEDED", scanned_bytes=20, elapsed_ms=1500)
    assert waits == sorted(waits)
    assert waits[0] < 0.1
    assert waits[-1] == 2.0


@pytest.mark.parametrize(
    ("reason", "category", "at_fault"),
    [
        ("SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved", 2, True),
        ("Query exhausted resources at this scale factor", 1, False),
        ("TABLE_NOT_FOUND: line 1:15: Table 'x' does not exist", None, True),
        ("Something\n  broke.", None, False),
    ],
)
def test_a_failure_gives_athenas_reason_in_one_line_and_whose_fault_it_is(
    client: Any, stubber: Any, reason: str, category: int | None, at_fault: bool
) -> None:
    _starts(stubber)
    _is(stubber, "FAILED", reason, category)
    with pytest.raises(QueryError) as raised:
        _athena(client).query("SELECT 1")
    assert raised.value.statement_at_fault is at_fault
    assert str(raised.value) == " ".join(reason.split()).rstrip(".")


def test_a_cancelled_query_is_nobodys_fault(client: Any, stubber: Any) -> None:
    _starts(stubber)
    _is(stubber, "CANCELLED")
    with pytest.raises(QueryError, match="CANCELLED") as raised:
        _athena(client).query("SELECT 1")
    assert not raised.value.statement_at_fault


def test_a_statement_that_athena_refuses_at_once_is_at_fault(client: Any, stubber: Any) -> None:
    stubber.add_client_error("start_query_execution", "InvalidRequestException", "line 1:1: mismatched input 'SELEC'")
    with pytest.raises(QueryError, match="mismatched input 'SELEC'") as raised:
        _athena(client).query("SELEC 1")
    assert raised.value.statement_at_fault


def test_an_interrupt_stops_the_query_in_athena(client: Any, stubber: Any) -> None:
    _starts(stubber)
    _is(stubber, "RUNNING")
    stubber.add_response("stop_query_execution", {}, {"QueryExecutionId": ID})

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Athena(client, "analysts", "sales", sleep=interrupt).query("SELECT 1")


def test_one_is_the_only_row(client: Any, stubber: Any) -> None:
    _starts(stubber)
    _is(stubber, "SUCCEEDED")
    _page(stubber, [["a", "b"], ["x", "1"]])
    assert _athena(client).one("SELECT 1") == ("x", "1")


def test_named_queries_come_from_every_page_in_order(client: Any, stubber: Any) -> None:
    stubber.add_response("list_named_queries", {"NamedQueryIds": ["1"], "NextToken": "t"}, {"WorkGroup": "analysts"})
    stubber.add_response("list_named_queries", {"NamedQueryIds": ["2"]}, {"WorkGroup": "analysts", "NextToken": "t"})
    for id_, name in (("1", "revenue"), ("2", "funnel")):
        query = {"Name": name, "Database": "sales", "QueryString": "SELECT 1", "NamedQueryId": id_}
        stubber.add_response("get_named_query", {"NamedQuery": query}, {"NamedQueryId": id_})
    assert [query.name for query in _athena(client).named_queries()] == ["funnel", "revenue"]


def test_quotes_in_names_are_doubled() -> None:
    assert quote('a"b') == '"a""b"'
