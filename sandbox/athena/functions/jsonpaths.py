"""The SQL standard's JSON path: lax or strict, of JSON_VALUE, JSON_QUERY and JSON_EXISTS.

A path is parsed once into a function from an item to the sequence of items that it gives. Items are Python's own:
None, bool, int, float, Decimal (only of a path's literals), str, list and dict.

Source: trino 435, io.trino.sql.jsonpath and https://trino.io/docs/435/functions/json.html.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias, cast

from sandbox.athena.functions.native import TrinoError

Item: TypeAlias = Any
Evaluate: TypeAlias = "Callable[[_State], list[Item]]"
Test: TypeAlias = "Callable[[_State], bool | None]"

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<string>"(?:[^"\\]|\\.|"")*")|(?P<name>\$?[A-Za-z_]\w*)"""
    r"""|(?P<sign>\.\.|==|!=|<>|<=|>=|&&|\|\||[$@.\[\](),?*+\-/%!<>]))"""
)
_COMPARISONS = {"==", "!=", "<>", "<", "<=", ">", ">="}
_METHODS = ("size", "type", "abs", "ceiling", "floor", "double")


class PathError(Exception):
    """A structural error, or a value of the wrong type."""


def members_of(item: Item) -> dict[str, Item] | None:
    """An object's members; None for another item."""
    return cast("dict[str, Item]", item) if isinstance(item, dict) else None


def elements_of(item: Item) -> list[Item] | None:
    """An array's elements; None for another item."""
    return cast("list[Item]", item) if isinstance(item, list) else None


class _State:
    """The document, and the item of the innermost filter."""

    def __init__(self, root: Item, current: Item = None, last: int = -1) -> None:
        self.root = root
        self.current = current
        self.last = last


class _Parser:
    def __init__(self, path: str) -> None:
        self.path = path
        self.tokens = _tokens(path)
        self.at = 0
        mode = self._take()
        if mode not in {"lax", "strict"}:
            raise self._wrong("missing {'lax', 'strict'}")
        self.lax = mode == "lax"

    def _wrong(self, what: str) -> TrinoError:
        return TrinoError("SYNTAX_ERROR", f"{what} in the JSON path {self.path!r}")

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, expected: str = "") -> str:
        word = self._peek()
        if not word or (expected and word != expected):
            raise self._wrong(f"mismatched input '{word}'" + (f" expecting '{expected}'" if expected else ""))
        self.at += 1
        return word

    def _accept(self, *tokens: str) -> str:
        return self._take() if self._peek() in tokens else ""

    def parsed(self) -> Evaluate:
        found = self._sum()
        if self._peek():
            raise self._wrong(f"mismatched input '{self._peek()}'")
        return found

    def _sum(self) -> Evaluate:
        found = self._product()
        while sign := self._accept("+", "-"):
            found = _arithmetic(sign, found, self._product(), lax=self.lax)
        return found

    def _product(self) -> Evaluate:
        found = self._unary()
        while sign := self._accept("*", "/", "%"):
            found = _arithmetic(sign, found, self._unary(), lax=self.lax)
        return found

    def _unary(self) -> Evaluate:
        if sign := self._accept("+", "-"):
            inner = self._unary()
            factor = -1 if sign == "-" else 1
            return lambda state: [factor * _number(item) for item in _unwrapped(inner(state), lax=self.lax)]
        return self._accessors(self._primary())

    def _primary(self) -> Evaluate:
        word = self._take()
        if word == "$":
            return lambda state: [state.root]
        if word == "@":
            return lambda state: [state.current]
        if word == "last":
            return lambda state: [state.last]
        if word == "(":
            inner = self._sum()
            self._take(")")
            return inner
        if word[0] == '"':
            text = _unquoted(word)
            return lambda _: [text]
        if word[0].isdigit():
            number = int(word) if word.isdigit() else float(word) if "e" in word.lower() else Decimal(word)
            return lambda _: [number]
        words: dict[str, Item] = {"true": True, "false": False, "null": None}
        if word in words:
            return lambda _: [words[word]]
        raise self._wrong(f"mismatched input '{word}'")

    def _accessors(self, found: Evaluate) -> Evaluate:
        while word := self._accept(".", "..", "[", "?"):
            if word == "[":
                found = self._subscripts(found)
            elif word == "?":
                self._take("(")
                found = _filtered(found, self._or(), lax=self.lax)
                self._take(")")
            else:
                found = self._member(found, word)
        return found

    def _member(self, found: Evaluate, dots: str) -> Evaluate:
        name = self._take()
        if name == "*" and dots == ".":
            return lambda state: [v for item in _unwrapped(found(state), lax=self.lax) for v in _values(item, self.lax)]
        if not (name[0] == '"' or name[0].isalpha() or name[0] == "_"):
            raise self._wrong(f"mismatched input '{name}'")
        if dots == "..":
            return lambda state: [v for item in found(state) for v in _descendants(item, _unquoted(name))]
        if name in _METHODS and self._accept("("):
            self._take(")")
            return _method(name, found, lax=self.lax)
        if self._peek() == "(":
            raise self._wrong("mismatched input '('")
        key = _unquoted(name)
        return lambda state: [
            v for item in _unwrapped(found(state), lax=self.lax) for v in _member(item, key, lax=self.lax)
        ]

    def _subscripts(self, found: Evaluate) -> Evaluate:
        if self._accept("*"):
            self._take("]")
            return lambda state: [v for item in found(state) for v in _elements(item, lax=self.lax)]
        ranges: list[tuple[Evaluate, Evaluate | None]] = []
        while True:
            first = self._sum()
            ranges.append((first, self._sum() if self._accept("to") else None))
            if not self._accept(","):
                break
        self._take("]")
        return lambda state: [v for item in found(state) for v in _sliced(item, ranges, state, lax=self.lax)]

    def _or(self) -> Test:
        found = self._and()
        while self._accept("||"):
            found = _either(found, self._and(), decides=True)
        return found

    def _and(self) -> Test:
        found = self._not()
        while self._accept("&&"):
            found = _either(found, self._not(), decides=False)
        return found

    def _not(self) -> Test:
        if self._accept("!"):
            self._take("(")
            inner = self._or()
            self._take(")")
            return lambda state: None if (value := inner(state)) is None else not value
        if self._accept("exists"):
            self._take("(")
            path = self._sum()
            self._take(")")
            return _exists(path)
        return self._comparison()

    def _comparison(self) -> Test:
        start = self.at
        if self._accept("("):
            try:
                inner = self._or()
                self._take(")")
            except TrinoError:
                self.at = start  # the bracket belongs to an expression
            else:
                if self._peek() in {")", "&&", "||"}:
                    return inner
                self.at = start
        left = self._sum()
        if self._accept("starts"):
            self._take("with")
            return _compared("starts", left, self._sum(), lax=self.lax)
        sign = self._take()
        if sign not in _COMPARISONS:
            raise TrinoError(
                "NOT_SUPPORTED", f"The sandbox's Athena cannot read {sign!r} in the JSON path {self.path!r}"
            )
        return _compared(sign, left, self._sum(), lax=self.lax)


