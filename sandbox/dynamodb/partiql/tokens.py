"""The tokens of a statement."""

from __future__ import annotations

import re
from typing import NamedTuple

from sandbox.dynamodb.errors import DynamoError, invalid

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
      | "(?P<quoted>(?:[^"]|"")*)"
      | '(?P<string>(?:[^']|'')*)'
      | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<symbol><<|>>|<=|>=|<>|!=|\S)
    )""",
    re.VERBOSE | re.ASCII,
)


class PartiqlToken(NamedTuple):
    """A part of a statement. `kind` is word, quoted (a name), string, number, symbol, or end."""

    kind: str
    text: str


class PartiqlTokens:
    """The tokens of a statement, taken one after another."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._tokens = [_token(match) for match in _TOKEN.finditer(statement.strip())]
        if self._tokens and self._tokens[-1] == PartiqlToken("symbol", ";"):
            self._tokens.pop()
        self._tokens.append(PartiqlToken("end", ""))
        self._position = 0

    @property
    def next(self) -> PartiqlToken:
        """The next token."""
        return self._tokens[self._position]

    def is_call(self) -> bool:
        """Return whether a function comes next: a name and a parenthesis."""
        following = self._tokens[min(self._position + 1, len(self._tokens) - 1)]
        return self.next.kind == "word" and following == PartiqlToken("symbol", "(")

    def take(self) -> PartiqlToken:
        """Take the next token."""
        token = self._tokens[self._position]
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token

    def take_symbol(self, *symbols: str) -> str | None:
        """Take the next token if it is one of these symbols."""
        if self.next.kind != "symbol" or self.next.text not in symbols:
            return None
        return self.take().text

    def take_word(self, *words: str) -> str | None:
        """Take the next token if it is one of these words, given in upper case."""
        word = self.next.text.upper()
        if self.next.kind != "word" or word not in words:
            return None
        self.take()
        return word

    def expect_symbol(self, symbol: str) -> None:
        """Take the next token, which must be this symbol."""
        if self.take_symbol(symbol) is None:
            raise self.error()

    def expect_word(self, word: str) -> None:
        """Take the next token, which must be this word."""
        if self.take_word(word) is None:
            raise self.error()

    def name(self) -> str:
        """Take the next token, which must be a name, quoted or not."""
        if self.next.kind not in ("word", "quoted"):
            raise self.error()
        return self.take().text

    def error(self) -> DynamoError:
        """The error for an invalid statement."""
        return invalid(f"Statement wasn't well formed, can't be processed: {self._statement}")


def _token(match: re.Match[str]) -> PartiqlToken:
    kind = match.lastgroup or "symbol"
    text = match[kind]
    if kind == "quoted":
        return PartiqlToken(kind, text.replace('""', '"'))
    return PartiqlToken(kind, text.replace("''", "'") if kind == "string" else text)
