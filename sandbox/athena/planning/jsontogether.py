"""json_extract_scalar of one column with several paths: one call reads them all in one pass over each text.

It is done with the text of the planned statement, whose relations have unique names: the same column is the same value
in each place. DuckDB computes the same calls of a projection once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.athena.functions.jsonscalars import BETWEEN_PATHS

_COLUMN = r'r\d+\.(?:c\d+(?:v\d+)?|"(?:[^"]|"")*")'
_CALL = re.compile(
    rf"(?P<other>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")"
    rf"|athena_json_scalar_of\((?P<column>{_COLUMN}), '(?P<path>(?:[^']|'')*)'\)"
)
"""A call with a path in quotes, or a quoted text, which is passed over."""
_AT_ONCE = 64
"""The most paths that the compiled reader takes."""


def together(sql: str) -> str:
    """A statement in which each column's scalars at several paths are of one call."""
    paths: dict[str, dict[str, None]] = {}
    for call in _CALL.finditer(sql):
        if call["column"] and BETWEEN_PATHS not in call["path"]:
            paths.setdefault(call["column"], {})[call["path"]] = None
    calls = {
        (column, path): f"athena_json_scalars_of({column}, '{BETWEEN_PATHS.join(several)}')[{at}]"
        for column, found in paths.items()
        if len(found) > 1
        for several in _batches(list(found))
        for at, path in enumerate(several, 1)
    }
    return _CALL.sub(lambda call: calls.get((call["column"], call["path"]), call[0]), sql)


def _batches(paths: list[str]) -> Iterator[list[str]]:
    return (paths[at : at + _AT_ONCE] for at in range(0, len(paths), _AT_ONCE))
