"""Update expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from sandbox.dynamodb import numbers
from sandbox.dynamodb.errors import invalid
from sandbox.dynamodb.expressions.documents import Edit, ResolvedPath, apply, refuse_path, value_at
from sandbox.dynamodb.expressions.operands import (
    Bound,
    Values,
    at_path,
    at_placeholder,
    constant,
    expect_count,
    expect_path,
    misused,
    nothing,
    refuse_overlap,
    wrong_kind,
)
from sandbox.dynamodb.expressions.placeholders import Marks, Placeholders
from sandbox.dynamodb.expressions.syntax import (
    Arithmetic,
    FunctionCall,
    Literal,
    Operand,
    OperandParser,
    Path,
    ValueRef,
    nested,
)
from sandbox.dynamodb.expressions.tokens import ExpressionError
from sandbox.dynamodb.values import Attributes, Value, in_order

_SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
_NOT_ALLOWED = frozenset(
    {"size", "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"}
)
_SETS = ("SS", "NS", "BS")
_NOTHING = Bound(nothing)
_MAX_COMPILED = 1024


class Action(NamedTuple):
    """A path, and the action of one section of an update there, with its operand (None for REMOVE)."""

    section: str
    path: Path
    operand: Operand | None


Compute = Callable[[Attributes, Values], "Edit | None"]
"""Returns an action's edit of an item, given as it was before the update; None if it changes nothing."""


class BoundUpdate(NamedTuple):
    """An update, bound to a request's names and values. One is deep if it changes something within an attribute."""

    paths: tuple[ResolvedPath, ...]
    computes: tuple[Compute, ...]
    is_deep: bool

    def changed(self, before: Attributes, copy: Callable[[], Attributes], values: Values) -> Attributes:
        """Return the item after the update; `copy` returns a separate copy of the item before.

        Raises:
            DynamoError: the item lacks an attribute that the update needs.
        """
        edits: list[Edit] = []
        for path, compute in zip(self.paths, self.computes, strict=True):
            if len(path) > 1:
                refuse_path(before, path)
            edit = compute(before, values)
            if edit is not None:
                edits.append(edit)
        if self.is_deep:
            after = copy()
            apply(after, edits)
            return after
        after = dict(before)
        for (name,), value in edits:
            if value is None:
                after.pop(str(name), None)
            else:
                after[str(name)] = value
        return after


_compiled: dict[object, tuple[BoundUpdate, Marks]] = {}


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Action, ...]:
    """Parse an update; raises ExpressionError for an invalid one."""
    parser = _Parser(text)
    with nested():
        actions = parser.sections()
    parser.finish()
    if parser.repeated is not None:
        raise ExpressionError(f'The "{parser.repeated}" section can only be used once in an update expression;')
    return tuple(actions)


class _Parser(OperandParser):
    """Parses updates. `repeated` is the first section that comes twice; None if none does."""

    repeated: str | None = None

    def sections(self) -> list[Action]:
        actions: list[Action] = []
        seen: set[str] = set()
        if self.tokens.next.kind == "end":
            raise self.tokens.error()
        while self.tokens.next.kind != "end":
            section = self.tokens.next.text.upper()
            if self.tokens.next.kind != "word" or section not in _SECTIONS:
                raise self.tokens.error()
            self.tokens.take()
            self.repeated = self.repeated or (section if section in seen else None)
            seen.add(section)
            actions.append(self._action(section))
            while self.tokens.take_symbol(","):
                actions.append(self._action(section))
        return actions

    def _action(self, section: str) -> Action:
        path = self.path()
        if section == "REMOVE":
            return Action(section, path, None)
        if section == "SET":
            self.tokens.expect_symbol("=")
            return Action(section, path, self._set_value())
        return Action(section, path, ValueRef(self.tokens.take_kind("value").text))

    def _set_value(self) -> Operand:
        """Parse a value: the whole and each operand of its + or - may be in parentheses."""
        if self.open_parenthesis():
            left = self._set_value()
            self.tokens.expect_symbol(")")
            if isinstance(left, Arithmetic):
                return left
        else:
            left = self.operand()
        for operator in "+-":
            if self.tokens.take_symbol(operator):
                self.operators += 1
                return Arithmetic(operator, left, self.argument())
        return left


