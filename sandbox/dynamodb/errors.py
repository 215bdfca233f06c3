"""The errors of DynamoDB's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_API = "com.amazonaws.dynamodb.v20120810#"
_VALIDATION = "com.amazon.coral.validate#ValidationException"
_SERIALIZATION = "com.amazon.coral.service#SerializationException"
_UNKNOWN_OPERATION = "com.amazon.coral.service#UnknownOperationException"


class DynamoError(Exception):
    """An error that the API answers: its type as the wire has it, its message, and the error's further members.

    All of them have the HTTP status 400: a mistake of the caller's is never the server's.
    """

    def __init__(self, type_: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.type = type_
        self.message = message
        self.details = dict(details or {})

    @property
    def name(self) -> str:
        """The exception's name alone, as SDKs have it: ValidationException."""
        return self.type.rpartition("#")[2]


def invalid(message: str) -> DynamoError:
    """A ValidationException."""
    return DynamoError(_VALIDATION, message)


def invalid_parameter(detail: str) -> DynamoError:
    """A ValidationException of the family that most checks of values belong to."""
    return invalid(f"One or more parameter values were invalid: {detail}")


def serialization(message: str) -> DynamoError:
    """A SerializationException: a member's JSON has the wrong type."""
    return DynamoError(_SERIALIZATION, message)


def unknown_operation() -> DynamoError:
    """What DynamoDB answers to an operation that it does not have."""
    return DynamoError(_UNKNOWN_OPERATION, "")


def api_error(name: str, message: str, details: Mapping[str, Any] | None = None) -> DynamoError:
    """One of the exceptions that the API's model declares."""
    return DynamoError(_API + name, message, details)


def table_not_found() -> DynamoError:
    """What every data call answers for a table that does not exist."""
    return api_error("ResourceNotFoundException", "Requested resource not found")
