"""The elements of expressions: paths, values and functions, and the parser of what all expressions share."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

from sandbox.dynamodb.expressions.tokens import ExpressionError, ExpressionTokens
from sandbox.dynamodb.values import Value


class WrittenName(str):
    """An attribute's name as it is written in an expression, where it must not be a reserved word."""

    __slots__ = ()


class NameRef(str):
    """A placeholder for an attribute's name: #name."""

    __slots__ = ()


Element = str | int
"""A part of a path: a name, or an index in a list. A plain str is a name that needs no check."""


class Path(NamedTuple):
    """A document path."""

    elements: tuple[Element, ...]


class ValueRef(NamedTuple):
    """A placeholder for a value: :value."""

    name: str


class Literal(NamedTuple):
    """A literal value, as in legacy parameters and statements."""

    value: Value


class FunctionCall(NamedTuple):
    """A function and its operands."""

    function: str
    operands: tuple[Operand, ...]


class Arithmetic(NamedTuple):
    """left + right or left - right."""

    operator: str
    left: Operand
    right: Operand


Operand = Path | ValueRef | Literal | FunctionCall | Arithmetic


_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE"})
_MAX_KEYWORDS = 300
_MAX_LEVELS = 32
_MAX_INDEX = 2**31 - 1


class OperandParser:
    """Parses the elements that all kinds of expressions share.

    `operators` counts the operators and functions until now.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """

    def __init__(self, text: str) -> None:
        self.tokens = ExpressionTokens(text)
        self.operators = 0
        self._is_redundant = False
        self._large_index: int | None = None
        self._many_levels: int | None = None

    def finish(self) -> None:
        """Check the expression as a whole.

        Raises:
            ExpressionError: text remains, a path is too deep or has too large an index, or there are too many
                operators, of which DynamoDB counts one more.
        """
        self.tokens.expect_end()
        if self._is_redundant:
            raise ExpressionError("The expression has redundant parentheses;")
        if self._large_index is not None:
            raise ExpressionError(f"List index is not within the allowable range; index: [{self._large_index}]")
        if self._many_levels is not None:
            raise ExpressionError(f"The document path has too many nesting levels; nesting levels: {self._many_levels}")
        if self.operators > _MAX_KEYWORDS:
            count = _MAX_KEYWORDS + 1
            raise ExpressionError(f"The expression contains too many operators; operator count: {count}")

    def path(self) -> Path:
        """Parse a document path: a name, then names after dots and numbers in brackets."""
        tokens = self.tokens
        elements: list[Element] = [self._name()]
        while True:
            if tokens.take_symbol("."):
                elements.append(self._name())
            elif tokens.take_symbol("["):
                elements.append(self._index())
                tokens.expect_symbol("]")
            else:
                if len(elements) > _MAX_LEVELS and self._many_levels is None:
                    self._many_levels = len(elements)
                return Path(tuple(elements))

    def operand(self) -> Operand:
        """Parse a value, a function of operands, or a path."""
        tokens = self.tokens
        if tokens.next.kind == "value":
            return ValueRef(tokens.take().text)
        if tokens.next.kind == "word" and tokens.next.text.upper() not in _KEYWORDS and tokens.following.text == "(":
            return self.call()
        return self.path()

    def call(self) -> FunctionCall:
        """Parse a function and its operands in parentheses."""
        self.operators += 1
        name = self.tokens.take().text
        self.tokens.expect_symbol("(")
        operands = [self.argument()]
        while self.tokens.take_symbol(","):
            operands.append(self.argument())
        self.tokens.expect_symbol(")")
        return FunctionCall(name, tuple(operands))

    def argument(self) -> Operand:
        """Parse an operand of a function, with or without parentheses."""
        if not self.open_parenthesis():
            return self.operand()
        operand = self.argument()
        self.tokens.expect_symbol(")")
        return operand

    def open_parenthesis(self) -> bool:
        """Take an opening parenthesis if it comes next. One that contains only a second pair is redundant."""
        if not self.tokens.take_symbol("("):
            return False
        self._is_redundant = self._is_redundant or self.tokens.closes_together()
        return True

    def _index(self) -> int:
        index = int(self.tokens.take_kind("number").text)
        if index > _MAX_INDEX and self._large_index is None:
            self._large_index = index
        return index

    def _name(self) -> Element:
        token = self.tokens.next
        if token.kind == "word" and token.text.upper() not in _KEYWORDS:
            return WrittenName(self.tokens.take().text)
        if token.kind == "name":
            return NameRef(self.tokens.take().text)
        raise self.tokens.error()


def shown(elements: tuple[Element, ...]) -> str:
    """A path as DynamoDB's messages show it: [a, [0], b]."""
    return f"[{', '.join(f'[{element}]' if isinstance(element, int) else element for element in elements)}]"


@contextmanager
def nested() -> Generator[None]:
    """Raise ExpressionError if the nesting exceeds Python's stack, at some hundred pairs of parentheses."""
    try:
        yield
    except RecursionError:
        raise ExpressionError("The expression is nested too deeply for the sandbox;") from None
