"""PREPARE, EXECUTE and DEALLOCATE, the SQL forms of the API's prepared statements.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements-querying.html
"""

from __future__ import annotations

from typing import Any

from sandbox.athena.errors import ApiError, StatementError
from sandbox.athena.parameters import bind
from sandbox.athena.statements import forms


class Prepared:
    """The prepared statements behind a boto3 Athena client."""

    def __init__(self, athena: Any) -> None:
        self._athena = athena

    def keep(self, statement: forms.PrepareStatement, workgroup: str) -> None:
        """Store a statement under its name; it replaces an existing one."""
        given = {"StatementName": statement.name, "WorkGroup": workgroup, "QueryStatement": statement.sql}
        if self._text(statement.name, workgroup) is None:
            self._athena.create_prepared_statement(**given)
        else:
            self._athena.update_prepared_statement(**given)

    def bound(self, statement: forms.Execute, workgroup: str) -> str:
        """The stored statement with the values instead of its ?s; raises ApiError for an unknown name."""
        text = self._text(statement.name, workgroup)
        if text is None:
            raise ApiError(f"PreparedStatement {statement.name} was not found in workGroup {workgroup}")
        try:
            return bind(text, statement.values)
        except StatementError as error:
            raise ApiError(error.reason) from error

    def forget(self, statement: forms.Deallocate, workgroup: str) -> None:
        """Delete a statement; raises StatementError for an unknown name."""
        try:
            self._athena.delete_prepared_statement(StatementName=statement.name, WorkGroup=workgroup)
        except self._athena.exceptions.ResourceNotFoundException as error:
            raise StatementError("NOT_FOUND", f"PreparedStatement {statement.name} was not found") from error

    def _text(self, name: str, workgroup: str) -> str | None:
        try:
            found = self._athena.get_prepared_statement(StatementName=name, WorkGroup=workgroup)
        except self._athena.exceptions.ResourceNotFoundException:
            return None
        return found["PreparedStatement"]["QueryStatement"]
