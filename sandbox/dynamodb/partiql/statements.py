"""The statements, and their parser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from sandbox.dynamodb.errors import invalid
from sandbox.dynamodb.expressions.condition_syntax import Condition, Junction, Negation, Predicate
from sandbox.dynamodb.expressions.syntax import Arithmetic, Element, FunctionCall, Literal, Operand, Path
from sandbox.dynamodb.expressions.updates import Action
from sandbox.dynamodb.partiql.tokens import PartiqlTokens
from sandbox.dynamodb.values import Attributes, Value, kind_of

T = TypeVar("T")

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TESTS = frozenset({"begins_with", "contains", "attribute_type", "attribute_exists", "attribute_not_exists"})
_SET_ACTIONS = {"set_add": "ADD", "set_delete": "DELETE"}
_CONSTANTS: dict[str, Value] = {"TRUE": {"BOOL": True}, "FALSE": {"BOOL": False}, "NULL": {"NULL": True}}
_SETS = {"S": "SS", "N": "NS", "B": "BS"}


_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class SelectStatement(NamedTuple):
    """SELECT. `columns` are the returned paths, None for all; `order` are names, each with whether it descends."""

    table: str
    of_index: str | None
    columns: tuple[Path, ...] | None
    where: Condition | None
    order: tuple[tuple[str, bool], ...]
    is_check: bool = False


class InsertStatement(NamedTuple):
    """INSERT of an item."""

    table: str
    item: Attributes


class UpdateStatement(NamedTuple):
    """UPDATE of the item that `where` names."""

    table: str
    actions: tuple[Action, ...]
    where: Condition | None
    returning: str | None


class DeleteStatement(NamedTuple):
    """DELETE of the item that `where` names."""

    table: str
    where: Condition | None
    returning: str | None


Statement = SelectStatement | InsertStatement | UpdateStatement | DeleteStatement


def parse(statement: str, parameters: Sequence[Value]) -> Statement:
    """Parse a statement, and replace its question marks by its parameters.

    Raises:
        DynamoError: it is not a statement, or the number of parameters differs.
    """
    parser = _Parser(statement, parameters)
    parsed = parser.statement()
    parser.finish()
    return parsed


class _Parser:
    def __init__(self, statement: str, parameters: Sequence[Value]) -> None:
        self._tokens = PartiqlTokens(statement)
        self._parameters = parameters
        self._used = 0

    def finish(self) -> None:
        if self._tokens.next.kind != "end":
            raise self._tokens.error()
        if self._used != len(self._parameters):
            raise _wrong_number()

    def statement(self) -> Statement:
        verb = self._tokens.take_word("SELECT", "INSERT", "UPDATE", "DELETE", "EXISTS")
        if verb is None:
            raise self._tokens.error()
        parse: Callable[[], Statement] = {
            "SELECT": self._select,
            "INSERT": self._insert,
            "UPDATE": self._update,
            "DELETE": self._delete,
            "EXISTS": self._exists,
        }[verb]
        try:
            return parse()
        except RecursionError:
            raise self._tokens.error() from None

    # Statements

    def _exists(self) -> SelectStatement:
        self._tokens.expect_symbol("(")
        self._tokens.expect_word("SELECT")
        select = self._select()
        self._tokens.expect_symbol(")")
        return select._replace(is_check=True)

    def _select(self) -> SelectStatement:
        columns = None if self._tokens.take_symbol("*") else tuple(self._listed(self._column))
        self._tokens.expect_word("FROM")
        table, index = self._tokens.name(), None
        if self._tokens.take_symbol("."):
            index = self._tokens.name()
        where = self._where()
        order: list[tuple[str, bool]] = []
        if self._tokens.take_word("ORDER"):
            self._tokens.expect_word("BY")
            order = self._listed(self._ordering)
        return SelectStatement(table, index, columns, where, tuple(order))

    def _column(self) -> Path:
        path = self._path()
        if self._tokens.next.text.upper() == "AS":
            raise invalid("Aliasing is not supported")
        return path

    def _ordering(self) -> tuple[str, bool]:
        name = self._tokens.name()
        return name, self._tokens.take_word("ASC", "DESC") == "DESC"

    def _insert(self) -> InsertStatement:
        self._tokens.expect_word("INTO")
        table = self._tokens.name()
        self._tokens.expect_word("VALUE")
        value = self._value()
        if "M" not in value:
            raise self._tokens.error()
        return InsertStatement(table, value["M"])

    def _update(self) -> UpdateStatement:
        table = self._tokens.name()
        if self._tokens.next.text == ".":
            raise invalid("This operation is not supported on an index")
        actions: list[Action] = []
        while section := self._tokens.take_word("SET", "REMOVE"):
            actions += self._listed(self._assignment if section == "SET" else self._removal)
        if not actions:
            raise self._tokens.error()
        return UpdateStatement(table, tuple(actions), self._where(), self._returning())

    def _delete(self) -> DeleteStatement:
        self._tokens.expect_word("FROM")
        table = self._tokens.name()
        if self._tokens.next.text == ".":
            raise invalid("This operation is not supported on an index")
        return DeleteStatement(table, self._where(), self._returning())

    def _where(self) -> Condition | None:
        return self._disjunction() if self._tokens.take_word("WHERE") else None

    def _returning(self) -> str | None:
        if not self._tokens.take_word("RETURNING"):
            return None
        which, when = self._tokens.take_word("ALL", "MODIFIED"), self._tokens.take_word("OLD", "NEW")
        if which is None or when is None:
            raise self._tokens.error()
        self._tokens.expect_symbol("*")
        return f"{which} {when}"

    # Updates

    def _assignment(self) -> Action:
        path = self._path()
        self._tokens.expect_symbol("=")
        if self._tokens.is_call() and self._tokens.next.text.lower() in _SET_ACTIONS:
            section = _SET_ACTIONS[self._tokens.take().text.lower()]
            self._tokens.expect_symbol("(")
            changed = self._path()
            self._tokens.expect_symbol(",")
            value = self._value()
            self._tokens.expect_symbol(")")
            if changed != path:
                raise invalid("An operand in the update expression has an incorrect data type")
            return Action(section, path, Literal(value))
        return Action("SET", path, self._sum())

    def _removal(self) -> Action:
        return Action("REMOVE", self._path(), None)

    def _sum(self) -> Operand:
        left = self._operand()
        while operator := self._tokens.take_symbol("+", "-"):
            left = Arithmetic(operator, left, self._operand())
        return left

    # Conditions

    def _disjunction(self) -> Condition:
        return self._joined("OR", self._conjunction)

    def _conjunction(self) -> Condition:
        return self._joined("AND", self._negation)

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        conditions = [part()]
        while self._tokens.take_word(word):
            conditions.append(part())
        return conditions[0] if len(conditions) == 1 else Junction(word, tuple(conditions))

    def _negation(self) -> Condition:
        if self._tokens.take_word("NOT"):
            return Negation(self._negation())
        if self._tokens.take_symbol("("):
            condition = self._disjunction()
            self._tokens.expect_symbol(")")
            return condition
        operand = self._operand()
        if isinstance(operand, FunctionCall) and operand.function in _TESTS:
            return operand
        return self._comparison(operand)

    def _comparison(self, left: Operand) -> Condition:
        if symbol := self._tokens.take_symbol(*_COMPARISONS):
            operator, right = _COMPARISONS[symbol], self._operand()
            if isinstance(left, Literal) and isinstance(right, Path):
                # The comparison of a key may be written either way.
                return Predicate(_MIRRORED.get(operator, operator), (right, left))
            return Predicate(operator, (left, right))
        word = self._tokens.take_word("BETWEEN", "IN", "IS", "NOT")
        if word == "NOT":
            self._tokens.expect_word("IN")
            return Negation(Predicate("IN", (left, *self._candidates())))
        if word == "BETWEEN":
            low = self._operand()
            self._tokens.expect_word("AND")
            return Predicate("BETWEEN", (left, low, self._operand()))
        if word == "IN":
            return Predicate("IN", (left, *self._candidates()))
        if word == "IS":
            return self._is(left)
        raise self._tokens.error()

    def _is(self, left: Operand) -> Condition:
        negated = self._tokens.take_word("NOT") is not None
        what = self._tokens.take_word("NULL", "MISSING")
        if what is None:
            raise self._tokens.error()
        condition: Condition = FunctionCall("attribute_not_exists", (left,))
        if what == "NULL":
            condition = FunctionCall("attribute_type", (left, Literal({"S": "NULL"})))
        return Negation(condition) if negated else condition

    def _candidates(self) -> list[Operand]:
        if self._tokens.take_symbol("("):
            candidates = self._listed(self._operand)
            self._tokens.expect_symbol(")")
            return candidates
        listed = self._value()
        if "L" not in listed:
            raise self._tokens.error()
        return [Literal(value) for value in listed["L"]]

    # Operands

    def _operand(self) -> Operand:
        if self._tokens.is_call():
            return self._call()
        token = self._tokens.next
        if token.kind == "quoted" or (token.kind == "word" and token.text.upper() not in _CONSTANTS):
            return self._path()
        return Literal(self._value())

    def _call(self) -> FunctionCall:
        name = self._tokens.take().text.lower()
        if name not in _TESTS and name not in ("size", "if_not_exists", "list_append"):
            raise invalid(f"Unrecognized function: {name}")
        self._tokens.expect_symbol("(")
        operands = self._listed(self._operand)
        self._tokens.expect_symbol(")")
        return FunctionCall(name, tuple(operands))

    def _path(self) -> Path:
        elements: list[Element] = [self._tokens.name()]
        while True:
            if self._tokens.take_symbol("."):
                elements.append(self._tokens.name())
            elif self._tokens.take_symbol("["):
                elements.append(self._step())
                self._tokens.expect_symbol("]")
            else:
                return Path(tuple(elements))

    def _step(self) -> Element:
        token = self._tokens.take()
        if token.kind == "number" and token.text.isdigit():
            return int(token.text)
        if token.kind == "string":
            return token.text
        raise self._tokens.error()

    # Values

    def _value(self) -> Value:
        tokens = self._tokens
        if tokens.take_symbol("?"):
            return self._parameter()
        if tokens.take_symbol("["):
            return {"L": self._until("]", self._value)}
        if tokens.take_symbol("{"):
            return {"M": dict(self._until("}", self._member))}
        if tokens.take_symbol("<<"):
            return self._set()
        sign = tokens.take_symbol("-", "+") or ""
        if tokens.next.kind == "number":
            return {"N": sign.strip("+") + tokens.take().text}
        if sign:
            raise tokens.error()
        if tokens.next.kind == "string":
            return {"S": tokens.take().text}
        word = tokens.take_word(*_CONSTANTS)
        if word is None:
            raise tokens.error()
        return dict(_CONSTANTS[word])

    def _parameter(self) -> Value:
        if self._used >= len(self._parameters):
            raise _wrong_number()
        self._used += 1
        return self._parameters[self._used - 1]

    def _member(self) -> tuple[str, Value]:
        if self._tokens.next.kind not in ("string", "quoted"):
            raise self._tokens.error()
        name = self._tokens.take().text
        self._tokens.expect_symbol(":")
        return name, self._value()

    def _set(self) -> Value:
        elements = self._until(">>", self._value)
        kinds = {kind_of(element) for element in elements}
        kind = kinds.pop() if len(kinds) == 1 else ""
        if kind not in _SETS:
            raise self._tokens.error()
        return {_SETS[kind]: [element[kind] for element in elements]}

    def _until(self, end: str, part: Callable[[], T]) -> list[T]:
        if self._tokens.take_symbol(end):
            return []
        parts = self._listed(part)
        self._tokens.expect_symbol(end)
        return parts

    def _listed(self, part: Callable[[], T]) -> list[T]:
        parts = [part()]
        while self._tokens.take_symbol(","):
            parts.append(part())
        return parts


def _wrong_number() -> Exception:
    return invalid("Number of parameters in request and statement don't match.")
