"""ExecuteStatement, BatchExecuteStatement and ExecuteTransaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from sandbox.dynamodb.admission import ADMISSION
from sandbox.dynamodb.capacity import Consumed, is_wanted, read_units, shown_by_table
from sandbox.dynamodb.errors import DynamoError, invalid
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.operations.batches import consumed_by_writes
from sandbox.dynamodb.operations.idempotency import RequestTokens
from sandbox.dynamodb.operations.pages import last_key, page_of
from sandbox.dynamodb.operations.tables import Tables, found, lookup
from sandbox.dynamodb.operations.transactions import REPEATED, each_or_cancel, refuse_repeated, write_all
from sandbox.dynamodb.operations.writes import CheckedWrite, prepared
from sandbox.dynamodb.partiql.selection import ItemSelection, named_key, select_from, start_of, token_of
from sandbox.dynamodb.partiql.statements import SelectStatement, Statement, parse
from sandbox.dynamodb.partiql.writing import returned, write_of
from sandbox.dynamodb.requests import BatchExecuteStatement, ExecuteStatement, ExecuteTransaction, StatementRequest
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.dynamodb.usage import USAGE
from sandbox.dynamodb.values import measure

_FACTOR = 2
_CODES = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ResourceNotFoundException": "ResourceNotFound",
    "ValidationException": "ValidationError",
}

_DUPLICATES = "Provided list of item keys contains duplicates"

Answer = dict[str, Any]


def execute_statement(tables: Tables, request: ExecuteStatement) -> Answer:
    """Run one statement."""
    statement = _parsed(request)
    if isinstance(statement, SelectStatement):
        if statement.is_check:
            raise invalid("EXISTS is only supported in transactions")
        return _select(tables, request, statement)
    if request.NextToken is not None:
        raise invalid("NextToken is only valid on a SELECT statement")
    write = write_of(tables, statement, request.ReturnValuesOnConditionCheckFailure)
    table, change = prepared(write)
    ADMISSION.refuse_write(table, change)
    table.write(change)
    USAGE.wrote(((table, change),))
    shown = returned(getattr(statement, "returning", None), write, change)
    answer: Answer = {"Items": [] if shown is None else [shown]}
    mode = request.ReturnConsumedCapacity
    if mode is not None and is_wanted(mode):
        answer["ConsumedCapacity"] = consumed_by_writes([(table, change)])[0].shown(mode)
    return answer


def batch_execute_statement(tables: Tables, request: BatchExecuteStatement) -> Answer:
    """Run several statements independently: an error is only that statement's result."""
    statements = [_attempted(one) for one in request.Statements]
    kinds = {isinstance(one, SelectStatement) for one in statements if not isinstance(one, DynamoError)}
    if len(kinds) > 1:
        raise invalid("Read and write requests together in the same batch is not supported.")
    consumed: list[Consumed] = []
    responses: list[Answer]
    if True in kinds:
        if _is_repeated(tables, statements):
            raise invalid(_DUPLICATES)
        given = zip(request.Statements, statements, strict=True)
        responses = [
            _batched_read(tables, one, consistent=bool(each.ConsistentRead), consumed=consumed) for each, one in given
        ]
    else:
        responses = _batched_writes(tables, request.Statements, statements, consumed)
    answer: Answer = {"Responses": responses}
    return answer | shown_by_table(_merged(consumed), request.ReturnConsumedCapacity)


