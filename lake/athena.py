"""Queries through the Athena API: submit, wait, read the result, stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from msgspec import Struct

from lake.clients import AthenaClient, error_code, error_message
from lake.objects import S3Client
from lake.results import Cell, Row, read_rows

_FIRST_POLL_S = 0.05
_SLOWEST_POLL_S = 2.0
_USER_ERROR = 2  # AthenaError.ErrorCategory: https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
# For a response without a category: Trino's names of errors in the statement.
_STATEMENT_ERRORS = ("SYNTAX_ERROR", "mismatched input", "_NOT_FOUND", "TYPE_MISMATCH", "FUNCTION_", "INVALID_")


class QueryError(Exception):
    """A query that Athena refused, failed or cancelled; its text is Athena's reason as one line.

    `statement_at_fault` separates errors that the user can fix (syntax, names, types, permissions) from failures of a
    correct statement; `cancelled` means that the statement was stopped.
    """

    def __init__(self, reason: str, *, statement_at_fault: bool, cancelled: bool = False) -> None:
        super().__init__(" ".join(reason.split()).rstrip("."))
        self.statement_at_fault = statement_at_fault
        self.cancelled = cancelled


class QueryProgress(Struct, frozen=True, kw_only=True):
    """The progress of a query: Athena's state, bytes scanned and engine time so far."""

    id: str
    state: str
    scanned_bytes: int = 0
    elapsed_ms: int = 0

    @property
    def finished(self) -> bool:
        """Whether the query is finished, successfully or not."""
        return self.state in {"SUCCEEDED", "FAILED", "CANCELLED"}


class ResultColumn(NamedTuple):
    """A column of a result: its name and its Athena type without precision (bigint, decimal, varchar, …)."""

    name: str
    type: str


class Result(Struct, frozen=True):
    """A result: its columns, and its rows as Athena's text, None for NULL, fetched lazily."""

    columns: tuple[ResultColumn, ...]
    rows: Iterator[Row]


class NamedQuery(Struct, frozen=True):
    """A query saved in the workgroup."""

    name: str
    description: str
    database: str
    sql: str


