"""The Athena API's calls for queries: start, describe, read, stop and list.

The order of the checks and the messages of GetQueryResults are as aoyagikouhei/athena-local measured them,
docs/dev/measurements/query-results.md; the rest is https://docs.aws.amazon.com/athena/latest/APIReference/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.athena.errors import ApiError
from sandbox.athena.execution import FINAL, QueryParameters
from sandbox.athena.executions import Executions, Remembered
from sandbox.athena.results import MAX_ROWS_A_PAGE, RowPage, csv_page, text_page
from sandbox.athena.workgroups import DEFAULT_WORKGROUP, Workgroups

_MAX_LISTED = 50
_MAX_REUSE_MINUTES = 10_080
_DEFAULT_REUSE_MINUTES = 60
_WRONG_STATE = "INVALID_QUERY_EXECUTION_STATE"

Body = Mapping[str, Any]


class QueryCalls:
    """Handles the calls by their names."""

    def __init__(self, executions: Executions, workgroups: Workgroups) -> None:
        self._executions = executions
        self._workgroups = workgroups
        self.calls: dict[str, Callable[[Body], dict[str, Any]]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "BatchGetQueryExecution": self._batch_get,
            "GetQueryResults": self._results,
            "GetQueryRuntimeStatistics": self._statistics,
            "StopQueryExecution": self._stop,
            "ListQueryExecutions": self._list,
        }

    def _start(self, body: Body) -> dict[str, Any]:
        sql = body.get("QueryString")
        if not isinstance(sql, str) or not sql.strip():
            raise ApiError("QueryString is empty")
        context: Body = body.get("QueryExecutionContext") or {}
        name = str(body.get("WorkGroup") or DEFAULT_WORKGROUP)
        request = QueryParameters(
            sql=sql,
            context={key: str(value) for key, value in context.items() if value},
            parameters=tuple(body.get("ExecutionParameters") or ()),
            settings=self._workgroups.settings(name, body.get("ResultConfiguration") or {}),
            reuse_minutes=_reuse(body.get("ResultReuseConfiguration") or {}),
        )
        return {"QueryExecutionId": self._executions.start(request, body.get("ClientRequestToken"))}

    def _get(self, body: Body) -> dict[str, Any]:
        return {"QueryExecution": self._executions.get(_id(body)).execution}

    def _batch_get(self, body: Body) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        missing: list[dict[str, str]] = []
        asked: list[str] = body.get("QueryExecutionIds") or []
        if len(asked) > _MAX_LISTED:
            raise ApiError(f"A request has at most {_MAX_LISTED} ids of query executions")
        for execution_id in asked:
            try:
                found.append(self._executions.get(execution_id).execution)
            except ApiError as error:
                missing.append(
                    {"QueryExecutionId": execution_id, "ErrorCode": error.athena_code, "ErrorMessage": error.message}
                )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def _results(self, body: Body) -> dict[str, Any]:
        remembered = self._executions.get(_id(body))
        most = int(body.get("MaxResults") or MAX_ROWS_A_PAGE)
        if not 1 <= most <= MAX_ROWS_A_PAGE:
            raise ApiError(f"MaxResults is more than maximum allowed length {MAX_ROWS_A_PAGE}")
        _check_state(remembered.execution["Status"]["State"])
        page = _page(remembered, body.get("NextToken"), most)
        answer: dict[str, Any] = {
            "ResultSet": {"Rows": page.rows, "ResultSetMetadata": {"ColumnInfo": remembered.columns}}
        }
        if remembered.update_count is not None:
            answer["UpdateCount"] = remembered.update_count
        if page.next_token is not None:
            answer["NextToken"] = page.next_token
        return answer

    def _statistics(self, body: Body) -> dict[str, Any]:
        return {"QueryRuntimeStatistics": self._executions.get(_id(body)).statistics}

    def _stop(self, body: Body) -> dict[str, Any]:
        self._executions.stop(_id(body))
        return {}

    def _list(self, body: Body) -> dict[str, Any]:
        name = str(body.get("WorkGroup") or DEFAULT_WORKGROUP)
        self._workgroups.check(name)
        listed = self._executions.listed(name)
        token = body.get("NextToken")
        if token is not None and token not in listed:
            raise ApiError("The NextToken is not valid")
        start = listed.index(token) + 1 if token is not None else 0
        most = min(int(body.get("MaxResults") or _MAX_LISTED), _MAX_LISTED)
        page = listed[start : start + most]
        return {"QueryExecutionIds": page, **({"NextToken": page[-1]} if start + most < len(listed) else {})}


def _check_state(state: str) -> None:
    if state == "CANCELLED":
        raise ApiError("Could not find results", athena_code="RESULT_NOT_FOUND")
    if state == "FAILED":
        raise ApiError("Query did not finish successfully. Final query state: FAILED", athena_code=_WRONG_STATE)
    if state not in FINAL:
        raise ApiError(f"Query has not yet finished. Current state: {state}", athena_code=_WRONG_STATE)


def _page(remembered: Remembered, token: str | None, most: int) -> RowPage:
    if not remembered.path.is_file():
        return RowPage([], None)
    cut = csv_page if remembered.path.suffix == ".csv" else text_page
    return cut(remembered.path, token, most)


def _reuse(configuration: Body) -> int | None:
    """The maximum age in minutes of a result to reuse; None if the request reuses no results.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ResultReuseByAgeConfiguration.html
    """
    by_age: Body = configuration.get("ResultReuseByAgeConfiguration") or {}
    if not by_age.get("Enabled"):
        return None
    minutes = int(by_age.get("MaxAgeInMinutes", _DEFAULT_REUSE_MINUTES))
    if not 0 <= minutes <= _MAX_REUSE_MINUTES:
        raise ApiError(f"MaxAgeInMinutes must be between 0 and {_MAX_REUSE_MINUTES}")
    return minutes


def _id(body: Body) -> str:
    execution_id = body.get("QueryExecutionId")
    if not isinstance(execution_id, str) or not execution_id:
        message = "Value null at 'queryExecutionId' failed to satisfy constraint: Member must not be null"
        raise ApiError(f"1 validation error detected: {message}")
    return execution_id