def execute_transaction(tables: Tables, tokens: RequestTokens, request: ExecuteTransaction) -> Answer:
    """Run all of several statements, or none; they are either all reads, or all writes and checks."""
    statements = [_parsed(one) for one in request.TransactStatements]
    reads = [one for one in statements if isinstance(one, SelectStatement) and not one.is_check]
    if reads and len(reads) != len(statements):
        raise invalid("ExecuteTransaction API does not support both read and write operations in the same request.")
    for number, one in enumerate(statements):
        if getattr(one, "returning", None) is not None:
            raise _unsupported(number, "RETURNING clause is not supported in ExecuteTransaction.")
    mode = request.ReturnConsumedCapacity
    if reads:
        return _transacted_reads(tables, reads, mode)
    described = msgspec.json.encode(request.TransactStatements)
    given = zip(statements, request.TransactStatements, strict=True)
    writes = [write_of(tables, one, each.ReturnValuesOnConditionCheckFailure) for one, each in given]
    outcome = tokens.once(request.ClientRequestToken, described, lambda: _write_all(writes))
    answer: Answer = {"Responses": []}
    return answer | shown_by_table(consumed_by_writes(outcome.value, _FACTOR), mode, "Write")


def _parsed(request: StatementRequest) -> Statement:
    parameters = request.Parameters or []
    for value in parameters:
        measure(value)
    return parse(request.Statement, parameters)


def _select(tables: Tables, request: ExecuteStatement, statement: SelectStatement) -> Answer:
    table = found(lookup(tables, statement.table))
    consistent = bool(request.ConsistentRead)
    selection = select_from(table, statement, consistent=consistent)
    start = start_of(request.Statement, request.NextToken)
    page = page_of(selection.entries(start), selection.reading, request.Limit)
    units = read_units(sum(page.sizes), consistent=consistent)
    ADMISSION.refuse_read(table, units, None, statement.of_index)
    USAGE.read(table, units, None, len(page.items))
    answer: Answer = {"Items": [selection.show(item) for item in page.items]}
    if page.last is not None:
        key = last_key(selection.reading, page.last)
        answer |= {"LastEvaluatedKey": key, "NextToken": token_of(request.Statement, key)}
    mode = request.ReturnConsumedCapacity
    if mode is not None and is_wanted(mode):
        consumed = Consumed(table.schema)
        consumed.add(units, selection.reading.of_index)
        answer["ConsumedCapacity"] = consumed.shown(mode)
    return answer


def _is_repeated(tables: Tables, statements: Sequence[Statement | DynamoError]) -> bool:
    """Return whether two SELECTs read the item with the same key."""
    keys: list[tuple[str, Key]] = []
    for one in statements:
        table = lookup(tables, one.table) if isinstance(one, SelectStatement) else None
        if table is None or not isinstance(one, SelectStatement):
            continue
        try:
            named, _ = named_key(one.where, table)
            if named is not None:
                keys.append((table.schema.name, table.schema.given_key(named)))
        except DynamoError:
            continue
    return len(set(keys)) < len(keys)


# Batches


def _attempted(request: StatementRequest) -> Statement | DynamoError:
    try:
        return _parsed(request)
    except DynamoError as error:
        return error


def _batched_read(
    tables: Tables, statement: Statement | DynamoError, *, consistent: bool, consumed: list[Consumed]
) -> Answer:
    try:
        read = _single(tables, statement, consistent=consistent)
        needed = read_units(read.item.size_bytes if read.item else 0, consistent=consistent)
        ADMISSION.refuse_read(read.table, needed, read.item.key if read.item else None)
    except DynamoError as error:
        return _failed(error, statement)
    USAGE.read(read.table, needed)
    units = Consumed(read.table.schema)
    units.add(needed)
    consumed.append(units)
    answer: Answer = {"TableName": read.table.schema.name}
    return answer if read.item is None else answer | {"Item": read.selection.show(read.item)}


class _Single(NamedTuple):
    table: StoredTable
    selection: ItemSelection
    item: StoredItem | None


def _single(tables: Tables, statement: Statement | DynamoError, *, consistent: bool) -> _Single:
    """The one item that a SELECT with a complete key reads."""
    if isinstance(statement, DynamoError):
        raise statement
    if not isinstance(statement, SelectStatement):
        raise TypeError(f"{statement} reads nothing")
    table = found(lookup(tables, statement.table))
    key, _ = named_key(statement.where, table)
    if key is None or statement.of_index is not None:
        raise invalid(
            "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
        )
    selection = select_from(table, statement, consistent=consistent)
    page = page_of(selection.entries(None), selection.reading, None)
    return _Single(table, selection, page.items[0] if page.items else None)


