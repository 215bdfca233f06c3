"""PREPARE, EXECUTE and DEALLOCATE, which are the API's prepared statements under another name.

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
        """Keep a statement under its name; one of that name is replaced."""
        given = {"StatementName": statement.name, "WorkGroup": workgroup, "QueryStatement": statement.sql}
        if self._text(statement.name, workgroup) is None:
            self._athena.create_prepared_statement(**given)
        else:
            self._athena.update_prepared_statement(**given)

    def bound(self, statement: forms.Execute, workgroup: str) -> str:
        """The kept statement with the values in place of its ?s; raises ApiError when the name is unknown."""
        text = self._text(statement.name, workgroup)
        if text is None:
            raise ApiError(f"PreparedStatement {statement.name} was not found in workGroup {workgroup}")
        try:
            return bind(text, statement.values)
        except StatementError as error:
            raise ApiError(error.reason) from error

    def forget(self, statement: forms.Deallocate, workgroup: str) -> None:
        """Remove a statement; raises QueryError when the name is unknown."""
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
