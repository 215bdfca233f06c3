"""Expressions that begin with a keyword: CASE, CAST, EXTRACT, INTERVAL, LISTAGG, JSON_VALUE and the like.

Source: trino 435, SqlBase.g4, primaryExpression.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from sandbox.athena.errors import StatementError, at
from sandbox.athena.syntax import jsonforms
from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax.lexer import TokenKind, position
from sandbox.athena.syntax.tokens import Tokens
from sandbox.athena.syntax.typenames import read_type

Item = TypeVar("Item")
_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_CURRENT = ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP")
_CURRENT_NAMES = ("CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH")


class SpecialForms(ABC):
    """Reads the forms; a subclass reads the expressions inside them."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._parameters = 0

    @abstractmethod
    def expression(self) -> n.Expression:
        """Read an expression."""

    @abstractmethod
    def value(self) -> n.Expression:
        """Read an expression without comparisons and logic."""

    @abstractmethod
    def order_by(self) -> tuple[n.Sort, ...]:
        """Read [ORDER BY items]."""

    @abstractmethod
    def _primary(self) -> n.Expression: ...

    @abstractmethod
    def _query(self) -> n.Query: ...

    @abstractmethod
    def _behind(self, call: n.Call) -> n.Call: ...

    def list_of(self, item: Callable[[], Item]) -> tuple[Item, ...]:
        """Read one or more items between commas."""
        items = [item()]
        while self._tokens.accept_operator(","):
            items.append(item())
        return tuple(items)

    def _literal_word(self, offset: int) -> n.Expression:
        word = self._tokens.advance().value
        return n.Literal("null" if word == "NULL" else "boolean", word.lower(), offset=offset)

    def _interval(self, offset: int) -> n.Expression | None:
        tokens = self._tokens
        signed = tokens.ahead(1).value in {"+", "-"}
        if tokens.ahead(2 if signed else 1).kind != TokenKind.STRING:
            return None
        tokens.expect("INTERVAL")
        negative = tokens.is_operator("-")
        if signed:
            tokens.advance()
        text = tokens.advance().value
        units: list[str] = []
        while True:
            if not units and tokens.current.value not in _UNITS:
                # Without a unit, it is the literal of a type with that name.
                place = position(tokens.text, offset)
                tokens.postpone(StatementError("TYPE_NOT_FOUND", at(place, "Unknown resolvedType: INTERVAL")))
                return n.Literal("null", "null", offset=offset)
            if tokens.current.value not in _UNITS:
                raise tokens.unexpected("'YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'")
            units.append(tokens.advance().value)
            if len(units) == 2 or not tokens.accept("TO"):
                break
        return n.Interval(negative, text, units[0], units[1] if len(units) == 2 else None, offset=offset)

    def _case(self, offset: int) -> n.Expression:
        tokens = self._tokens
        tokens.expect("CASE")
        operand = None if tokens.is_word("WHEN") else self.expression()
        branches: list[tuple[n.Expression, n.Expression]] = []
        tokens.expect("WHEN")
        while True:
            condition = self.expression()
            tokens.expect("THEN")
            branches.append((condition, self.expression()))
            if not tokens.accept("WHEN"):
                break
        default = self.expression() if tokens.accept("ELSE") else None
        tokens.expect("END")
        return n.Case(operand, tuple(branches), default, offset=offset)

    def _cast(self, offset: int) -> n.Expression | None:
        tokens = self._tokens
        if tokens.ahead(1).value != "(":
            return None
        safe = tokens.advance().value == "TRY_CAST"
        tokens.expect_operator("(")
        operand = self.expression()
        tokens.expect("AS")
        type_ = read_type(tokens)
        tokens.expect_operator(")")
        return n.Cast(operand, type_, safe, offset=offset)

    def _extract(self, offset: int) -> n.Expression:
        tokens = self._tokens
        tokens.expect("EXTRACT")
        tokens.expect_operator("(")
        part = tokens.name().value.upper()
        tokens.expect("FROM")
        operand = self.value()
        tokens.expect_operator(")")
        return n.Extract(part, operand, offset=offset)

    def _exists(self, offset: int) -> n.Expression:
        self._tokens.expect("EXISTS")
        self._tokens.expect_operator("(")
        query = self._query()
        self._tokens.expect_operator(")")
        return n.Exists(query, offset=offset)

    def _array(self, offset: int) -> n.Expression | None:
        tokens = self._tokens
        if tokens.ahead(1).value != "[":
            return None
        tokens.expect("ARRAY")
        tokens.expect_operator("[")
        items = () if tokens.is_operator("]") else self.list_of(self.expression)
        tokens.expect_operator("]")
        return n.Array(items, offset=offset)

    def _row(self, offset: int) -> n.Expression | None:
        tokens = self._tokens
        if tokens.ahead(1).value != "(":
            return None
        tokens.expect("ROW")
        tokens.expect_operator("(")
        items = self.list_of(self.expression)
        tokens.expect_operator(")")
        return n.Row(items, offset=offset)

    def _position(self, offset: int) -> n.Expression | None:
        tokens = self._tokens
        if tokens.ahead(1).value != "(":
            return None
        mark = tokens.mark()
        tokens.advance()
        tokens.expect_operator("(")
        needle = self.value()
        if not tokens.accept("IN"):
            tokens.reset(mark)
            return None
        text = self.value()
        tokens.expect_operator(")")
        return n.Call("strpos", (text, needle), offset=offset)

    def _trim(self, offset: int) -> n.Expression:
        tokens = self._tokens
        tokens.expect("TRIM")
        tokens.expect_operator("(")
        name = "trim"
        for word, function in (("LEADING", "ltrim"), ("TRAILING", "rtrim"), ("BOTH", "trim")):
            if tokens.accept(word):
                name = function
        first = None if tokens.is_word("FROM") else self.value()
        if tokens.accept("FROM"):
            operand = self.value()
            arguments = (operand,) if first is None else (operand, first)
        elif first is None:
            raise tokens.unexpected("<expression>")
        else:
            arguments = (first, self.value()) if tokens.accept_operator(",") else (first,)
        tokens.expect_operator(")")
        return n.Call(name, arguments, offset=offset)

    def _substring(self, offset: int) -> n.Expression | None:
        tokens = self._tokens
        if tokens.ahead(1).value != "(":
            return None
        mark, parameters = tokens.mark(), self._parameters
        tokens.advance()
        tokens.expect_operator("(")
        arguments = [self.expression()]
        if not tokens.accept("FROM"):
            tokens.reset(mark)
            self._parameters = parameters
            return None
        arguments.append(self.value())
        if tokens.accept("FOR"):
            arguments.append(self.value())
        tokens.expect_operator(")")
        return n.Call("substring", tuple(arguments), offset=offset)

    def _normalize(self, offset: int) -> n.Expression:
        tokens = self._tokens
        tokens.expect("NORMALIZE")
        tokens.expect_operator("(")
        operand = self.value()
        form = tokens.name().value if tokens.accept_operator(",") else "NFC"
        tokens.expect_operator(")")
        return n.Call("normalize", (operand, n.Literal("string", form, offset=offset)), offset=offset)

    def _grouping(self, offset: int) -> n.Expression:
        tokens = self._tokens
        tokens.expect("GROUPING")
        tokens.expect_operator("(")
        arguments = self.list_of(self.expression)
        tokens.expect_operator(")")
        return n.Call("grouping", arguments, offset=offset)

    def _current(self, offset: int) -> n.Expression:
        name = self._tokens.advance().value.lower()
        arguments: tuple[n.Expression, ...] = ()
        if self._tokens.accept_operator("("):
            arguments = (self._primary(),)
            self._tokens.expect_operator(")")
        return n.Call(name, arguments, offset=offset)

    def _listagg(self, offset: int) -> n.Expression:
        tokens = self._tokens
        tokens.expect("LISTAGG")
        tokens.expect_operator("(")
        distinct = tokens.accept("DISTINCT")
        arguments: list[n.Expression] = [self.expression()]
        separator = self._text() if tokens.accept_operator(",") else n.Literal("string", "", offset=offset)
        arguments.append(separator)
        if tokens.accept("ON", "OVERFLOW") and not tokens.accept("ERROR"):
            arguments += self._overflow(offset)
        tokens.expect_operator(")")
        tokens.expect("WITHIN", "GROUP")
        tokens.expect_operator("(")
        order_by = self.order_by()
        if not order_by:
            raise tokens.unexpected("'ORDER'")
        tokens.expect_operator(")")
        call = n.Call("listagg", tuple(arguments), distinct=distinct, order_by=order_by, offset=offset)
        return self._behind(call)

    def _overflow(self, offset: int) -> list[n.Expression]:
        """TRUNCATE [text] WITH | WITHOUT COUNT: the text, and whether the count is written."""
        tokens = self._tokens
        tokens.expect("TRUNCATE")
        is_default = tokens.is_word("WITH") or tokens.is_word("WITHOUT")
        filler = n.Literal("string", "...", offset=offset) if is_default else self._text()
        counted = tokens.accept("WITH")
        if not counted:
            tokens.expect("WITHOUT")
        tokens.expect("COUNT")
        return [filler, n.Literal("boolean", str(counted).lower(), offset=offset)]

    def _text(self) -> n.Literal:
        tokens = self._tokens
        if tokens.current.kind != TokenKind.STRING:
            raise tokens.unexpected("<string>")
        offset = tokens.current.offset
        return n.Literal("string", tokens.advance().value, offset=offset)

    def _json(self, offset: int) -> n.Expression:
        return jsonforms.read_call(self._tokens, self.expression, offset)

    def _json_built(self, offset: int) -> n.Expression:
        return jsonforms.read(self._tokens, self.expression, offset)

    SPECIAL: ClassVar[dict[str, Callable[[Any, int], n.Expression | None]]] = {
        "NULL": _literal_word,
        "TRUE": _literal_word,
        "FALSE": _literal_word,
        "INTERVAL": _interval,
        "CASE": _case,
        "CAST": _cast,
        "TRY_CAST": _cast,
        "EXTRACT": _extract,
        "EXISTS": _exists,
        "ARRAY": _array,
        "ROW": _row,
        "POSITION": _position,
        "TRIM": _trim,
        "SUBSTRING": _substring,
        "NORMALIZE": _normalize,
        "GROUPING": _grouping,
        "LISTAGG": _listagg,
        "JSON_EXISTS": _json,
        "JSON_VALUE": _json,
        "JSON_QUERY": _json,
        "JSON_ARRAY": _json_built,
        "JSON_OBJECT": _json_built,
        **dict.fromkeys((*_CURRENT, *_CURRENT_NAMES), _current),
    }
    """The readers by the forms' first words; None if the word is a name there."""
