"""The engine in this process as the other side of the oracle, and the comparison of whole sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.dynamodb.schema import Index, KeySchema, KeySchemaElement, TableSchema
from tests.dynamodb_engine import Dynamo
from tests.oracle.compare import difference, fragments, is_found_in_item, paged, same_changes, same_sentence, scanned
from tests.oracle.generate import TABLES, Call, Json


def engine_session(calls: list[Call]) -> tuple[list[Json], list[Any]]:
    """Return the engine's responses to calls on new tables, and the changes for their streams."""
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
    """Return the differences of two sessions of the same calls."""
    found: list[str] = []
    for (operation, request), theirs, our in zip(calls, local[0], ours[0], strict=True):
        ordered = (scanned(theirs), scanned(our)) if operation == "Scan" else (theirs, our)
        if operation == "Query":
            ordered = (paged(request, theirs, our), our)
        if operation == "UpdateItem":
            ordered = (fragments(request, theirs, our), our)
        said = difference(*ordered)
        of_another = _of_another_action if operation == "TransactWriteItems" else _of_another_key
        if said is not None and not of_another(operation, request, theirs, our):
            found.append(f"{operation} {request}\n{said}")
    if not same_changes(local[1], ours[1]):
        found.append(f"changes\nLocal: {local[1]}\nours:  {ours[1]}")
    return found


def _of_another_action(operation: str, request: Json, theirs: Json, ours: Json) -> bool:
    """Whether Local names another fault of a transaction: of another action, of an expression where ours is a value's
    or the other way round, or one that an action before finds in its item.

    Local looks at the actions in turn, kind of fault by kind, at an action's expressions before its item, and at what
    is stored before it has looked at all of them. What AWS does is recorded nowhere.
    """
    if operation != "TransactWriteItems" or not theirs.get("error") == ours.get("error") == "ValidationException":
        return False
    alone = [engine_session([(operation, {"TransactItems": [one]})])[0][0] for one in _parts(request["TransactItems"])]
    refused = [str(one["message"]) for one in alone if one.get("error") == "ValidationException"]
    local, our = (str(said["message"]) for said in (theirs, ours))
    named = any(same_sentence(local, one) for one in refused) or is_found_in_item(local)
    return named and any(same_sentence(our, one) for one in refused)


def _of_another_key(operation: str, request: Json, theirs: Json, ours: Json) -> bool:
    """Whether Local names another wrong key of a BatchGetItem, whose keys it checks in an unknown order."""
    if operation != "BatchGetItem" or not theirs.get("error") == ours.get("error") == "ValidationException":
        return False
    batches = [
        {"RequestItems": {table: each | {"Keys": [key]}}}
        for table, each in request["RequestItems"].items()
        for key in each["Keys"]
    ]
    alone = [engine_session([(operation, batch)])[0][0] for batch in batches]
    return any(same_sentence(str(theirs["message"]), str(one["message"])) for one in alone if "error" in one)


def _parts(actions: list[Json]) -> Iterator[Json]:
    """Each action, each Put with its key alone, and each Put without expressions."""
    for action in actions:
        yield action
        if "Put" in action:
            put = action["Put"]
            key = {name: value for name, value in put["Item"].items() if name in {"pk", "sk"}}
            yield {"Put": put | {"Item": key}}
            yield {"Put": {"TableName": put["TableName"], "Item": put["Item"]}}


def schema_of(name: str, table: Json) -> TableSchema:
    """Return the schema of one of the tables for generated calls."""
    kinds: dict[str, str] = table["Definitions"]

    def key(elements: Any) -> KeySchema:
        return KeySchema(*(KeySchemaElement(attribute, kinds[attribute]) for attribute, _ in elements))

    indexes = {"by-g": Index("by-g", "Global", key(table["Index"]))} if "Index" in table else {}
    return TableSchema(name, key(table["KeySchema"]), indexes)
