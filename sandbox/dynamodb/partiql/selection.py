"""The items of a SELECT: one partition, several, or all of a table or index, a page at a time."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from sandbox.dynamodb.errors import invalid
from sandbox.dynamodb.expressions.condition_syntax import Condition, Junction, Predicate
from sandbox.dynamodb.expressions.conditions import Test, bind
from sandbox.dynamodb.expressions.documents import ResolvedPath, value_at
from sandbox.dynamodb.expressions.key_conditions import KeyCondition, KeyTest
from sandbox.dynamodb.expressions.operands import refuse_overlap
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.expressions.syntax import FunctionCall, Literal, Path
from sandbox.dynamodb.expressions.tokens import ExpressionError
from sandbox.dynamodb.items import StoredItem
from sandbox.dynamodb.operations.ranges import query_entries, scan_entries
from sandbox.dynamodb.operations.reading import Filter, Reading, refuse_global
from sandbox.dynamodb.parameters import expression
from sandbox.dynamodb.partiql.statements import SelectStatement
from sandbox.dynamodb.schema import KeySchema, KeySchemaElement, refuse_empty_key
from sandbox.dynamodb.table import StoredTable
from sandbox.dynamodb.values import Attributes, Value, measure, measure_item

_ON_RANGE = frozenset({"=", "<", "<=", ">", ">=", "BETWEEN"})


class ItemSelection(NamedTuple):
    """A SELECT on its table: the partitions that it reads, None for all, and the direction."""

    reading: Reading
    conditions: list[KeyCondition] | None
    forward: bool
    columns: tuple[ResolvedPath, ...] | None

    def entries(self, start: Attributes | None) -> Iterator[StoredItem]:
        """The items from the start of a page."""
        if self.conditions is None:
            return scan_entries(self.reading, start, 0, 1)
        conditions = self.conditions
        if start is not None:
            hash_ = self.reading.key.hash
            hashes = [condition.hash for condition in conditions]
            conditions = conditions[hashes.index(start[hash_.name][hash_.kind]) :]
        first = query_entries(self.reading, conditions[0], start, forward=self.forward)
        rest = (query_entries(self.reading, one, None, forward=self.forward) for one in conditions[1:])
        return chain(first, chain.from_iterable(rest))

    def show(self, item: StoredItem) -> Any:
        """Return the columns of an item, each under the last name of its path."""
        index = self.reading.of_index
        if self.columns is None:
            if index is None or index.projected is None:
                return msgspec.Raw(item.image)
            return index.entry(item.attributes)
        attributes = item.attributes
        found = {_title(path): value_at(attributes, path) for path in self.columns}
        return {name: value for name, value in found.items() if value is not None}


def select_from(table: StoredTable, select: SelectStatement, *, consistent: bool) -> ItemSelection:
    """A SELECT on its table; raises DynamoError if the table or index lacks what it selects."""
    index = None if select.of_index is None else table.index(select.of_index)
    key = table.schema.key if index is None else index.key
    columns = None if select.columns is None else tuple(path.elements for path in select.columns)
    if columns is not None:
        _refuse_repeated(columns)
    table.schema.refuse_within({str(path[0]) for path in columns or () if len(path) > 1})
    if index is not None and index.kind == "Global":
        refuse_global(index, columns, consistent=consistent)
    parts = conjuncts(select.where)
    conditions, used = _key_conditions(parts, key)
    rest = [part for part in parts if part not in used]
    test = combined_test(rest, table)
    filter_ = None if test is None else Filter(test, (), "WHERE")
    forward = _forward(select, key, in_partition=conditions is not None)
    return ItemSelection(Reading(table, index, None, filter_), conditions, forward, columns)


def named_key(where: Condition | None, table: StoredTable) -> tuple[Attributes | None, list[Condition]]:
    """The key that a condition defines, None if it is incomplete, and the rest of the condition."""
    parts = conjuncts(where)
    key: Attributes = {}
    rest: list[Condition] = []
    for part in parts:
        equality = _equality(part)
        if equality is not None and equality[0] in table.schema.key.names and equality[0] not in key:
            key[equality[0]] = equality[1]
        else:
            rest.append(part)
    if len(key) != len(table.schema.key.names):
        return None, parts
    measure_item(key)
    for attribute in table.schema.key:
        _refuse_kind(attribute, key[attribute.name])
    return key, rest


def conjuncts(condition: Condition | None) -> list[Condition]:
    """The conditions that must all hold."""
    if condition is None:
        return []
    if isinstance(condition, Junction) and condition.operator == "AND":
        return [each for part in condition.conditions for each in conjuncts(part)]
    return [condition]


def token_of(statement: str, key: Attributes) -> str:
    """The NextToken of a page of a statement that ended at a key."""
    return b64encode(msgspec.json.encode([_digest(statement), key])).decode("ascii")


def start_of(statement: str, token: str | None) -> Attributes | None:
    """The key at which the previous page ended; raises DynamoError if the token is not the statement's."""
    if token is None:
        return None
    try:
        digest, key = msgspec.json.decode(b64decode(token, validate=True), type=tuple[str, Attributes])
    except (ValueError, msgspec.MsgspecError):
        raise invalid("Invalid NextToken") from None
    if digest != _digest(statement):
        raise invalid("NextToken does not match request")
    return key


