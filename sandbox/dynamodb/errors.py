"""The errors of DynamoDB's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_API = "com.amazonaws.dynamodb.v20120810#"
_VALIDATION = "com.amazon.coral.validate#ValidationException"
_SERIALIZATION = "com.amazon.coral.service#SerializationException"
_UNKNOWN_OPERATION = "com.amazon.coral.service#UnknownOperationException"


class DynamoError(Exception):
    """An error response of the API: its type as sent, its message, and the error's further members.

    All have the HTTP status 400: they are errors of the caller, never of the server.
    """

    def __init__(self, type_: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.type = type_
        self.message = message
        self.details = dict(details or {})

    @property
    def name(self) -> str:
        """The exception's name without its namespace, as SDKs use it: ValidationException."""
        return self.type.rpartition("#")[2]


def invalid(message: str) -> DynamoError:
    """A ValidationException."""
    return DynamoError(_VALIDATION, message)


def invalid_parameter(detail: str) -> DynamoError:
    """A ValidationException with the prefix that most checks of values have."""
    return invalid(f"One or more parameter values were invalid: {detail}")


def serialization(message: str) -> DynamoError:
    """A SerializationException: a member's JSON has the wrong type."""
    return DynamoError(_SERIALIZATION, message)


def unknown_operation() -> DynamoError:
    """The error for an operation that DynamoDB lacks."""
    return DynamoError(_UNKNOWN_OPERATION, "")


def api_error(name: str, message: str, details: Mapping[str, Any] | None = None) -> DynamoError:
    """One of the exceptions that the API's model declares."""
    return DynamoError(_API + name, message, details)


def table_not_found() -> DynamoError:
    """The error of every data call for a table that does not exist."""
    return api_error("ResourceNotFoundException", "Requested resource not found")
