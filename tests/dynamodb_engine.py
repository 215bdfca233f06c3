"""The sandbox's DynamoDB engine in this process: tables without a server, and their changes."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.dynamodb.errors import DynamoError
from sandbox.dynamodb.items import StoredItem
from sandbox.dynamodb.operations import DataPlane
from sandbox.dynamodb.schema import Index, KeySchema, KeySchemaElement, TableSchema
from sandbox.dynamodb.storage import Store
from sandbox.dynamodb.table import Emit, StoredTable

Json = dict[str, Any]

ONE_KEY = TableSchema("one-key", KeySchema(KeySchemaElement("pk", "S")))
TWO_KEYS = TableSchema(
    "two-keys",
    KeySchema(KeySchemaElement("pk", "S"), KeySchemaElement("sk", "N")),
    {
        "by-g": Index("by-g", "Global", KeySchema(KeySchemaElement("g", "S"), KeySchemaElement("sk", "N"))),
        "by-h": Index("by-h", "Global", KeySchema(KeySchemaElement("h", "N")), frozenset({"pk", "sk", "h"})),
        "by-l": Index(
            "by-l",
            "Local",
            KeySchema(KeySchemaElement("pk", "S"), KeySchemaElement("lsk", "B")),
            frozenset({"pk", "sk", "lsk", "x"}),
        ),
    },
)


class Dynamo:
    """An engine with a table of each schema. `changes` are the images before and after, as a stream receives them."""

    def __init__(self, *schemas: TableSchema) -> None:
        self.changes: list[tuple[Json | None, Json | None]] = []
        self.identities: list[bytes] = []
        self.written: list[str] = []
        self.tables = {
            schema.name: StoredTable(schema, Store(schema.key), self._emit_of(schema.name))
            for schema in schemas or (ONE_KEY, TWO_KEYS)
        }
        self.engine = DataPlane(self.tables)

    def call(self, operation: str, **parameters: Any) -> Json:
        """Return the response; for an error its name, message and other members."""
        return self.send(operation, msgspec.json.encode(parameters))

    def send(self, operation: str, body: bytes) -> Json:
        """Return the response to a request as bytes of the wire."""
        try:
            return msgspec.json.decode(msgspec.json.encode(self.engine.call(operation, body)))
        except DynamoError as error:
            details = msgspec.json.decode(msgspec.json.encode(error.details))
            return {"error": error.name, "message": error.message, **details}

    def items(self, table: str = "one-key") -> list[Json]:
        """Return all items of a table."""
        return self.call("Scan", TableName=table)["Items"]

    def _emit_of(self, table: str) -> Emit:
        def emit(old: StoredItem | None, new: StoredItem | None, identity: bytes) -> None:
            self.written.append(table)
            self.identities.append(identity)
            self.changes.append((old and old.attributes, new and new.attributes))

        return emit