def _tokens(path: str) -> list[str]:
    tokens, at = list[str](), 0
    while path[at:].strip():
        found = _TOKEN.match(path, at)
        if found is None or (found["name"] or "").startswith("$"):
            raise TrinoError("SYNTAX_ERROR", f"mismatched input in the JSON path {path!r}")
        tokens.append(found[0].strip())
        at = found.end()
    return tokens


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]).replace('""', '"') if name[0] == '"' else name


def _unwrapped(items: list[Item], *, lax: bool) -> list[Item]:
    """In lax mode the elements of an array in its place."""
    if not lax:
        return items
    return [inner for item in items for inner in (elements_of(item) or ([] if item == [] else [item]))]


def _member(item: Item, key: str, *, lax: bool) -> list[Item]:
    members = members_of(item)
    if members is not None and key in members:
        return [members[key]]
    if lax:
        return []
    raise PathError(f"structural error: missing member '{key}' in JSON object")


def _values(item: Item, lax: bool) -> list[Item]:
    members = members_of(item)
    if members is not None:
        return list(members.values())
    if lax:
        return []
    raise PathError("invalid item type. Expected: OBJECT")


def _elements(item: Item, *, lax: bool) -> list[Item]:
    elements = elements_of(item)
    if elements is not None:
        return elements
    if lax:
        return [item]
    raise PathError("invalid item type. Expected: ARRAY")


def _descendants(item: Item, key: str) -> list[Item]:
    members = members_of(item) or {}
    children = elements_of(item) or list(members.values())
    found = [members[key]] if key in members else []
    return found + [v for child in children for v in _descendants(child, key)]


def _sliced(item: Item, ranges: list[tuple[Evaluate, Evaluate | None]], state: _State, *, lax: bool) -> list[Item]:
    items, found = _elements(item, lax=lax), list[Item]()
    inner = _State(state.root, state.current, len(items) - 1)
    for first, last in ranges:
        start = _index(first(inner))
        end = start if last is None else _index(last(inner))
        if not lax and (start < 0 or end >= len(items) or start > end):
            raise PathError("structural error: invalid array subscript")
        found += items[max(start, 0) : end + 1] if end >= 0 else []
    return found


