"""DynamoDB's condition and update expressions, of the kinds that a stream of writes is made of.

Compiled once for each text. What the grammar here does not cover is left to
moto (UnusualError), which knows all of it and the messages for what is wrong:

    condition  conditions on values and on whether attributes exist, with AND, OR, NOT and parentheses
    update     SET, REMOVE, and ADD of numbers, on attributes at the top of the item
    projection attributes, and members of maps in them
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from sandbox.front.items import Attributes
from sandbox.front.values import UnusualError, Value, add, is_less

_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z_0-9]+)|(<=|>=|<>|[=<>(),.+\-]))")
_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": lambda left, right: left == right,
    "<": is_less,
    ">": lambda left, right: is_less(right, left),
    "<=": lambda left, right: left == right or is_less(left, right),
    ">=": lambda left, right: left == right or is_less(right, left),
}
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")
_WORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN"})


class Scope(NamedTuple):
    """What an expression is evaluated in: the item's attributes, and the request's names and values."""

    item: Attributes
    names: Mapping[str, str]
    values: Mapping[str, Value]


Operand = Callable[[Scope], "Value | None"]
Test = Callable[[Scope], bool]
Path = Callable[[Scope], str]
Change = Callable[[Scope], "tuple[str, Value | None]"]


class Condition(NamedTuple):
    """A condition and the placeholders in it."""

    holds: Test
    placeholders: frozenset[str]


class Update(NamedTuple):
    """An update's changes, each an attribute and its new value (None: removed), and the placeholders in it."""

    changes: tuple[Change, ...]
    placeholders: frozenset[str]

    def apply(self, scope: Scope) -> dict[str, Value | None]:
        """The new values by attribute; all are computed from the item as it was.

        Raises:
            UnusualError: an attribute is changed twice, or a value that is needed is missing or of the wrong type.
        """
        changed = [change(scope) for change in self.changes]
        result = dict(changed)
        if len(result) != len(changed):
            raise UnusualError
        return result


class Projection(NamedTuple):
    """The paths of names that are asked for, and the placeholders in them."""

    paths: tuple[tuple[Path, ...], ...]
    placeholders: frozenset[str]

    def apply(self, scope: Scope) -> Attributes:
        """What the item has of the paths, in the maps that hold it."""
        result: Attributes = {}
        for path in self.paths:
            names = [name(scope) for name in path]
            value = _at(scope.item, names)
            if value is None:
                continue
            holder = result
            for name in names[:-1]:
                holder = holder.setdefault(name, {"M": {}})["M"]
            holder[names[-1]] = value
        return result


@lru_cache(maxsize=1024)
def condition(text: str) -> Condition:
    """Compile a ConditionExpression; UnusualError when it is left to moto."""
    parser = _Parser(text)
    holds = parser.disjunction()
    parser.finish()
    return Condition(holds, frozenset(parser.placeholders))


@lru_cache(maxsize=1024)
def update(text: str) -> Update:
    """Compile an UpdateExpression; UnusualError when it is left to moto."""
    parser = _Parser(text)
    changes = parser.clauses()
    parser.finish()
    return Update(tuple(changes), frozenset(parser.placeholders))


