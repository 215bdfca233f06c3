"""Athena's errors of requests and queries.

ApiError         a request is refused; no query starts
StatementError   a query ends in the state FAILED, with a reason
"""

from __future__ import annotations

import re

# Athena API Reference, AthenaError: 1 system, 2 user, 3 other.
USER = 2
SYSTEM = 1

_ERROR_TYPES = {
    "DIVISION_BY_ZERO": 1001,
    "TYPE_MISMATCH": 1002,
    "FAILED": 1003,
    "SYNTAX_ERROR": 1006,
    "COLUMN_NOT_FOUND": 1006,
    "CATALOG_NOT_FOUND": 1006,
    "INVALID_CAST_ARGUMENT": 1100,
    "NUMERIC_VALUE_OUT_OF_RANGE": 1100,
    "INVALID_PARAMETER_USAGE": 1100,
    "INVALID_FUNCTION_ARGUMENT": 1106,
    "INVALID_VIEW": 1107,
    "TABLE_ALREADY_EXISTS": 1110,
    "NOT_SUPPORTED": 1200,
    "TABLE_NOT_FOUND": 1301,
    "SCHEMA_NOT_FOUND": 1301,
    "FUNCTION_NOT_FOUND": 1303,
    "INVALID_OUTPUT_LOCATION": 1306,
}
"""AthenaError's ErrorType by the error's name.

The numbers are those of https://docs.aws.amazon.com/athena/latest/ug/error-reference.html; the assignment to names is
measured on Athena by aoyagikouhei/athena-local, src/failure.rs, except FAILED (a DDL task), INVALID_VIEW and
INVALID_OUTPUT_LOCATION, which follow from that page's words.
"""
_OTHER_USER, _OTHER_SYSTEM = 1000, 200


class ApiError(Exception):
    """A refused API call: the exception's name, its message and its optional AthenaErrorCode."""

    def __init__(self, message: str, code: str = "InvalidRequestException", athena_code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.athena_code = athena_code


class StatementError(Exception):
    """A failed query, with the StateChangeReason `NAME: message`, in one line."""

    def __init__(self, name: str, message: str, category: int = USER) -> None:
        self.name = name
        line = message.strip().partition("\n")[0]
        self.reason = f"{name}: {line}" if name else line
        self.detail = line
        self.category = category
        super().__init__(self.reason)

    @property
    def error_type(self) -> int:
        """AthenaError's ErrorType."""
        return _ERROR_TYPES.get(self.name, _OTHER_USER if self.category == USER else _OTHER_SYSTEM)

    @property
    def located(self) -> bool:
        """Whether the message begins with a position in the query."""
        return re.match(r"line \d+:\d+: ", self.detail) is not None


def at(position: tuple[int, int] | None, message: str) -> str:
    """A message with its position in the query in Athena's form, both numbers from 1."""
    return message if position is None else f"line {position[0]}:{position[1]}: {message}"
