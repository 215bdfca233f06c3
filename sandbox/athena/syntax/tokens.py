"""The reader of tokens that both parts of the parser share."""

from __future__ import annotations

from sandbox.athena.errors import ApiError, StatementError, at
from sandbox.athena.syntax.lexer import Token, TokenKind, malformed, position, tokenize

RESERVED = frozenset(
    [
        "ALTER",
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "CONSTRAINT",
        "CREATE",
        "CROSS",
        "CUBE",
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_PATH",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DEALLOCATE",
        "DELETE",
        "DESCRIBE",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXECUTE",
        "EXISTS",
        "EXTRACT",
        "FALSE",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "GROUPING",
        "HAVING",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "JSON_ARRAY",
        "JSON_EXISTS",
        "JSON_OBJECT",
        "JSON_QUERY",
        "JSON_TABLE",
        "JSON_VALUE",
        "LEFT",
        "LIKE",
        "LISTAGG",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "NATURAL",
        "NORMALIZE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PREPARE",
        "RECURSIVE",
        "RIGHT",
        "ROLLUP",
        "SELECT",
        "SKIP",
        "TABLE",
        "THEN",
        "TRIM",
        "TRUE",
        "UESCAPE",
        "UNION",
        "UNNEST",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)
"""Words that cannot be names. Source: trino 435, SqlBase.g4, all keywords but `nonReserved`."""


class Tokens:
    """The tokens of a text, read from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._index = 0
        self._postponed: list[tuple[int, StatementError]] = []

    @property
    def current(self) -> Token:
        """The next token."""
        return self._tokens[self._index]

    def ahead(self, count: int) -> Token:
        """The token at a distance from the next one."""
        return self._tokens[min(self._index + count, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Take the next token."""
        token = self.current
        if token.kind != TokenKind.END:
            self._index += 1
        return token

    def mark(self) -> int:
        """The position, for `reset`."""
        return self._index

    def reset(self, mark: int) -> None:
        """Return to a position."""
        self._index = mark
        self._postponed = [found for found in self._postponed if found[0] <= mark]

    def postpone(self, error: StatementError) -> None:
        """Note an error of what was read, for `end`: Trino analyses a text when it has parsed all of it."""
        self._postponed.append((self._index, error))

    def end(self) -> None:
        """Check that the text ends here; raises the first error that was postponed."""
        if self.current.kind != TokenKind.END:
            raise self.unexpected("<EOF>")
        if self._postponed:
            raise self._postponed[0][1]

    def is_word(self, *words: str) -> bool:
        """Return whether the next tokens are these keywords, in order."""
        return all(self.ahead(i).kind == TokenKind.WORD and self.ahead(i).value == word for i, word in enumerate(words))

    def is_operator(self, *texts: str) -> bool:
        """Return whether the next token is one of these operators."""
        return self.current.kind == TokenKind.OPERATOR and self.current.value in texts

    def accept(self, *words: str) -> bool:
        """Take these keywords if they come next, and return whether they did."""
        if not self.is_word(*words):
            return False
        self._index += len(words)
        return True

    def accept_operator(self, text: str) -> bool:
        """Take an operator if it comes next, and return whether it did."""
        if not self.is_operator(text):
            return False
        self._index += 1
        return True

    def expect(self, *words: str) -> None:
        """Take keywords, each of which must come next."""
        for word in words:
            if not self.accept(word):
                raise self.unexpected(f"'{word}'")

    def expect_operator(self, text: str) -> None:
        """Take an operator that must come next."""
        if not self.accept_operator(text):
            raise self.unexpected(f"'{text}'")

    def is_name(self) -> bool:
        """Whether the next token is a name."""
        token = self.current
        return token.kind == TokenKind.QUOTED or (token.kind == TokenKind.WORD and token.value not in RESERVED)

    def name(self) -> Token:
        """Take a name."""
        if not self.is_name():
            raise self.unexpected("<identifier>")
        return self.advance()

    def unexpected(self, expecting: str) -> ApiError:
        """The error for the next token."""
        token = self.current
        return malformed(self.text, token.offset, f"mismatched input '{token.text}'. Expecting: {expecting}")

    def lacking(self, feature: str) -> StatementError:
        """The refusal, by its name, of a feature of Trino's that begins at the next token."""
        place = position(self.text, self.current.offset)
        return StatementError("NOT_SUPPORTED", at(place, f"The sandbox's Athena has no {feature}"))


def folded(token: Token) -> str:
    """A name in the form in which Trino compares it: in lower case."""
    return written(token).lower()


def written(token: Token) -> str:
    """A name as it is spelled."""
    return token.value if token.kind == TokenKind.QUOTED else token.text
