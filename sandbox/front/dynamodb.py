"""DynamoDB's data calls, on the tables of moto's control plane."""

from __future__ import annotations

from typing import Any

import msgspec
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from sandbox.dynamodb.errors import DynamoError
from sandbox.dynamodb.operations import OPERATIONS, DataPlane
from sandbox.dynamodb.table import StoredTable
from sandbox.dynamodb.usage import USAGE
from sandbox.front.backends import backend_of
from sandbox.front.counting.dynamodb import DYNAMODB
from sandbox.front.counting.latency import now_ns
from sandbox.front.reply import HttpReply, ServiceError, json_reply
from sandbox.front.saving.tokens import token_entry
from sandbox.front.tables import table_of
from sandbox.journal.in_use import journal

_encode = msgspec.json.Encoder().encode
_ENGINE = "sandbox_dynamodb_engine"
USAGE.counter = DYNAMODB


class _MotoTables:
    """The tables of one of moto's stores."""

    def __init__(self, backend: DynamoDBBackend) -> None:
        self._backend = backend

    def get(self, name: str, /) -> StoredTable | None:
        table = self._backend.tables.get(name)
        return None if table is None else table_of(table)


class DynamoCalls:
    """DynamoDB's data calls; the control plane creates, describes and deletes the tables."""

    def call(self, operation: str, region: str, body: bytes) -> HttpReply | None:
        """Return the reply; None for an operation of the control plane.

        Raises:
            ServiceError: AWS refuses the call.
        """
        if operation not in OPERATIONS:
            return None
        began_ns = now_ns()
        DYNAMODB.begin(region, operation)
        try:
            answer = engine_of(region).call(operation, body)
        except DynamoError as error:
            DYNAMODB.refused(region, operation, error.type, body)
            raise service_error(error) from None
        reply = json_reply(200, _encode(answer))
        DYNAMODB.succeeded(began_ns)
        if operation.startswith("Batch") and (left := answer.get("UnprocessedItems") or answer.get("UnprocessedKeys")):
            DYNAMODB.unprocessed(operation, left)
        return reply


def engine_of(region: str) -> DataPlane:
    """The engine of a region's tables."""
    backend = backend_of(dynamodb_backends, region)
    engine = vars(backend).get(_ENGINE)
    if engine is None:
        engine = vars(backend)[_ENGINE] = DataPlane(_MotoTables(backend))
        engine.tokens.on_done = lambda token, done: journal().add(token_entry(region, token, done))
    return engine


def engines() -> list[tuple[str, DataPlane]]:
    """The existing engines, each with its region."""
    backends: Any = dynamodb_backends
    return [
        (region, vars(backend)[_ENGINE]) for _, region, backend in backends.iter_backends() if _ENGINE in vars(backend)
    ]


def service_error(error: DynamoError) -> ServiceError:
    """The front's error for an error of the engine."""
    return ServiceError(error.type, error.message, details=error.details)
