"""Trino's tokens. Source: trino 435, core/trino-grammar/src/main/antlr4/io/trino/grammar/sql/SqlBase.g4."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from sandbox.athena.errors import ApiError


class TokenKind(Enum):
    """The kind of a token. A word may be a keyword or a name."""

    WORD = "word"
    QUOTED = "quoted name"
    STRING = "string"
    BINARY = "binary string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `text` as written, `value` without quotes (a word in capitals), and its start."""

    kind: TokenKind
    text: str
    value: str
    offset: int


_PATTERN = re.compile(
    r"""(?P<space>\s+|--[^\r\n]*|/\*.*?\*/)
    |(?P<unicode>[Uu]&'(?:[^']|'')*'(?:\s*[Uu][Ee][Ss][Cc][Aa][Pp][Ee]\s*'[^']*')?)
    |(?P<binary>[Xx]'(?:[^']|'')*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<double>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)[eE][+-]?\d+)
    |(?P<hex>0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)
    |(?P<decimal>\d[\d_]*\.[\d_]*|\.\d[\d_]*)
    |(?P<integer>\d[\d_]*)
    |(?P<word>[^\W\d]\w*)
    |(?P<operator><>|!=|<=|>=|\|\||->|=>|[-+*/%=<>().,:;?\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_UNICODE = re.compile(r"[Uu]&'(?P<body>(?:[^']|'')*)'(?:\s*\w+\s*'(?P<escape>[^']*)')?")
_KINDS = {
    "string": TokenKind.STRING,
    "unicode": TokenKind.STRING,
    "binary": TokenKind.BINARY,
    "quoted": TokenKind.QUOTED,
    "double": TokenKind.DOUBLE,
    "decimal": TokenKind.DECIMAL,
    "integer": TokenKind.INTEGER,
    "hex": TokenKind.INTEGER,
    "word": TokenKind.WORD,
    "operator": TokenKind.OPERATOR,
}


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def malformed(text: str, offset: int, message: str) -> ApiError:
    """StartQueryExecution's error for a text that is not SQL."""
    line, column = position(text, offset)
    return ApiError(f"line {line}:{column}: {message}", athena_code="MALFORMED_QUERY")


def tokenize(text: str) -> list[Token]:
    """The tokens of a text, the last of which is the end; raises ApiError (MALFORMED_QUERY)."""
    tokens: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _PATTERN.match(text, offset)
        if match is None:
            if text[offset] == "`":
                message = "backquoted identifiers are not supported; use double quotes to quote identifiers"
                raise malformed(text, offset, message)
            raise malformed(text, offset, f"mismatched input '{text[offset]}'. Expecting: <expression>")
        group = match.lastgroup or ""
        if group != "space":
            tokens.append(_token(text, group, match[0], offset))
        offset = match.end()
    return [*tokens, Token(TokenKind.END, "<EOF>", "<EOF>", len(text))]


def _token(text: str, group: str, found: str, offset: int) -> Token:
    if group == "word":
        return Token(TokenKind.WORD, found, found.upper(), offset)
    if group == "operator":
        return Token(TokenKind.OPERATOR, found, "<>" if found == "!=" else found, offset)
    if group == "string":
        return Token(TokenKind.STRING, found, found[1:-1].replace("''", "'"), offset)
    if group == "quoted":
        if found == '""':
            raise malformed(text, offset, "Zero-length delimited identifier not allowed")
        return Token(TokenKind.QUOTED, found, found[1:-1].replace('""', '"'), offset)
    if group == "unicode":
        return Token(TokenKind.STRING, found, _decoded(text, found, offset), offset)
    if group == "binary":
        digits = re.sub(r"\s", "", found[2:-1])
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", digits):
            raise malformed(text, offset, "Binary literal can only contain hexadecimal digits, two for each byte")
        return Token(TokenKind.BINARY, found, digits, offset)
    after = text[offset + len(found) : offset + len(found) + 1]
    if after.isalnum() or after == "_":
        raise malformed(
            text, offset, "identifiers must not start with a digit; surround the identifier with double quotes"
        )
    plain = found.replace("_", "")
    return Token(_KINDS[group], found, str(int(plain, 0)) if group == "hex" else plain, offset)


def _decoded(text: str, found: str, offset: int) -> str:
    """The value of U&'…' [UESCAPE '…']."""
    match = _UNICODE.fullmatch(found)
    body, given = (match["body"].replace("''", "'"), match["escape"]) if match else ("", None)
    escape: str = "\\" if given is None else given
    if not re.fullmatch(r"[^0-9a-fA-F\s'\"+]", escape) or not 0x20 < ord(escape) < 0x7F:
        raise malformed(text, offset, f"Invalid Unicode escape character: {escape}")
    mark = re.escape(escape)
    pattern = re.compile(rf"{mark}({mark}|\+[0-9a-fA-F]{{6}}|[0-9a-fA-F]{{4}})")
    if escape in pattern.sub("", body):
        raise malformed(text, offset, "Incomplete escape sequence in a Unicode string")
    return pattern.sub(lambda m: escape if m[1] == escape else _character(text, offset, m[1]), body)


def _character(text: str, offset: int, digits: str) -> str:
    code = int(digits.lstrip("+"), 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise malformed(text, offset, f"Invalid escaped character: {digits}")
    return chr(code)