@lru_cache(maxsize=1024)
def projection(text: str) -> Projection:
    """Compile a ProjectionExpression; UnusualError when it is left to moto."""
    parser = _Parser(text)
    paths = parser.paths()
    parser.finish()
    return Projection(tuple(paths), frozenset(parser.placeholders))


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0
        self.placeholders: set[str] = set()

    def finish(self) -> None:
        if self._position != len(self._tokens):
            raise UnusualError

    # Conditions

    def disjunction(self) -> Test:
        tests = [self._conjunction()]
        while self._take_word("OR"):
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda scope: any(test(scope) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._negation()]
        while self._take_word("AND"):
            tests.append(self._negation())
        return tests[0] if len(tests) == 1 else lambda scope: all(test(scope) for test in tests)

    def _negation(self) -> Test:
        if self._take_word("NOT"):
            test = self._negation()
            return lambda scope: not test(scope)
        if self._take("("):
            test = self.disjunction()
            self._expect(")")
            return test
        function = self._function()
        if function == "attribute_exists":
            path = self._argument()
            return lambda scope: path(scope) in scope.item
        if function == "attribute_not_exists":
            path = self._argument()
            return lambda scope: path(scope) not in scope.item
        if function is not None:
            raise UnusualError
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._operand()
        compare = _COMPARISONS.get(self._next())
        if compare is None:
            raise UnusualError
        right = self._operand()

        def holds(scope: Scope) -> bool:
            a, b = left(scope), right(scope)
            return a is not None and b is not None and compare(a, b)

        return holds

    # Updates

    def clauses(self) -> list[Change]:
        changes: list[Change] = []
        seen: set[str] = set()
        while self._position < len(self._tokens):
            clause = self._next().upper()
            parse = {"SET": self._assignment, "REMOVE": self._removal, "ADD": self._addition}.get(clause)
            if parse is None or clause in seen:
                raise UnusualError
            seen.add(clause)
            changes.append(parse())
            while self._take(","):
                changes.append(parse())
        if not changes:
            raise UnusualError
        return changes

    def _assignment(self) -> Change:
        path = self._path()
        self._expect("=")
        left = self._term()
        sign = 1 if self._take("+") else -1 if self._take("-") else 0
        if not sign:
            return lambda scope: (path(scope), _present(left(scope)))
        right = self._term()
        return lambda scope: (path(scope), add(_present(left(scope)), _present(right(scope)), sign))

    def _term(self) -> Operand:
        function = self._function()
        if function is None:
            return self._operand()
        if function != "if_not_exists":
            raise UnusualError
        self._expect("(")
        path = self._path()
        self._expect(",")
        default = self._term()
        self._expect(")")

        def value(scope: Scope) -> Value | None:
            present = scope.item.get(path(scope))
            return default(scope) if present is None else present

        return value

    def _removal(self) -> Change:
        path = self._path()
        return lambda scope: (path(scope), None)

    def _addition(self) -> Change:
        path, amount = self._path(), self._value()

        def change(scope: Scope) -> tuple[str, Value | None]:
            name = path(scope)
            return name, add(scope.item.get(name, {"N": "0"}), _present(amount(scope)), 1)

        return change

    # Projections

    def paths(self) -> list[tuple[Path, ...]]:
        paths = [self._nested_path()]
        while self._take(","):
            paths.append(self._nested_path())
        return paths

    def _nested_path(self) -> tuple[Path, ...]:
        path = [self._path()]
        while self._take("."):
            path.append(self._path())
        return tuple(path)

    # What they are made of

    def _function(self) -> str | None:
        """The name before a parenthesis, if that is what is next."""
        if self._position + 1 < len(self._tokens) and self._tokens[self._position + 1] == "(":
            return self._next()
        return None

    def _argument(self) -> Path:
        self._expect("(")
        path = self._path()
        self._expect(")")
        return path

    def _operand(self) -> Operand:
        if self._peek().startswith(":"):
            return self._value()
        path = self._path()
        return lambda scope: scope.item.get(path(scope))

    def _value(self) -> Operand:
        token = self._next()
        if not token.startswith(":"):
            raise UnusualError
        self.placeholders.add(token)
        return lambda scope: scope.values.get(token)

    def _path(self) -> Path:
        token = self._next()
        if token.startswith("#"):
            self.placeholders.add(token)
            return lambda scope: scope.names[token]
        # A reserved word, a number, or anything else that is no name is an error that moto reports.
        if not (token[0].isalpha() or token[0] == "_") or token.upper() in _reserved_words():
            raise UnusualError
        return lambda scope: token  # noqa: ARG005 - all paths are called alike

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise UnusualError
        self._position += 1
        return token

    def _take(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._position += 1
        return True

    def _take_word(self, word: str) -> bool:
        return self._take(self._peek()) if self._peek().upper() == word else False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise UnusualError


def _at(item: Attributes, names: list[str]) -> Value | None:
    """The value at a path of names through maps."""
    held: Mapping[str, Value] = item
    for name in names[:-1]:
        held = held.get(name, {}).get("M", {})
    return held.get(names[-1])


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    end, stripped = 0, text.rstrip()
    while end < len(stripped):
        match = _TOKEN.match(stripped, end)
        if match is None:
            raise UnusualError
        tokens.append(match[1] or match[2])
        end = match.end()
    return tokens


@lru_cache(maxsize=1)
def _reserved_words() -> frozenset[str]:
    return frozenset(ReservedKeywords.get_reserved_keywords()) | _WORDS


def _present(value: Value | None) -> Value:
    if value is None:
        raise UnusualError
    return value