def _index(items: list[Item]) -> int:
    if len(items) != 1:
        raise PathError("array subscript must be a singleton numeric value")
    return int(_number(items[0]))


def _number(item: Item) -> Item:
    if isinstance(item, bool) or not isinstance(item, (int, float, Decimal)):
        raise PathError("invalid item type. Expected: NUMBER")
    return item


def _arithmetic(sign: str, left: Evaluate, right: Evaluate, *, lax: bool) -> Evaluate:
    def compute(state: _State) -> list[Item]:
        operands = [_unwrapped(side(state), lax=lax) for side in (left, right)]
        if any(len(items) != 1 for items in operands):
            raise PathError("arithmetic binary expression requires singleton operands")
        a, b = (_number(items[0]) for items in operands)
        if isinstance(a, Decimal) or isinstance(b, Decimal):
            raise TrinoError("NOT_SUPPORTED", "The sandbox's Athena has no decimal arithmetic in a JSON path")
        return [_computed(sign, a, b)]

    return compute


def _computed(sign: str, a: Item, b: Item) -> Item:
    if sign in "+-*":
        return a + b if sign == "+" else a - b if sign == "-" else a * b
    if b == 0:
        raise PathError("division by zero")
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return quotient if sign == "/" else a - b * quotient
    return a / b if sign == "/" else math.fmod(a, b)


def _method(name: str, found: Evaluate, *, lax: bool) -> Evaluate:
    if name == "type":
        return lambda state: [_type_of(item) for item in found(state)]
    if name == "size":
        return lambda state: [_size(item, lax=lax) for item in found(state)]
    return lambda state: [_applied(name, item) for item in _unwrapped(found(state), lax=lax)]


def _size(item: Item, *, lax: bool) -> int:
    return len(_elements(item, lax=lax))


def _applied(name: str, item: Item) -> Item:
    if name == "double":
        try:
            return float(item) if isinstance(item, str) else float(_number(item))
        except ValueError as error:
            raise PathError("cannot convert to double") from error
    number = _number(item)
    if name == "abs":
        return abs(number)
    rounded = math.ceil(number) if name == "ceiling" else math.floor(number)
    return float(rounded) if isinstance(number, float) else rounded


def _type_of(item: Item) -> str:
    if members_of(item) is not None or elements_of(item) is not None:
        return "array" if members_of(item) is None else "object"
    if item is None or isinstance(item, bool):
        return "null" if item is None else "boolean"
    return "string" if isinstance(item, str) else "number"


def _filtered(found: Evaluate, test: Test, *, lax: bool) -> Evaluate:
    return lambda state: [
        item for item in _unwrapped(found(state), lax=lax) if test(_State(state.root, item, state.last)) is True
    ]


def _either(left: Test, right: Test, *, decides: bool) -> Test:
    """|| (where true decides) and && (where false does), with an unknown third."""

    def combine(state: _State) -> bool | None:
        values = left(state), right(state)
        if decides in values:
            return decides
        return None if None in values else not decides

    return combine


def _exists(path: Evaluate) -> Test:
    def test(state: _State) -> bool | None:
        try:
            return bool(path(state))
        except PathError:
            return None

    return test


def _compared(sign: str, left: Evaluate, right: Evaluate, *, lax: bool) -> Test:
    """True if a pair of items compares so; unknown if a pair cannot be compared before that."""

    def test(state: _State) -> bool | None:
        try:
            sides = [_unwrapped(side(state), lax=lax) for side in (left, right)]
        except PathError:
            return None
        found = [_pair(sign, a, b) for a in sides[0] for b in sides[1]]
        return True if True in found else None if None in found else False

    return test


def _pair(sign: str, a: Item, b: Item) -> bool | None:
    if sign == "starts":
        return a.startswith(b) if isinstance(a, str) and isinstance(b, str) else None
    if (a is None) != (b is None):
        return sign in {"!=", "<>"}
    numbers = all(isinstance(x, (int, float, Decimal)) and not isinstance(x, bool) for x in (a, b))
    if isinstance(a, (list, dict)) or isinstance(b, (list, dict)) or not (numbers or type(a) is type(b)):
        return None
    if sign in {"==", "!=", "<>"}:
        return (a == b) == (sign == "==")
    if a is None or isinstance(a, bool):
        return None if a is None else {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


@lru_cache(256)
def compiled(path: str) -> Callable[[Item], list[Item]]:
    """A path as a function from a document to items; SYNTAX_ERROR for what is no path.

    PathError is raised by the function where the path does not fit the document.
    """
    evaluate = _Parser(path).parsed()
    return lambda root: evaluate(_State(root))
