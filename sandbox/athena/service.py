"""The Athena API's query calls, AWS JSON 1.1 over a Unix socket."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from sandbox.athena.errors import ApiError
from sandbox.athena.executions import FINAL, Executions, Request
from sandbox.athena.results import MAX_ROWS_A_PAGE, csv_page, text_page
from sandbox.athena.workgroups import DEFAULT_WORKGROUP, Workgroups

_log = logging.getLogger(__name__)
_MAX_BYTES = 16 * 2**20
_MAX_LISTED = 50
_CONTENT_TYPE = "application/x-amz-json-1.1"

Body = Mapping[str, Any]


class Service:
    """Serves the calls; each runs in a thread, so none blocks another."""

    def __init__(self, executions: Executions, workgroups: Workgroups) -> None:
        self._executions = executions
        self._workgroups = workgroups
        self._calls: dict[str, Callable[[Body], dict[str, Any]]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "BatchGetQueryExecution": self._batch_get,
            "GetQueryResults": self._results,
            "StopQueryExecution": self._stop,
            "ListQueryExecutions": self._list,
        }

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(client_max_size=_MAX_BYTES)
        application.router.add_post("/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        target = request.headers.get("X-Amz-Target", "")
        operation = target.rpartition(".")[2]
        call = self._calls.get(operation)
        try:
            if call is None:
                raise ApiError(f"{target or 'The request'} is not a query call of Athena", "UnknownOperationException")
            body = msgspec.json.decode(await request.read() or b"{}", type=dict[str, Any])
            answer = await asyncio.to_thread(call, body)
        except msgspec.DecodeError as error:
            return _error(ApiError(str(error), "SerializationException"))
        except ApiError as error:
            return _error(error)
        except Exception as error:
            _log.exception("%s", operation)
            return _error(ApiError(str(error), "InternalServerException"), status=500)
        return _response(answer)

    def _start(self, body: Body) -> dict[str, Any]:
        sql = body.get("QueryString")
        if not isinstance(sql, str) or not sql.strip():
            raise ApiError("QueryString is empty")
        context: Body = body.get("QueryExecutionContext") or {}
        name = str(body.get("WorkGroup") or DEFAULT_WORKGROUP)
        request = Request(
            sql=sql,
            database=str(context.get("Database") or "default").lower(),
            catalog=str(context.get("Catalog") or "AwsDataCatalog"),
            parameters=tuple(body.get("ExecutionParameters") or ()),
            settings=self._workgroups.settings(name, body.get("ResultConfiguration") or {}),
        )
        return {"QueryExecutionId": self._executions.start(request, body.get("ClientRequestToken"))}

    def _get(self, body: Body) -> dict[str, Any]:
        return {"QueryExecution": self._executions.get(_id(body)).execution}

    def _batch_get(self, body: Body) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        missing: list[dict[str, str]] = []
        asked: list[str] = body.get("QueryExecutionIds") or []
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
        status = remembered.execution["Status"]
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason")
            detail = f". Error details: {reason}" if reason else ""
            over = f"Query did not finish successfully. Final query state: {status['State']}{detail}"
            running = f"Query has not yet finished. Current state: {status['State']}"
            raise ApiError(over if status["State"] in FINAL else running)
        most = int(body.get("MaxResults") or MAX_ROWS_A_PAGE)
        if not 1 <= most <= MAX_ROWS_A_PAGE:
            raise ApiError(f"MaxResults is more than maximum allowed length {MAX_ROWS_A_PAGE}.")
        cut = csv_page if remembered.path.suffix == ".csv" else text_page
        page = cut(remembered.path, body.get("NextToken"), most)
        answer: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {"Rows": page.rows, "ResultSetMetadata": {"ColumnInfo": remembered.columns}},
        }
        if page.next_token is not None:
            answer["NextToken"] = page.next_token
        return answer

    def _stop(self, body: Body) -> dict[str, Any]:
        self._executions.stop(_id(body))
        return {}

    def _list(self, body: Body) -> dict[str, Any]:
        name = str(body.get("WorkGroup") or DEFAULT_WORKGROUP)
        self._workgroups.check(name)
        listed = self._executions.listed(name)
        token = body.get("NextToken")
        start = listed.index(token) + 1 if token in listed else 0
        most = min(int(body.get("MaxResults") or _MAX_LISTED), _MAX_LISTED)
        page = listed[start : start + most]
        return {"QueryExecutionIds": page, **({"NextToken": page[-1]} if start + most < len(listed) else {})}


def _id(body: Body) -> str:
    execution_id = body.get("QueryExecutionId")
    if not isinstance(execution_id, str) or not execution_id:
        raise ApiError("QueryExecutionId is required")
    return execution_id


def _response(answer: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer),
        status=status,
        headers={"Content-Type": _CONTENT_TYPE, "x-amzn-RequestId": str(uuid.uuid4())},
    )


def _error(error: ApiError, status: int = 400) -> web.Response:
    body = {"__type": error.code, "Message": error.message, "message": error.message}
    if error.code == "InvalidRequestException":
        body["AthenaErrorCode"] = error.athena_code
    return _response(body, status)
