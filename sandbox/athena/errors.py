"""What Athena says when it refuses a request or a query fails.

ApiError     a request is answered with an error; no query comes of it
QueryError   a query ends in the state FAILED, with a reason
"""

from __future__ import annotations

# Athena API Reference, AthenaError: 1 system, 2 user, 3 other.
USER = 2
SYSTEM = 1


class ApiError(Exception):
    """An API call is refused: the exception's name, its message and, where there is one, its AthenaErrorCode."""

    def __init__(self, message: str, code: str = "InvalidRequestException", athena_code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.athena_code = athena_code


class QueryError(Exception):
    """A query cannot run, for the reason that stands in StateChangeReason: `NAME: message`."""

    def __init__(self, name: str, message: str, category: int = USER) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.reason = f"{name}: {message}"
        self.category = category


def at(position: tuple[int, int] | None, message: str) -> str:
    """A message with the place in the query that it is about, both numbers from 1, as Athena writes it."""
    return message if position is None else f"line {position[0]}:{position[1]}: {message}"
