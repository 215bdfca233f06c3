"""The documentation page of the functions, generated from the table: docs/athena-functions.md."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.athena import functions
from sandbox.athena.functions.function import TrinoFunction

_HEAD = """# Functions of the sandbox's Athena

Every function that a query can call, with Trino's signatures, an example and what Trino answers to it: {functions}
functions. This page is made from the table in `sandbox/athena/functions` (`make snapshots` writes it); a test runs each
example, and `make test-oracle` puts it to the real Trino.

A name that is not here fails with FUNCTION_NOT_FOUND, as in Trino. The functions under [Not there](#not-there) exist in
Athena and not in the sandbox: they fail with NOT_SUPPORTED.

A small letter in a signature is a number of a type, such as a length or a scale; a capital letter is any type, but C
and K are types whose values can be compared. `approx_distinct` gives Trino's estimate of up to 100,000 different
values; more, and those beyond the buckets of a given error, it counts exactly. `approx_percentile` gives what Trino
gives for up to 10,000 values that come in the same order; for more it is exact, and Trino's answer is near it.
"""
_NOT_THERE = """
## Not there

{names}
"""


def page() -> str:
    """The page's text."""
    names = {function.name for function in functions.FUNCTIONS}
    sections = [_section(title, table) for title, table in functions.FAMILIES.items()]
    missing = ", ".join(f"`{name}`" for name in sorted(functions.UNSUPPORTED))
    return _HEAD.format(functions=len(names)) + "".join(sections) + _NOT_THERE.format(names=missing)


def _section(title: str, table: Iterable[TrinoFunction]) -> str:
    rows = "".join(_row(function) for function in sorted(table, key=lambda function: function.name))
    return f"\n## {title}\n\n| function | example | answer |\n|---|---|---|\n{rows}"


def _row(function: TrinoFunction) -> str:
    example, answer = function.example
    signatures = "<br>".join(_code(signature) for signature in function.signatures)
    return f"| {signatures} | {_code(example)} | {'NULL' if answer is None else _code(answer)} |\n"


def _code(text: str) -> str:
    """Code in a cell of a table; an empty text, or one with a backquote, is displayed as such."""
    if not text:
        return "(empty text)"
    escaped = text.replace("|", "\\|")
    return f"`` {escaped} ``" if "`" in escaped or escaped != escaped.strip() else f"`{escaped}`"
