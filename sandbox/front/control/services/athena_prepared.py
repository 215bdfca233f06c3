"""Athena's prepared statements, each with a name in its workgroup.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html. A name is unique in its workgroup;
in moto it is unique in the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.athena.models import PreparedStatement, athena_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.paging import page_of
from sandbox.front.control.registry import answers
from sandbox.front.reply import ServiceError

_MAX_LISTED = 50
_MAX_BATCH = 50


@answers("athena", "CreatePreparedStatement")
def create(call: ControlCall) -> None:
    """Store a statement under a name that is not in use in the workgroup."""
    given, statements = call.parameters, _statements(call)
    name = given["StatementName"]
    if _key(call, name) in statements:
        raise ServiceError("InvalidRequestException", f"Prepared Statement {name} already exists")
    statements[_key(call, name)] = _new(call)


@answers("athena", "UpdatePreparedStatement")
def update(call: ControlCall) -> None:
    """Replace a statement's text and description."""
    _found(call, call.parameters["StatementName"])
    _statements(call)[_key(call, call.parameters["StatementName"])] = _new(call)


@answers("athena", "DeletePreparedStatement")
def delete(call: ControlCall) -> None:
    """Delete a statement."""
    _found(call, call.parameters["StatementName"])
    del _statements(call)[_key(call, call.parameters["StatementName"])]


@answers("athena", "GetPreparedStatement")
def get(call: ControlCall) -> Mapping[str, Any]:
    """Return a statement by its name."""
    return {"PreparedStatement": _described(_found(call, call.parameters["StatementName"]))}


@answers("athena", "BatchGetPreparedStatement")
def batch_get(call: ControlCall) -> Mapping[str, Any]:
    """Return those of up to 50 statements that exist, and the names of those that do not."""
    names: list[str] = call.parameters["PreparedStatementNames"]
    if len(names) > _MAX_BATCH:
        raise ServiceError("InvalidRequestException", f"A request has at most {_MAX_BATCH} statement names")
    statements = _statements(call)
    missing = [name for name in names if _key(call, name) not in statements]
    return {
        "PreparedStatements": [_described(statements[_key(call, n)]) for n in names if _key(call, n) in statements],
        "UnprocessedPreparedStatementNames": [
            {"StatementName": name, "ErrorCode": "STATEMENT_NOT_FOUND", "ErrorMessage": _absent(name)}
            for name in missing
        ],
    }


@answers("athena", "ListPreparedStatements")
def listed(call: ControlCall) -> Mapping[str, Any]:
    """List the names of a workgroup's statements and the times of their last changes."""
    own = [s for s in _statements(call).values() if _group_of(s) == call.parameters["WorkGroup"]]
    page, more = page_of(own, lambda s: s.statement_name, call.parameters, _MAX_LISTED, error="InvalidRequestException")
    summaries = [{"StatementName": s.statement_name, "LastModifiedTime": s.last_modified_time} for s in page]
    return {"PreparedStatements": summaries, **more}


def _new(call: ControlCall) -> PreparedStatement:
    given = call.parameters
    statement: Any = PreparedStatement(
        given["StatementName"], given["WorkGroup"], given["QueryStatement"], given.get("Description", "")
    )
    statement.last_modified_time = datetime.now(UTC).replace(tzinfo=None)
    return statement


def _described(statement: PreparedStatement) -> dict[str, Any]:
    described: dict[str, Any] = {
        "StatementName": statement.statement_name,
        "QueryStatement": statement.query_statement,
        "WorkGroupName": _group_of(statement),
        "LastModifiedTime": statement.last_modified_time,
    }
    return described | ({"Description": statement.description} if statement.description else {})


def _found(call: ControlCall, name: str) -> PreparedStatement:
    statement = _statements(call).get(_key(call, name))
    if statement is None:
        raise ServiceError("ResourceNotFoundException", _absent(name), details={"ResourceName": name})
    return statement


def _statements(call: ControlCall) -> dict[str, PreparedStatement]:
    backend = backend_of(athena_backends, call.region)
    group = call.parameters["WorkGroup"]
    if group not in backend.work_groups:
        raise ServiceError("InvalidRequestException", "WorkGroup is not found.")
    return backend.prepared_statements


def _key(call: ControlCall, name: str) -> str:
    """The key of a statement in moto's store; a workgroup's name contains no slash."""
    return f"{call.parameters['WorkGroup']}/{name}"


def _group_of(statement: PreparedStatement) -> str:
    return str(statement.workgroup)


def _absent(name: str) -> str:
    return f"PreparedStatement {name} was not found"
