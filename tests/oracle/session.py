"""The engine in this process as the other side of the oracle, and the comparison of whole sessions."""

from __future__ import annotations

from typing import Any

from sandbox.dynamodb.schema import Index, KeySchema, KeySchemaElement, TableSchema
from tests.dynamodb_engine import Dynamo
from tests.oracle.compare import difference, same_changes, same_sentence, scanned
from tests.oracle.generate import TABLES, Call, Json


def engine_session(calls: list[Call]) -> tuple[list[Json], list[Any]]:
    """The engine's answers to calls on new tables, and the changes that streams would carry."""
    dynamo = Dynamo(*(schema_of(name, table) for name, table in TABLES.items()))
    answers = [dynamo.call(operation, **request) for operation, request in calls]
    changes: list[Any] = []
    for table, (old, new) in zip(dynamo.written, dynamo.changes, strict=True):
        if old != new:
            changes.append([table, "INSERT" if old is None else "REMOVE" if new is None else "MODIFY", old, new])
    return answers, changes


def differences(
    calls: list[Call], local: tuple[list[Json], list[Any]], ours: tuple[list[Json], list[Any]]
) -> list[str]:
    """Where two sessions of the same calls differ."""
    found: list[str] = []
    for (operation, request), theirs, our in zip(calls, local[0], ours[0], strict=True):
        ordered = (scanned(theirs), scanned(our)) if operation == "Scan" else (theirs, our)
        said = difference(*ordered)
        if said is not None and not _of_another_action(operation, request, theirs, our):
            found.append(f"{operation} {request}\n{said}")
    if not same_changes(local[1], ours[1]):
        found.append(f"changes\nLocal: {local[1]}\nours:  {ours[1]}")
    return found


def _of_another_action(operation: str, request: Json, theirs: Json, ours: Json) -> bool:
    """Whether Local names the fault of another of a transaction's actions: each of the two alone is refused so.

    Local looks at the actions' expressions in turn, kind of fault by kind. What AWS does is recorded nowhere.
    """
    if operation != "TransactWriteItems" or not theirs.get("error") == ours.get("error") == "ValidationException":
        return False
    alone = [
        engine_session([(operation, request | {"TransactItems": [one]})])[0][0] for one in request["TransactItems"]
    ]
    refused = [str(one["message"]) for one in alone if one.get("error") == "ValidationException"]
    return len(refused) > 1 and all(
        any(same_sentence(str(said["message"]), one) for one in refused) for said in (theirs, ours)
    )


def schema_of(name: str, table: Json) -> TableSchema:
    """The schema of one of the tables that calls are generated for."""
    kinds: dict[str, str] = table["Definitions"]

    def key(elements: Any) -> KeySchema:
        return KeySchema(*(KeySchemaElement(attribute, kinds[attribute]) for attribute, _ in elements))

    indexes = {"by-g": Index("by-g", "Global", key(table["Index"]))} if "Index" in table else {}
    return TableSchema(name, key(table["KeySchema"]), indexes)
