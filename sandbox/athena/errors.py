"""Athena's errors of requests and queries.

ApiError     a request is refused; no query starts
QueryError   a query ends in the state FAILED, with a reason
"""

from __future__ import annotations

# Athena API Reference, AthenaError: 1 system, 2 user, 3 other.
USER = 2
SYSTEM = 1


class ApiError(Exception):
    """A refused API call: the exception's name, its message and its optional AthenaErrorCode."""

    def __init__(self, message: str, code: str = "InvalidRequestException", athena_code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.athena_code = athena_code


class QueryError(Exception):
    """A failed query, with the StateChangeReason `NAME: message`."""

    def __init__(self, name: str, message: str, category: int = USER) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.reason = f"{name}: {message}"
        self.category = category


def at(position: tuple[int, int] | None, message: str) -> str:
    """A message with its position in the query in Athena's form, both numbers from 1."""
    return message if position is None else f"line {position[0]}:{position[1]}: {message}"
