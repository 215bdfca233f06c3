"""The words, names, texts and signs of a statement, and a reader of them.

It only reads statements other than queries; the text of a query inside one (CREATE VIEW … AS) is passed on as written.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from sandbox.athena.errors import ApiError

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<backquoted>`(?:[^`]|``)+`)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<word>[^\W\d][\w$@:]*)
    |(?P<sign><>|<=|>=|!=|\|\||->|=>|.)""",
    re.DOTALL | re.VERBOSE,
)
_NAMES = frozenset({"word", "quoted", "backquoted"})


class StatementToken(NamedTuple):
    """One token: its kind (word, quoted, backquoted, string, number, sign, end) and its position in the text."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The text without quotes, with doubled quotes single."""
        if self.kind == "string":
            return self.text[1:-1].replace("''", "'")
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        if self.kind == "backquoted":
            return self.text[1:-1].replace("``", "`")
        return self.text


class Name(NamedTuple):
    """The name of a table or view as written, in lower case; the schema is empty if it has no schema."""

    catalog: str
    schema: str
    table: str


def tokens_of(text: str) -> list[StatementToken]:
    """The tokens of a text, without spaces and comments; the last has the kind `end`."""
    found = [
        StatementToken(match.lastgroup or "sign", match[0], match.start(), match.end())
        for match in _TOKEN.finditer(text)
        if match.lastgroup != "skip"
    ]
    return [*found, StatementToken("end", "<EOF>", len(text), len(text))]


class Reader:
    """Reads a statement from left to right; every `take` raises ApiError (MALFORMED_QUERY) with the position."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens_of(text)
        self._at = 0

    @property
    def next(self) -> StatementToken:
        """The next token."""
        return self._tokens[self._at]

    @property
    def done(self) -> bool:
        """Whether everything is read."""
        return self.next.kind == "end"

    def step(self) -> StatementToken:
        """Read any token."""
        token = self.next
        if token.kind != "end":
            self._at += 1
        return token

    def mark(self) -> int:
        """The position, for `back`."""
        return self._at

    def back(self, place: int) -> None:
        """Return to a position."""
        self._at = place

    def sees(self, *words: str) -> bool:
        """Return whether these words or signs follow."""
        ahead = self._tokens[self._at : self._at + len(words)]
        return [token.text.upper() for token in ahead if token.kind in {"word", "sign"}] == list(words)

    def accepts(self, *words: str) -> bool:
        """Read these words or signs if they follow, and return whether they did."""
        if not self.sees(*words):
            return False
        self._at += len(words)
        return True

    def take(self, *words: str) -> None:
        """Read these words or signs."""
        for word in words:
            if not self.accepts(word):
                self.fail(word)

    def end(self) -> None:
        """Check that only a semicolon follows, if anything."""
        self.accepts(";")
        if not self.done:
            self.fail("<EOF>")

    def identifier(self) -> str:
        """A name of one part, in lower case."""
        if self.next.kind not in _NAMES:
            self.fail("<identifier>")
        return self.step().value.lower()

    def name(self) -> Name:
        """A name of up to three parts."""
        parts = [self.identifier()]
        while self.accepts("."):
            parts.append(self.identifier())
        if len(parts) > 3:
            raise ApiError(f"Invalid table name {'.'.join(parts)}", athena_code="MALFORMED_QUERY")
        catalog, schema, table = ["", "", *parts][-3:]
        return Name(catalog, schema, table)

    def string(self) -> str:
        """Read a text in quotes; Hive also accepts double quotes."""
        if self.next.kind not in {"string", "quoted"}:
            self.fail("<string>")
        return self.step().value

    def count(self) -> int:
        """A whole number."""
        if not self.next.text.isdecimal():
            self.fail("<integer>")
        return int(self.step().text)

    def names(self) -> tuple[str, ...]:
        """Names between parentheses, with commas."""
        self.take("(")
        found = [self.identifier()]
        while self.accepts(","):
            found.append(self.identifier())
        self.take(")")
        return tuple(found)

    def properties(self) -> dict[str, str]:
        """Read ('name' = 'value', …), each value a text, a word or a number."""
        found: dict[str, str] = {}
        self.take("(")
        while True:
            name = self.string()
            self.take("=")
            found[name] = self.step().value
            if not self.accepts(","):
                self.take(")")
                return found

    def inside(self) -> str:
        """Read a pair of parentheses, and return the text between them as written."""
        opening = self.next
        self.take("(")
        start, depth = opening.end, 1
        while True:
            token = self.step()
            if token.kind == "end":
                self.fail(")")
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "sign" else 0
            if depth == 0:
                return self.text[start : token.start]

    def rest(self) -> str:
        """The rest of the text as written, without a final semicolon."""
        start = self.next.start
        last = self._tokens[-2] if len(self._tokens) > 1 else self.next
        end = last.start if last.kind == "sign" and last.text == ";" else len(self.text)
        self._at = len(self._tokens) - 1
        return self.text[start : max(start, end)].strip()

    def fail(self, *expected: str) -> NoReturn:
        """Refuse the statement at the next token."""
        listed = ", ".join(word if word.startswith("<") else f"'{word}'" for word in expected)
        line, column = place_of(self.text, self.next.start)
        message = f"line {line}:{column}: mismatched input '{self.next.text}'. Expecting: {listed}"
        raise ApiError(message, athena_code="MALFORMED_QUERY")


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
