"""The syntax of condition and filter expressions: from a text to its tree."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

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

_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})


class Predicate(NamedTuple):
    """An operator (=, <, BETWEEN, IN …) and its operands."""

    operator: str
    operands: tuple[Operand, ...]


class Junction(NamedTuple):
    """Conditions joined by AND or OR."""

    operator: str
    conditions: tuple[Condition, ...]


class Negation(NamedTuple):
    """NOT a condition."""

    condition: Condition


Condition = Predicate | FunctionCall | Junction | Negation


@lru_cache(maxsize=1024)
def parse(text: str) -> Condition:
    """Parse a condition; raises ExpressionError for an invalid one."""
    parser = _Parser(text)
    with nested():
        condition = parser.condition(parser.disjunction())
    parser.finish()
    return condition


def paths_of(condition: Condition | Operand) -> list[Path]:
    """All paths in a condition, in order of appearance."""
    match condition:
        case Path():
            return [condition]
        case Junction(_, parts) | Predicate(_, parts) | FunctionCall(_, parts):
            return [path for part in parts for path in paths_of(part)]
        case Negation(part):
            return paths_of(part)
        case _:
            return []


class _Parser(OperandParser):
    """Parses conditions. Conditions and operands may both be in parentheses; which it is only shows after these."""

    def disjunction(self) -> Condition | Operand:
        return self._joined("OR", self._conjunction)

    def condition(self, found: Condition | Operand) -> Condition:
        """Return the parsed condition; an operand alone is not a condition."""
        if isinstance(found, Path | ValueRef | Literal | Arithmetic):
            raise self.tokens.error()
        return found

    def _joined(self, word: str, part: Callable[[], Condition | Operand]) -> Condition | Operand:
        found = part()
        if not (self.tokens.next.kind == "word" and self.tokens.next.text.upper() == word):
            return found
        conditions = [self.condition(found)]
        while self.tokens.take_word(word):
            self.operators += 1
            conditions.append(self.condition(part()))
        return Junction(word, tuple(conditions))

    def _conjunction(self) -> Condition | Operand:
        return self._joined("AND", self._negation)

    def _negation(self) -> Condition | Operand:
        negations = 0
        while self.tokens.next.text.upper() == "NOT" and self.tokens.take_word("NOT"):
            negations += 1
        self.operators += negations
        found = self._comparison()
        for _ in range(negations):
            found = Negation(self.condition(found))
        return found

    def _comparison(self) -> Condition | Operand:
        left = self._primary()
        if not isinstance(left, Path | ValueRef | FunctionCall):
            return left
        tokens = self.tokens
        if tokens.next.kind == "symbol" and tokens.next.text in _COMPARATORS:
            self.operators += 1
            return Predicate(tokens.take().text, (left, self.argument()))
        if tokens.take_word("BETWEEN"):
            self.operators += 1
            low = self.argument()
            if not tokens.take_word("AND"):
                raise tokens.error()
            return Predicate("BETWEEN", (left, low, self.argument()))
        if tokens.take_word("IN"):
            self.operators += 1
            return Predicate("IN", (left, *self._list()))
        return left

    def _primary(self) -> Condition | Operand:
        if not self.open_parenthesis():
            return self.operand()
        found = self.disjunction()
        self.tokens.expect_symbol(")")
        return found

    def _list(self) -> list[Operand]:
        self.tokens.expect_symbol("(")
        operands = [self.argument()]
        while self.tokens.take_symbol(","):
            operands.append(self.argument())
        self.tokens.expect_symbol(")")
        return operands
