"""The SQL standard's JSON path: lax or strict, of JSON_VALUE, JSON_QUERY and JSON_EXISTS.

A path is parsed once into a function from an item to a sequence of items.

Source: trino 435, io.trino.sql.jsonpath and https://trino.io/docs/435/functions/json.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from sandbox.athena.functions import jsonpath_steps as steps
from sandbox.athena.functions.jsonpath_steps import Evaluate, Item, Test
from sandbox.athena.functions.native import TrinoError

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<string>"(?:[^"\\]|\\.|"")*")|(?P<name>\$?[A-Za-z_]\w*)"""
    r"""|(?P<sign>\.\.|==|!=|<>|<=|>=|&&|\|\||[$@.\[\](),?*+\-/%!<>]))"""
)
_COMPARISONS = {"==", "!=", "<>", "<", "<=", ">", ">="}
_METHODS = ("size", "type", "abs", "ceiling", "floor", "double")


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
            found = steps.arithmetic(sign, found, self._product(), lax=self.lax)
        return found

    def _product(self) -> Evaluate:
        found = self._unary()
        while sign := self._accept("*", "/", "%"):
            found = steps.arithmetic(sign, found, self._unary(), lax=self.lax)
        return found

    def _unary(self) -> Evaluate:
        if sign := self._accept("+", "-"):
            inner = self._unary()
            factor = -1 if sign == "-" else 1
            return lambda state: [factor * steps.numeric(item) for item in steps.unwrapped(inner(state), lax=self.lax)]
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
                found = steps.filtered(found, self._or(), lax=self.lax)
                self._take(")")
            else:
                found = self._member(found, word)
        return found

    def _member(self, found: Evaluate, dots: str) -> Evaluate:
        name = self._take()
        if name == "*" and dots == ".":
            return lambda state: [
                v for item in steps.unwrapped(found(state), lax=self.lax) for v in steps.values(item, self.lax)
            ]
        if not (name[0] == '"' or name[0].isalpha() or name[0] == "_"):
            raise self._wrong(f"mismatched input '{name}'")
        if dots == "..":
            return lambda state: [v for item in found(state) for v in steps.descendants(item, _unquoted(name))]
        if name in _METHODS and self._accept("("):
            self._take(")")
            return steps.method(name, found, lax=self.lax)
        if self._peek() == "(":
            raise self._wrong("mismatched input '('")
        key = _unquoted(name)
        return lambda state: [
            v for item in steps.unwrapped(found(state), lax=self.lax) for v in steps.member(item, key, lax=self.lax)
        ]

    def _subscripts(self, found: Evaluate) -> Evaluate:
        if self._accept("*"):
            self._take("]")
            return lambda state: [v for item in found(state) for v in steps.elements(item, lax=self.lax)]
        ranges: list[tuple[Evaluate, Evaluate | None]] = []
        while True:
            first = self._sum()
            ranges.append((first, self._sum() if self._accept("to") else None))
            if not self._accept(","):
                break
        self._take("]")
        return lambda state: [v for item in found(state) for v in steps.sliced(item, ranges, state, lax=self.lax)]

    def _or(self) -> Test:
        found = self._and()
        while self._accept("||"):
            found = steps.either(found, self._and(), decides=True)
        return found

    def _and(self) -> Test:
        found = self._not()
        while self._accept("&&"):
            found = steps.either(found, self._not(), decides=False)
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
            return steps.exists(path)
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
            return steps.compared("starts", left, self._sum(), lax=self.lax)
        sign = self._take()
        if sign not in _COMPARISONS:
            raise TrinoError(
                "NOT_SUPPORTED", f"The sandbox's Athena cannot read {sign!r} in the JSON path {self.path!r}"
            )
        return steps.compared(sign, left, self._sum(), lax=self.lax)


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


@lru_cache(256)
def compiled(path: str) -> Callable[[Item], list[Item]]:
    """A path as a function from a document to items; SYNTAX_ERROR for an invalid path.

    The function raises PathError if the document does not match the path.
    """
    evaluate = _Parser(path).parsed()
    return lambda root: evaluate(steps.PathState(root))
