"""SHOW FUNCTIONS: the table of functions, with the columns of Trino's statement.

io/trino/sql/rewrite/ShowQueriesRewrite.java of Trino 435, visitShowFunctions. It is the only SHOW whose result is CSV:
measured by aoyagikouhei/athena-local, docs/result-files.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult
from sandbox.athena.functions import FUNCTIONS
from sandbox.athena.statements import forms
from sandbox.athena.types import BOOLEAN, VARCHAR

_COLUMNS = ("Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description")


def show(engine: AthenaEngine, statement: forms.ShowFunctions, session: Session) -> StatementResult:
    """SHOW FUNCTIONS [LIKE pattern]: one line for each signature; the description is the function's example."""
    del engine, session
    rows = sorted(row for row in _rows() if _matches(row[0], statement.pattern))
    types = [BOOLEAN if name == "Deterministic" else VARCHAR for name in _COLUMNS]
    infos = [type_.column_info(name) for name, type_ in zip(_COLUMNS, types, strict=True)]
    lines = [",".join('"' + value.replace('"', '""') + '"' for value in row) for row in (_COLUMNS, *rows)]
    return StatementResult(infos, (*lines, ""), len(rows), 0)


def _rows() -> Iterator[tuple[str, ...]]:
    for function in FUNCTIONS:
        for signature in function.signatures:
            arguments, _, returned = signature.rpartition("->")
            given = arguments.strip().removeprefix(function.name).strip().removeprefix("(").removesuffix(")")
            deterministic = "true" if function.deterministic else "false"
            yield function.name, returned.strip(), given, function.kind, deterministic, function.example[0]


def _matches(name: str, pattern: str | None) -> bool:
    """Return whether a name matches LIKE: % is any text, _ any character."""
    if pattern is None:
        return True
    regular = "".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regular, name) is not None