def bound(text: str, placeholders: Placeholders) -> BoundUpdate:
    """Parse an update and bind it, cached by its text, the names and the types of the values.

    Raises:
        ExpressionError: the text is not an update, or `bind` refuses it.
    """
    key = (text, placeholders.signature)
    found = _compiled.get(key)
    if found is None:
        if len(_compiled) >= _MAX_COMPILED:
            _compiled.clear()
        given = placeholders.unused_copy()
        found = _compiled[key] = bind(parse(text), given), given.marks
    update, marks = found
    placeholders.use(marks)
    return update


def bind(actions: Sequence[Action], placeholders: Placeholders, *, may_nest: bool = False) -> BoundUpdate:
    """Bind an update to a request's names and values. In statements list_append `may_nest`, in expressions it may not.

    Raises:
        ExpressionError: a placeholder is not defined, an operand has the wrong type, or two paths overlap.
    """
    for action in actions:
        _refuse_functions(action.operand, may_nest=may_nest)
        placeholders.target(action.path)
        placeholders.resolve(action.operand)
    paths = [placeholders.target(action.path) for action in actions]
    refuse_overlap(paths)
    computes: list[Compute] = []
    for action, path in zip(actions, paths, strict=True):
        operand = _NOTHING if action.operand is None else bind_operand(action.operand, placeholders)
        computes.append(_COMPUTES[action.section](path, operand))
    return BoundUpdate(tuple(paths), tuple(computes), any(len(path) > 1 for path in paths))


def _refuse_functions(operand: Operand | None, *, may_nest: bool, is_nested: bool = False) -> None:
    """Raise ExpressionError for a function that does not exist, or not in updates.

    In expressions list_append is a whole value, never an operand (DynamoDB Local 3.3.1).
    """
    match operand:
        case FunctionCall("list_append", _) if is_nested and not may_nest:
            raise misused("list_append")
        case FunctionCall(function, operands):
            if function not in _FUNCTIONS:
                allowed = "The function is not allowed in an update expression"
                raise ExpressionError(
                    f"{allowed if function in _NOT_ALLOWED else 'Invalid function name'}; function: {function}"
                )
            for each in operands:
                _refuse_functions(each, may_nest=may_nest, is_nested=True)
        case Arithmetic(_, left, right):
            for each in (left, right):
                _refuse_functions(each, may_nest=may_nest, is_nested=True)
        case _:
            pass


def bind_operand(operand: Operand, placeholders: Placeholders) -> Bound:
    """Bind an operand of SET."""
    match operand:
        case Path():
            return _present(at_path(placeholders.path(operand)))
        case ValueRef(name):
            return at_placeholder(name, placeholders.value(name))
        case Literal(value):
            return constant(value)
        case Arithmetic(operator, left, right):
            return _arithmetic(operator, bind_operand(left, placeholders), bind_operand(right, placeholders))
        case FunctionCall(function, operands):
            bound = [bind_operand(one, placeholders) for one in operands]
            expect_count(function, len(bound), 2)
            return _FUNCTIONS[function](function, bound)


def _present(operand: Bound) -> Bound:
    """An operand that must exist in the item."""

    def get(item: Attributes, values: Values) -> Value:
        value = operand.get(item, values)
        if value is None:
            raise invalid("The provided expression refers to an attribute that does not exist in the item")
        return value

    return operand._replace(get=get)


