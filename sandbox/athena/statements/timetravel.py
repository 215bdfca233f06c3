"""FOR VERSION AS OF and FOR TIMESTAMP AS OF, as table names that the catalogue resolves.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-time-travel-and-version-travel-queries.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sandbox.athena.errors import StatementError, at
from sandbox.athena.iceberg import dated
from sandbox.athena.sql import identifier
from sandbox.athena.statements.tokens import StatementToken, place_of, tokens_of

_KINDS = {
    "VERSION": "version",
    "SYSTEM_VERSION": "version",
    "TIMESTAMP": "timestamp",
    "SYSTEM_TIME": "timestamp",
}
_AFTER = frozenset(
    {
        *("WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "FETCH", "HAVING", "WINDOW", "UNION", "EXCEPT", "INTERSECT"),
        *("JOIN", "LEFT", "RIGHT", "INNER", "FULL", "CROSS", "NATURAL", "ON", "USING", "TABLESAMPLE", "WHEN", "SET"),
    }
)
"""Words that end a table in FROM, so they cannot be an alias."""


def with_dated_names(sql: str) -> str:
    """The query with `t FOR VERSION AS OF 5` written as one table name, with its own name as alias.

    Raises:
        StatementError: the version is not a number, or the timestamp not a literal.
    """
    if "FOR" not in sql.upper():
        return sql
    tokens, written, start = tokens_of(sql), "", 0
    for i in range(1, len(tokens) - 4):
        words = [token.text.upper() for token in tokens[i : i + 4]]
        if words[0] != "FOR" or words[1] not in _KINDS or words[2:] != ["AS", "OF"]:
            continue
        name, kind = tokens[i - 1], _KINDS[words[1]]
        value, end, following = _value(sql, kind, tokens[i + 4 :])
        written += sql[start : name.start] + identifier(dated(name.value.lower(), kind, value))
        written += "" if _is_alias(following) else f" AS {identifier(name.value.lower())}"
        start = end
    return written + sql[start:]


def _value(sql: str, kind: str, tokens: Sequence[StatementToken]) -> tuple[str, int, StatementToken]:
    """The version or the timestamp, its end, and the token after it."""
    first = tokens[0]
    if kind == "version":
        if not first.text.isdecimal():
            raise StatementError(
                "NOT_SUPPORTED", at(place_of(sql, first.start), "FOR VERSION AS OF takes a snapshot's id")
            )
        return first.text, first.end, tokens[1]
    if first.text.upper() != "TIMESTAMP" or tokens[1].kind != "string":
        message = "FOR TIMESTAMP AS OF takes TIMESTAMP '…' in the sandbox's Athena"
        raise StatementError("NOT_SUPPORTED", at(place_of(sql, first.start), message))
    text = tokens[1].value.strip().removesuffix("UTC").strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"'{tokens[1].value}' is not a valid timestamp literal"
        raise StatementError("INVALID_LITERAL", at(place_of(sql, tokens[1].start), message)) from None
    zoned = moment if moment.tzinfo is not None else datetime.fromisoformat(f"{moment.isoformat()}+00:00")
    return zoned.isoformat(), tokens[1].end, tokens[2]


def _is_alias(token: StatementToken) -> bool:
    return token.kind == "quoted" or (token.kind == "word" and token.text.upper() not in _AFTER)