class Athena:
    """A workgroup and a database in which statements run."""

    def __init__(
        self,
        client: AthenaClient,
        workgroup: str,
        database: str,
        *,
        s3: S3Client | None = None,
        watch: Callable[[QueryProgress], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`watch` receives each query's progress at every poll; `s3` reads the results of `stream`."""
        self._client = client
        self._workgroup = workgroup
        self._database = database
        self._s3 = s3
        self._watch = watch
        self._sleep = sleep

    def query(self, sql: str, database: str | None = None, parameters: Sequence[str] = ()) -> Result:
        """Run one statement and open its result; raises QueryError if it fails.

        `parameters` are SQL expressions for its question marks. An interrupt also stops the query in Athena.
        """
        return self._result(self._run(sql, database or self._database, parameters))

    def execute(self, sql: str, token: str) -> None:
        """Run a statement without rows, once for a token: a repetition waits for the first run.

        https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
        """
        self._wait(self._start(sql, self._database, ClientRequestToken=token))

    def stream(self, sql: str) -> Iterator[Row]:
        """Run a SELECT and read its rows from the object that Athena writes, which has no pages.

        Without an S3 client, or where the workgroup manages the results itself, they are read page by page.
        """
        return self.begin(sql).rows()

    def begin(self, sql: str) -> Begun:
        """Start a SELECT and return it; its rows are read later."""
        return Begun(self, self._start(sql, self._database))

    def finished_rows(self, execution_id: str) -> Iterator[Row]:
        """Wait for a SELECT and read its rows as `stream` does."""
        location = self._wait(execution_id)
        if self._s3 is None or location is None:
            return self._result(execution_id).rows
        return read_rows(self._s3, location)

    def stop(self, execution_id: str) -> None:
        """Stop a query; no effect on a finished one."""
        self._client.stop_query_execution(QueryExecutionId=execution_id)

    def _run(self, sql: str, database: str, parameters: Sequence[str] = ()) -> str:
        """Run a statement; returns its id."""
        more = {"ExecutionParameters": list(parameters)} if parameters else {}
        execution_id = self._start(sql, database, **more)
        self._wait(execution_id)
        return execution_id

    def _wait(self, execution_id: str) -> str | None:
        """Wait for a statement; returns the location of its result. An interrupt also stops it in Athena."""
        try:
            return self._finish(execution_id)
        except KeyboardInterrupt:
            self.stop(execution_id)
            raise

    def one(self, sql: str) -> Row:
        """Return the only row of a query's result."""
        (row,) = self.query(sql).rows
        return row

    def named_queries(self) -> list[NamedQuery]:
        """Return the workgroup's saved queries by name."""
        request: dict[str, object] = {"WorkGroup": self._workgroup}
        ids: list[str] = []
        while True:
            page = self._client.list_named_queries(**request)
            ids += page["NamedQueryIds"]
            if not page.get("NextToken"):
                break
            request["NextToken"] = page["NextToken"]
        found = (self._client.get_named_query(NamedQueryId=id_)["NamedQuery"] for id_ in ids)
        queries = [
            NamedQuery(query["Name"], query.get("Description") or "", query["Database"], query["QueryString"])
            for query in found
        ]
        return sorted(queries, key=lambda query: query.name)

    def _start(self, sql: str, database: str, **more: object) -> str:
        try:
            answer = self._client.start_query_execution(
                QueryString=sql, WorkGroup=self._workgroup, QueryExecutionContext={"Database": database}, **more
            )
        except Exception as error:
            if error_code(error) != "InvalidRequestException":
                raise
            raise QueryError(error_message(error), statement_at_fault=True) from error
        return answer["QueryExecutionId"]

    def _finish(self, execution_id: str) -> str | None:
        poll_s = _FIRST_POLL_S
        while True:
            answer = self._client.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            status, statistics = answer["Status"], answer.get("Statistics", {})
            execution = QueryProgress(
                id=execution_id,
                state=status["State"],
                scanned_bytes=statistics.get("DataScannedInBytes", 0),
                elapsed_ms=statistics.get("TotalExecutionTimeInMillis", 0),
            )
            self._watch(execution)
            if execution.finished:
                break
            self._sleep(poll_s)
            poll_s = min(poll_s * 1.5, _SLOWEST_POLL_S)
        if execution.state != "SUCCEEDED":
            raise _failure(execution.state, status)
        return answer.get("ResultConfiguration", {}).get("OutputLocation")

    def _result(self, execution_id: str) -> Result:
        first = self._client.get_query_results(QueryExecutionId=execution_id)
        metadata = first["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
        columns = tuple(ResultColumn(info.get("Label") or info["Name"], info["Type"]) for info in metadata)
        return Result(columns, self._rows(execution_id, first, tuple(column.name for column in columns)))

    def _rows(self, execution_id: str, page: dict[str, Any], labels: Row) -> Iterator[Row]:
        rows = _cells(page["ResultSet"].get("Rows", []), len(labels))
        # The first row of a SELECT's first page repeats the labels; SHOW and DESCRIBE have no such row.
        if (first := next(rows, None)) is not None and first != labels:
            yield first
        yield from rows
        while token := page.get("NextToken"):
            page = self._client.get_query_results(QueryExecutionId=execution_id, NextToken=token)
            yield from _cells(page["ResultSet"]["Rows"], len(labels))


class Begun:
    """A SELECT that runs in Athena."""

    def __init__(self, athena: Athena, execution_id: str) -> None:
        self._athena = athena
        self._execution_id = execution_id

    def rows(self) -> Iterator[Row]:
        """Wait for it, and read its rows; raises QueryError if it fails."""
        return self._athena.finished_rows(self._execution_id)

    def stop(self) -> None:
        """Stop it."""
        self._athena.stop(self._execution_id)


def quote(identifier: str) -> str:
    """A quoted name for Athena's SELECT."""
    return '"' + identifier.replace('"', '""') + '"'


def _cells(rows: Sequence[dict[str, Any]], width: int) -> Iterator[Row]:
    for row in rows:
        cells = tuple(cast("Cell", datum.get("VarCharValue")) for datum in row["Data"])
        if len(cells) == 1 < width and cells[0] is not None:
            # DESCRIBE has its columns in one value, with tabs and spaces between.
            cells = tuple(cell.strip() for cell in cells[0].split("\t")[:width])
        yield cells + (None,) * (width - len(cells))


def _failure(state: str, status: dict[str, Any]) -> QueryError:
    error = status.get("AthenaError", {})
    reason = status.get("StateChangeReason") or error.get("ErrorMessage") or f"the query is {state}, without a reason"
    category = error.get("ErrorCategory")
    at_fault = category == _USER_ERROR if category else any(name in reason for name in _STATEMENT_ERRORS)
    return QueryError(reason, statement_at_fault=state == "FAILED" and at_fault, cancelled=state == "CANCELLED")
