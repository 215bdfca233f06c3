"""The tokens of an expression, with their positions."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_EXPRESSION_BYTES = 4096

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<word>[A-Za-z][A-Za-z0-9_]*)
      | (?P<name>\#[A-Za-z0-9_]+)
      | (?P<value>:[A-Za-z0-9_]+)
      | (?P<number>0|[1-9][0-9]*)
      | (?P<symbol><=|>=|<>|\S)
    )""",
    re.VERBOSE | re.ASCII,
)


class ExpressionError(Exception):
    """An error in an expression, in DynamoDB's words but without the kind of the expression as their prefix."""


class ExpressionToken(NamedTuple):
    """A part of an expression. `kind` is word, name (#x), value (:x), number, symbol, or end."""

    kind: str
    text: str
    start: int
    end: int


class ExpressionTokens:
    """The tokens of an expression, taken one after another.

    Raises:
        ExpressionError: the expression is empty or too long.
    """

    def __init__(self, text: str) -> None:
        if not text:
            raise ExpressionError("The expression can not be empty;")
        size = len(text.encode())
        if size > MAX_EXPRESSION_BYTES:
            raise ExpressionError(f"Expression size has exceeded the maximum allowed size; expression size: {size}")
        self._text = text
        self._tokens = [
            ExpressionToken(
                str(match.lastgroup), match[match.lastgroup or ""], match.start(match.lastgroup or ""), match.end()
            )
            for match in _TOKEN.finditer(text.rstrip())
        ]
        self._tokens.append(ExpressionToken("end", "<EOF>", len(text), len(text)))
        self._position = 0

    @property
    def next(self) -> ExpressionToken:
        """The next token."""
        return self._tokens[self._position]

    @property
    def following(self) -> ExpressionToken:
        """The token after the next."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def take(self) -> ExpressionToken:
        """Take the next token."""
        token = self._tokens[self._position]
        self._position += 1
        return token

    def take_kind(self, kind: str) -> ExpressionToken:
        """Take the next token, which must have a kind."""
        if self.next.kind != kind:
            raise self.error()
        return self.take()

    def take_symbol(self, symbol: str) -> bool:
        """Take the next token if it is this symbol."""
        if self.next.text != symbol or self.next.kind != "symbol":
            return False
        self._position += 1
        return True

    def take_word(self, word: str) -> bool:
        """Take the next token if it is this word; its case does not matter."""
        if self.next.kind != "word" or self.next.text.upper() != word:
            return False
        self._position += 1
        return True

    def closes_together(self) -> bool:
        """Return whether the next token closes a parenthesis directly before the next one closes: "(x))"."""
        if self.next.text != "(":
            return False
        depth = 0
        for number in range(self._position, len(self._tokens) - 1):
            depth += {"(": 1, ")": -1}.get(self._tokens[number].text, 0)
            if depth == 0:
                return self._tokens[number + 1].text == ")"
        return False

    def expect_symbol(self, symbol: str) -> None:
        """Take the next token, which must be this symbol."""
        if not self.take_symbol(symbol):
            raise self.error()

    def expect_end(self) -> None:
        """Raise ExpressionError if the expression does not end here."""
        if self.next.kind != "end":
            raise self.error()

    def error(self) -> ExpressionError:
        """A syntax error at the next token; "near" shows that token and its neighbours as written."""
        at = self._position
        start = self._tokens[at - 1].start if at else 0
        last = self._tokens[min(at + 1, len(self._tokens) - 1)]
        near = self._text[start : last.end]
        return ExpressionError(f'Syntax error; token: "{self.next.text}", near: "{near}"')