def _batched_writes(
    tables: Tables,
    requests: Sequence[StatementRequest],
    statements: Sequence[Statement | DynamoError],
    consumed: list[Consumed],
) -> list[Answer]:
    writes: list[CheckedWrite | DynamoError] = []
    for request, statement in zip(requests, statements, strict=True):
        try:
            if isinstance(statement, DynamoError):
                raise statement
            writes.append(write_of(tables, statement, request.ReturnValuesOnConditionCheckFailure))
        except DynamoError as error:
            writes.append(error)
    _refuse_duplicates([write for write in writes if isinstance(write, CheckedWrite)])
    return [_batched_write(one, write, consumed) for one, write in zip(statements, writes, strict=True)]


def _batched_write(
    statement: Statement | DynamoError, write: CheckedWrite | DynamoError, consumed: list[Consumed]
) -> Answer:
    try:
        if isinstance(write, DynamoError):
            raise write
        table, change = prepared(write)
        ADMISSION.refuse_write(table, change)
    except DynamoError as error:
        return _failed(error, statement)
    table.write(change)
    USAGE.wrote(((table, change),))
    consumed += consumed_by_writes([(table, change)])
    answer: Answer = {"TableName": table.schema.name}
    shown = returned(getattr(statement, "returning", None), write, change)
    return answer if shown is None else answer | {"Item": shown}


def _refuse_duplicates(writes: Sequence[CheckedWrite]) -> None:
    try:
        refuse_repeated(writes)
    except DynamoError:
        raise invalid(_DUPLICATES) from None


def _failed(error: DynamoError, statement: Statement | DynamoError) -> Answer:
    answer: Answer = {"Error": {"Code": _CODES.get(error.name, error.name), "Message": error.message, **error.details}}
    if not isinstance(statement, DynamoError) and error.name != "ResourceNotFoundException":
        answer["TableName"] = statement.table
    return answer


def _merged(consumed: Sequence[Consumed]) -> list[Consumed]:
    """The units that statements consumed, combined for each table."""
    merged: dict[str, Consumed] = {}
    for one in consumed:
        name = one.schema.name
        if name in merged:
            merged[name].add_all(one)
        else:
            merged[name] = one
    return list(merged.values())


# Transactions


def _write_all(writes: Sequence[CheckedWrite]) -> list[tuple[StoredTable, ItemChange]]:
    refuse_repeated(writes)
    return write_all(writes)


def _transacted_reads(tables: Tables, statements: Sequence[SelectStatement], mode: str | None) -> Answer:
    for number, one in enumerate(statements):
        table = found(lookup(tables, one.table))
        if one.of_index is not None:
            raise _unsupported(number, "Reads on indices are not supported within transactions.")
        if named_key(one.where, table)[0] is None:
            raise _unsupported(
                number,
                "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
            )
    reads = each_or_cancel([lambda one=one: _single(tables, one, consistent=True) for one in statements])
    if _is_repeated(tables, statements):
        raise invalid(REPEATED)
    consumed: list[Consumed] = []
    for read in reads:
        units = Consumed(read.table.schema)
        units.add(read_units(read.item.size_bytes if read.item else 0, consistent=True) * _FACTOR)
        USAGE.read(read.table, units.total)
        consumed.append(units)
    responses = [{} if read.item is None else {"Item": read.selection.show(read.item)} for read in reads]
    return {"Responses": responses} | shown_by_table(_merged(consumed), mode, "Read")


def _unsupported(number: int, why: str) -> DynamoError:
    return invalid(f"Validation failed in TransactStatements[{number}]: {why}")
