"""The data calls by their names: from a request's JSON to the members of its response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from sandbox.dynamodb import requests
from sandbox.dynamodb.admission import ADMISSION
from sandbox.dynamodb.constraints import violation
from sandbox.dynamodb.errors import serialization
from sandbox.dynamodb.operations.batches import batch_write_item
from sandbox.dynamodb.operations.idempotency import RequestTokens
from sandbox.dynamodb.operations.pages import query, scan
from sandbox.dynamodb.operations.reads import batch_get_item, get_item
from sandbox.dynamodb.operations.tables import Tables
from sandbox.dynamodb.operations.transactions import transact_get_items, transact_write_items
from sandbox.dynamodb.operations.usual_puts import put_usual, put_usual_batch
from sandbox.dynamodb.operations.writes import delete_item, put_item, update_item
from sandbox.dynamodb.partiql.calls import batch_execute_statement, execute_statement, execute_transaction
from sandbox.dynamodb.values import too_deep


class _Operation(NamedTuple):
    """`usual` handles the usual requests without decoding them completely, and returns None for the others."""

    decode: Callable[[bytes], Any]
    handle: Callable[[DataPlane, Any], dict[str, Any]]
    usual: Callable[[Tables, bytes], dict[str, Any] | None] | None = None


class DataPlane:
    """The data calls on the tables of one account and region."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.tokens = RequestTokens()

    def call(self, operation: str, body: bytes) -> dict[str, Any]:
        """Handle one of `OPERATIONS`.

        Raises:
            DynamoError: AWS refuses the request, with the same sentence.
        """
        decode, handle, usual = _OPERATIONS[operation]
        ADMISSION.operation = operation
        try:
            if usual is not None and (answer := usual(self.tables, body)) is not None:
                return answer
            request = decode(body)
        except RecursionError:
            # The decoder ends where the nesting exceeds Python's stack, at some hundred levels.
            raise too_deep() from None
        except msgspec.ValidationError as error:
            request = _without_repetition(decode, body)
            if request is None:
                raise violation(operation, body, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise serialization("") from None
        return handle(self, request)


def _without_repetition(decode: Callable[[bytes], Any], body: bytes) -> Any:
    """The request if only members that another one of the same name replaces are wrong; None otherwise."""
    try:
        return decode(msgspec.json.encode(msgspec.json.decode(body)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _on_tables(request: Any, handle: Callable[[Tables, Any], dict[str, Any]]) -> _Operation:
    def call(engine: DataPlane, given: Any) -> dict[str, Any]:
        return handle(engine.tables, given)

    return _Operation(msgspec.json.Decoder(request).decode, call)


def _on_tokens(request: Any, handle: Callable[[Tables, RequestTokens, Any], dict[str, Any]]) -> _Operation:
    def call(engine: DataPlane, given: Any) -> dict[str, Any]:
        return handle(engine.tables, engine.tokens, given)

    return _Operation(msgspec.json.Decoder(request).decode, call)


_OPERATIONS = {
    "PutItem": _on_tables(requests.PutItem, put_item)._replace(usual=put_usual),
    "DeleteItem": _on_tables(requests.DeleteItem, delete_item),
    "UpdateItem": _on_tables(requests.UpdateItem, update_item),
    "GetItem": _on_tables(requests.GetItem, get_item),
    "BatchGetItem": _on_tables(requests.BatchGetItem, batch_get_item),
    "BatchWriteItem": _on_tables(requests.BatchWriteItem, batch_write_item)._replace(usual=put_usual_batch),
    "Query": _on_tables(requests.Query, query),
    "Scan": _on_tables(requests.Scan, scan),
    "TransactWriteItems": _on_tokens(requests.TransactWriteItems, transact_write_items),
    "TransactGetItems": _on_tables(requests.TransactGetItems, transact_get_items),
    "ExecuteStatement": _on_tables(requests.ExecuteStatement, execute_statement),
    "BatchExecuteStatement": _on_tables(requests.BatchExecuteStatement, batch_execute_statement),
    "ExecuteTransaction": _on_tokens(requests.ExecuteTransaction, execute_transaction),
}
OPERATIONS = frozenset(_OPERATIONS)
"""The operations that the engine supports."""