def _digest(statement: str) -> str:
    return sha256(statement.encode()).hexdigest()[:16]


def _refuse_repeated(columns: tuple[ResolvedPath, ...]) -> None:
    """Raise DynamoError if two columns have one name, or one of them is within the other (DynamoDB Local 3.3.1)."""
    titles = [_title(path) for path in columns]
    for number, title in enumerate(titles):
        if title in titles[:number]:
            raise invalid(f"Duplicate identifiers in select clause: {title}")
    try:
        refuse_overlap(list(columns))
    except ExpressionError as error:
        raise invalid(str(error)) from None


def _title(path: ResolvedPath) -> str:
    """A column's name: that of the attribute or member; for an element of a list, the path as written."""
    last = path[-1]
    if isinstance(last, str):
        return last
    names = [number for number, element in enumerate(path) if isinstance(element, str)]
    return str(path[names[-1]]) + "".join(f"[{element}]" for element in path[names[-1] + 1 :])


def _key_conditions(parts: list[Condition], key: KeySchema) -> tuple[list[KeyCondition] | None, list[Condition]]:
    """The partitions that conditions select, None for all, and the conditions that select them."""
    for part in parts:
        values = _hash_values(part, key.hash)
        if values is None:
            continue
        range_, used = None, [part]
        for other in parts:
            test = None if key.range is None or other is part else _range_test(other, key.range)
            if test is not None:
                range_, used = test, [part, other]
                break
        return [KeyCondition(value[key.hash.kind], range_) for value in values], used
    return None, []


def _hash_values(part: Condition, hash_: KeySchemaElement) -> list[Value] | None:
    if not isinstance(part, Predicate) or part.operands[0] != Path((hash_.name,)):
        return None
    values = [operand.value for operand in part.operands[1:] if isinstance(operand, Literal)]
    if part.operator not in ("=", "IN") or len(values) != len(part.operands) - 1:
        return None
    for value in values:
        measure(value)
        _refuse_kind(hash_, value)
        refuse_empty_key(hash_, value)
    return values


def _range_test(part: Condition, range_: KeySchemaElement) -> KeyTest | None:
    if isinstance(part, Predicate) and part.operator in _ON_RANGE:
        operator = part.operator
    elif isinstance(part, FunctionCall) and part.function == "begins_with":
        operator = part.function
    else:
        return None
    named, *operands = part.operands
    values = [operand.value for operand in operands if isinstance(operand, Literal)]
    if named != Path((range_.name,)) or len(values) != len(operands):
        return None
    for value in values:
        measure(value)
        _refuse_kind(range_, value)
    return KeyTest(range_.name, operator, tuple(values))


def _equality(part: Condition) -> tuple[str, Value] | None:
    """The attribute and the value of a condition of equality; None for every other condition."""
    if not isinstance(part, Predicate) or part.operator != "=":
        return None
    named, value = part.operands
    if isinstance(named, Path) and len(named.elements) == 1 and isinstance(value, Literal):
        return str(named.elements[0]), value.value
    return None


def _refuse_kind(attribute: KeySchemaElement, value: Value) -> None:
    if attribute.kind not in value:
        raise invalid(f"Key attribute's data type should match its data type in table's schema: Key {attribute.name}")


def _forward(select: SelectStatement, key: KeySchema, *, in_partition: bool) -> bool:
    if not select.order:
        return True
    if select.where is None:
        raise invalid("Must have WHERE clause in the statement when using ORDER BY clause.")
    for name, _ in select.order:
        if name not in key.names:
            raise invalid(f"Variable reference {name} in ORDER BY clause must be part of the primary key")
    if not in_partition:
        raise invalid(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    return not any(descends for name, descends in select.order if name != key.hash.name)


def _all(conditions: list[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else Junction("AND", tuple(conditions))


def combined_test(conditions: list[Condition], table: StoredTable) -> Test | None:
    """The test that conditions on a table's items all hold; None without conditions."""
    if not conditions:
        return None
    given = Placeholders()
    with expression("WHERE clause"):
        test = bind(_all(conditions), given)
    table.schema.refuse_within(given.within)
    return test
