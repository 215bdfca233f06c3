"""Athena for the page: the saved queries and the user's own, their pages of rows, and stopping them."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from sandbox.page.clients import Clients, reason

_PAGE_ROWS = 500
_MAX_BYTES = 262_144
"""Athena's limit of a query's text: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html"""
_POLL_S = 0.05
_TIMEOUT_S = 60.0
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class Running(msgspec.Struct, rename="camel"):
    """A query: its id, state and reason, and its consumption so far, in bytes and milliseconds."""

    id: str
    state: str
    reason: str
    scanned_bytes: int
    took_ms: int


class ResultPage(msgspec.Struct, rename="camel"):
    """A page of rows as Athena's text, None for NULL, and the token of the next page."""

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]
    next: str | None


class Workgroup:
    """The queries of the stack's workgroup and database. Thread-safe."""

    def __init__(self, clients: Clients) -> None:
        self._athena = clients.athena
        self._outputs = clients.outputs

    def saved(self) -> list[dict[str, str]]:
        """The stack's named queries."""
        ids = self._athena.list_named_queries(WorkGroup=self._outputs["workgroup_name"])["NamedQueryIds"]
        if not ids:
            return []
        found = self._athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]
        named = ({"name": each["Name"], "text": each["QueryString"]} for each in found)
        return sorted(named, key=lambda each: each["name"])

    def start(self, sql: str) -> str:
        """Start a query and return its id.

        Raises:
            ValueError: the text is empty or too long, or Athena refuses it; the text is the reason.
        """
        if not sql.strip():
            raise ValueError("The query is empty: write a statement.")
        if len(sql.encode()) > _MAX_BYTES:
            raise ValueError(f"The query is longer than {_MAX_BYTES:,} bytes, Athena's limit.")
        try:
            return self._athena.start_query_execution(
                QueryString=sql,
                WorkGroup=self._outputs["workgroup_name"],
                QueryExecutionContext={"Database": self._outputs["database_name"]},
            )["QueryExecutionId"]
        except ClientError as error:
            raise ValueError(reason(error)) from error

    def running(self, id_: str) -> Running:
        """Return a query's current state.

        Raises:
            ValueError: no query has this id.
        """
        try:
            found = self._athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
        except ClientError as error:
            raise ValueError(reason(error)) from error
        status, statistics = found["Status"], found.get("Statistics", {})
        return Running(
            *(id_, status["State"], status.get("StateChangeReason", "")),
            *(statistics.get("DataScannedInBytes", 0), statistics.get("TotalExecutionTimeInMillis", 0)),
        )

    def stop(self, id_: str) -> None:
        """Stop a query.

        Raises:
            ValueError: no query has this id.
        """
        try:
            self._athena.stop_query_execution(QueryExecutionId=id_)
        except ClientError as error:
            raise ValueError(reason(error)) from error

    def rows(self, id_: str, token: str | None = None) -> ResultPage:
        """Return a page of a query's rows.

        Raises:
            ValueError: it has no rows.
        """
        following: dict[str, Any] = {"NextToken": token} if token else {}
        try:
            page = self._athena.get_query_results(QueryExecutionId=id_, MaxResults=_PAGE_ROWS, **following)
        except ClientError as error:
            raise ValueError(reason(error)) from error
        result = page["ResultSet"]
        infos = result["ResultSetMetadata"]["ColumnInfo"]
        columns = [info["Name"] for info in infos]
        rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"]]
        # The first row of a SELECT's first page is the header.
        if not token and rows and rows[0] == columns:
            rows = rows[1:]
        return ResultPage(columns, [info["Type"] for info in infos], rows, page.get("NextToken"))

    def finished(self, sql: str) -> str:
        """Run a query to its end and return its id.

        Raises:
            ValueError: it fails.
        """
        id_ = self.start(sql)
        deadline = time.monotonic() + _TIMEOUT_S
        while (running := self.running(id_)).state not in _ENDED:
            if time.monotonic() > deadline:
                self.stop(id_)
                raise ValueError(f"Athena did not finish within {_TIMEOUT_S:.0f} s.")
            time.sleep(_POLL_S)
        if running.state != "SUCCEEDED":
            raise ValueError(running.reason)
        return id_