def _arithmetic(operator: str, left: Bound, right: Bound) -> Bound:
    for operand in (left, right):
        if operand.kind not in (None, "N"):
            raise wrong_kind(operator, str(operand.kind))
    sign = 1 if operator == "+" else -1

    def get(item: Attributes, values: Values) -> Value:
        return _added(left.get(item, values), right.get(item, values), sign)

    return Bound(get, "N")


def _added(left: Value | None, right: Value | None, sign: int) -> Value:
    if left is None or right is None or "N" not in left or "N" not in right:
        raise _wrong_type()
    return {"N": numbers.add(left["N"], right["N"], sign)}


WRONG_TYPE = "An operand in the update expression has an incorrect data type"


def _wrong_type() -> Exception:
    return invalid(WRONG_TYPE)


def _if_not_exists(function: str, operands: list[Bound]) -> Bound:
    path, default = expect_path(function, operands[0]), operands[1]

    def get(item: Attributes, values: Values) -> Value | None:
        value = value_at(item, path)
        return default.get(item, values) if value is None else value

    return Bound(get)


def _list_append(function: str, operands: list[Bound]) -> Bound:
    for operand in operands:
        if operand.kind not in (None, "L"):
            raise wrong_kind(function, str(operand.kind))
    first, second = operands

    def get(item: Attributes, values: Values) -> Value:
        a, b = first.get(item, values), second.get(item, values)
        if a is None or b is None or "L" not in a or "L" not in b:
            raise _wrong_type()
        return {"L": a["L"] + b["L"]}

    return Bound(get, "L")


_FUNCTIONS: dict[str, Callable[[str, list[Bound]], Bound]] = {
    "if_not_exists": _if_not_exists,
    "list_append": _list_append,
}


def _set(path: ResolvedPath, operand: Bound) -> Compute:
    return lambda item, values: Edit(path, operand.get(item, values))


def _remove(path: ResolvedPath, operand: Bound) -> Compute:
    return lambda item, values: Edit(path, operand.get(item, values))


_JAVA_KINDS = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
}


def _given(operand: Bound, item: Attributes, values: Values) -> Value:
    return operand.get(item, values) or {}


def _expect_kind(section: str, operand: Bound, allowed: tuple[str, ...]) -> None:
    kind = str(operand.kind)
    if kind not in allowed:
        raise ExpressionError(
            f"Incorrect operand type for operator or function; operator: {section}, "
            f"operand type: {_JAVA_KINDS[kind]}, typeSet: ALLOWED_FOR_{section}_OPERAND"
        )


def _add(path: ResolvedPath, operand: Bound) -> Compute:
    _expect_kind("ADD", operand, ("N", *_SETS))
    return lambda item, values: Edit(path, added_to(value_at(item, path), _given(operand, item, values)))


def _delete(path: ResolvedPath, operand: Bound) -> Compute:
    _expect_kind("DELETE", operand, _SETS)

    def compute(item: Attributes, values: Values) -> Edit | None:
        present = value_at(item, path)
        if present is None:
            return None
        return Edit(path, removed_from(present, _given(operand, item, values)))

    return compute


def added_to(present: Value | None, value: Value) -> Value:
    """Return the sum of two numbers, or the union of two sets; raises DynamoError if the types differ."""
    if present is None:
        return value
    ((kind, content),) = value.items()
    if kind not in present:
        raise _wrong_type()
    if kind == "N":
        return _added(present, value, 1)
    return {kind: in_order(kind, [*{*present[kind], *content}])}


def removed_from(present: Value, value: Value) -> Value | None:
    """Return a set without the elements of the second one, None if empty; raises DynamoError if the types differ."""
    ((kind, content),) = value.items()
    if kind not in present:
        raise _wrong_type()
    left = [element for element in present[kind] if element not in content]
    return {kind: left} if left else None


_COMPUTES: dict[str, Callable[[ResolvedPath, Bound], Compute]] = {
    "SET": _set,
    "REMOVE": _remove,
    "ADD": _add,
    "DELETE": _delete,
}
