"""INSERT, UPDATE and DELETE as writes of the item operations."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.dynamodb.errors import api_error, invalid
from sandbox.dynamodb.expressions import updates
from sandbox.dynamodb.expressions.condition_syntax import Condition
from sandbox.dynamodb.expressions.conditions import Test
from sandbox.dynamodb.expressions.documents import ResolvedPath
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.expressions.projections import project
from sandbox.dynamodb.expressions.syntax import FunctionCall, Path
from sandbox.dynamodb.operations.tables import Tables, found, lookup
from sandbox.dynamodb.operations.writes import CheckedWrite, deleting, finding, putting, unchanged, updating
from sandbox.dynamodb.parameters import expression
from sandbox.dynamodb.partiql.selection import combined_test, named_key
from sandbox.dynamodb.partiql.statements import (
    DeleteStatement,
    InsertStatement,
    SelectStatement,
    Statement,
    UpdateStatement,
)
from sandbox.dynamodb.table import ItemChange, StoredTable, refuse_large
from sandbox.dynamodb.values import Attributes, measure_item

_NO_KEY = "Where clause does not contain a mandatory equality on all key attributes"


def write_of(tables: Tables, statement: Statement, on_failure: str | None = None) -> CheckedWrite:
    """The write of a statement; that of an EXISTS changes nothing.

    Raises:
        DynamoError: the table does not exist, or the statement does not identify one item of it.
    """
    table = found(lookup(tables, statement.table))
    match statement:
        case InsertStatement():
            write = _insert(table, statement)
        case UpdateStatement():
            write = _update(table, statement)
        case DeleteStatement():
            key, rest = _named(table, statement.where)
            if statement.returning not in (None, "ALL OLD"):
                raise invalid(
                    f"Invalid returning clause: RETURNING {statement.returning} *. "
                    "Only RETURNING ALL OLD * is allowed in DELETE statements."
                )
            write = CheckedWrite(table, combined_test(rest, table), *deleting(key))
        case SelectStatement():
            key, rest = _named(table, statement.where)
            write = CheckedWrite(table, _present(table, rest), finding(key), unchanged)
    return write._replace(on_failure=on_failure)


def returned(returning: str | None, write: CheckedWrite, change: ItemChange) -> msgspec.Raw | Attributes | None:
    """The value of a statement's RETURNING after a change; None if it returns nothing."""
    if returning is None:
        return None
    item = change.new if returning.endswith("NEW") else change.old
    if item is None:
        return None
    if returning.startswith("ALL"):
        return msgspec.Raw(item.image)
    return project(item.attributes, write.touched)


def _insert(table: StoredTable, statement: InsertStatement) -> CheckedWrite:
    size = measure_item(statement.item)
    refuse_large(size)
    find, _ = putting(statement.item, size)

    def apply(table: StoredTable, change: ItemChange, before: Attributes | None) -> ItemChange:  # noqa: ARG001 - all are called alike
        if change.old is not None:
            raise api_error("DuplicateItemException", "Duplicate primary key exists in table")
        return change

    return CheckedWrite(table, None, find, apply)


def _update(table: StoredTable, statement: UpdateStatement) -> CheckedWrite:
    key, rest = _named(table, statement.where)
    given = Placeholders()
    with expression("UpdateExpression"):
        update = updates.bind(statement.actions, given, may_nest=True)
    table.schema.refuse_within(given.within)
    touched: tuple[ResolvedPath, ...] = update.paths
    return CheckedWrite(table, _present(table, rest), *updating(key, update, {}), touched=touched)


def _named(table: StoredTable, where: Condition | None) -> tuple[Attributes, list[Condition]]:
    key, rest = named_key(where, table)
    if key is None:
        raise invalid(_NO_KEY)
    return key, rest


def _present(table: StoredTable, rest: list[Condition]) -> Test | None:
    """The condition of a statement whose item must exist."""
    exists: Any = FunctionCall("attribute_exists", (Path((table.schema.key.hash.name,)),))
    return combined_test([exists, *rest], table)
