"""Regular expression functions: https://trino.io/docs/435/functions/regexp.html."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.athena.functions.building import INVALID, applied
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.functions.patterns import compiled, re2
from sandbox.athena.sql import literal

_REFERENCE = re.compile(r"\\(.?)|\$(?:\{([^}]*)\}|(\d+))?", re.DOTALL)


def _like(call: TypedCall) -> str:
    pattern = call.arguments[1].constant
    fast = re2(pattern) if isinstance(pattern, str) else None
    return (
        f"athena_regexp_like({call[0]}, {call[1]})" if fast is None else f"regexp_matches({call[0]}, {literal(fast)})"
    )


def _extract(call: TypedCall) -> str:
    return f"athena_regexp_group({call[0]}, {call[1]}, {call[2] if len(call) > 2 else '0'})"


def _extract_all(call: TypedCall) -> str:
    return f"athena_regexp_groups({call[0]}, {call[1]}, {call[2] if len(call) > 2 else '0'})"


def _position(call: TypedCall) -> str:
    numbers = [call[i] for i in range(2, len(call))] + ["1"] * (4 - len(call))
    return f"athena_regexp_position({call[0]}, {call[1]}, {', '.join(numbers)})"


def _replace(call: TypedCall) -> str:
    return f"athena_regexp_replace({call[0]}, {call[1]}, {call[2] if len(call) > 2 else literal('')})"


def _replace_by(call: TypedCall) -> str:
    """Join the unmatched parts of the text with the lambda's results for the matches' groups."""

    def body(a: Sequence[str]) -> str:
        text = applied(call.arguments[2], "m_.groups")
        replaced = f"lambda m_: m_.before || CASE WHEN m_.found THEN {text} ELSE '' END"
        pieces = f"list_transform(athena_regexp_pieces({a[0]}, {a[1]}), {replaced})"
        return f"list_reduce({pieces}, lambda x_, y_: x_ || y_)"

    nothing = f"{call[0]} IS NULL OR {call[1]} IS NULL"
    return f"CASE WHEN {nothing} THEN NULL ELSE {body([call[0], call[1]])} END"


def _python_like(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


def _checked_group(expression: re.Pattern[str], group: int) -> None:
    if group < 0:
        raise TrinoError(INVALID, "Group cannot be negative")
    if group > expression.groups:
        raise TrinoError(INVALID, f"Pattern has {expression.groups} groups. Cannot access group {group}")


def _group(text: str | None, pattern: str | None, group: int | None) -> str | None:
    if text is None or pattern is None or group is None:
        return None
    expression = compiled(pattern)
    _checked_group(expression, group)
    found = expression.search(text)
    return found[group] if found else None


def _groups(text: str, pattern: str, group: int) -> list[str | None]:
    expression = compiled(pattern)
    _checked_group(expression, group)
    return [found[group] for found in expression.finditer(text)] if text else []


def _split(text: str, pattern: str) -> list[str]:
    pieces, at = list[str](), 0
    for found in compiled(pattern).finditer(text):
        pieces.append(text[at : found.start()])
        at = found.end()
    return [*pieces, text[at:]]


def _count(text: str, pattern: str) -> int:
    return sum(1 for _ in compiled(pattern).finditer(text))


def _python_position(text: str, pattern: str, start: int, occurrence: int) -> int:
    if start < 1:
        raise TrinoError(INVALID, "start position cannot be smaller than 1")
    if occurrence < 1:
        raise TrinoError(INVALID, "occurrence cannot be smaller than 1")
    if start > len(text):
        return -1
    for number, found in enumerate(compiled(pattern).finditer(text, start - 1), 1):
        if number == occurrence:
            return found.start() + 1
    return -1


def _python_replace(text: str, pattern: str, replacement: str) -> str:
    expression = compiled(pattern)
    return expression.sub(lambda found: _expanded(found, replacement), text)


def _expanded(found: re.Match[str], replacement: str) -> str:
    """Java's replacement: $1, as many digits as name a group, ${name}, and a backslash before a literal."""

    def piece(reference: re.Match[str]) -> str:
        escaped, name, digits = reference.groups()
        if reference[0].startswith("\\"):
            if not escaped:
                raise TrinoError(INVALID, f"Illegal replacement sequence: {replacement}")
            return escaped
        if name is not None:
            if name not in found.re.groupindex:
                raise TrinoError(INVALID, f"Illegal replacement sequence: unknown group {{ {name} }}")
            return found[name] or ""
        if digits is None:
            raise TrinoError(INVALID, f"Illegal replacement sequence: {replacement}")
        count = len(digits)
        while count > 1 and int(digits[:count]) > found.re.groups:
            count -= 1
        if int(digits[:count]) > found.re.groups:
            raise TrinoError(INVALID, f"Illegal replacement sequence: unknown group {digits[:count]}")
        return (found[int(digits[:count])] or "") + digits[count:]

    return _REFERENCE.sub(piece, replacement)


def _pieces(text: str, pattern: str) -> list[dict[str, object]]:
    pieces, at = list[dict[str, object]](), 0
    for found in compiled(pattern).finditer(text):
        pieces.append({"before": text[at : found.start()], "found": True, "groups": list(found.groups())})
        at = found.end()
    return [*pieces, {"before": text[at:], "found": False, "groups": list[str]()}]


FUNCTIONS = (
    entry(
        "regexp_like(varchar(x), varchar(y)) -> boolean", _like, "regexp_like('Order 17', '(?i)^order \\d+$')", "true"
    ),
    entry(
        "regexp_extract(varchar(x), varchar(y)) -> varchar(x); "
        "regexp_extract(varchar(x), varchar(y), bigint) -> varchar(x)",
        _extract,
        "regexp_extract('order-2024-17', '(\\d+)-(\\d+)', 2)",
        "17",
    ),
    entry(
        "regexp_extract_all(varchar(x), varchar(y)) -> array(varchar(x)); "
        "regexp_extract_all(varchar(x), varchar(y), bigint) -> array(varchar(x))",
        _extract_all,
        "regexp_extract_all('a1b22', '(\\d)(\\d)?', 2)",
        "[null, 2]",
    ),
    entry("regexp_count(varchar(x), varchar(y)) -> bigint", "athena_regexp_count", "regexp_count('aaa', 'aa')", "1"),
    entry(
        "regexp_position(varchar(x), varchar(y)) -> integer; "
        "regexp_position(varchar(x), varchar(y), integer) -> integer; "
        "regexp_position(varchar(x), varchar(y), integer, integer) -> integer",
        _position,
        "regexp_position('abcabc', 'c', 4)",
        "6",
    ),
    entry("regexp_replace(varchar(x), varchar(y)) -> varchar(x)", _replace, "regexp_replace('abc', '[ab]')", "c"),
    entry(
        "regexp_replace(varchar(x), varchar(y), varchar(z)) -> "
        "varchar(min(2147483647, x + max(x * (x + 1) * z // 2, (x + 1) * z)))",
        _replace,
        "regexp_replace('a1b22', '(\\d+)', '<$1>')",
        "a<1>b<22>",
    ),
    entry(
        "regexp_replace(varchar, varchar(y), function(array(varchar), varchar)) -> varchar",
        _replace_by,
        "regexp_replace('new york', '(\\w)(\\w*)', x -> upper(x[1]) || x[2])",
        "New York",
    ),
    entry(
        "regexp_split(varchar(x), varchar(y)) -> array(varchar(x))",
        "athena_regexp_split",
        "regexp_split('1a2', '\\d')",
        "[, a, ]",
    ),
)
MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_regexp_like", _python_like, ("VARCHAR", "VARCHAR"), "BOOLEAN"),
    Native("athena_regexp_group", _group, ("VARCHAR", "VARCHAR", "BIGINT"), "VARCHAR", takes_null=True),
    Native("athena_regexp_groups", _groups, ("VARCHAR", "VARCHAR", "BIGINT"), "VARCHAR[]"),
    Native("athena_regexp_split", _split, ("VARCHAR", "VARCHAR"), "VARCHAR[]"),
    Native("athena_regexp_count", _count, ("VARCHAR", "VARCHAR"), "BIGINT"),
    Native("athena_regexp_position", _python_position, ("VARCHAR", "VARCHAR", "INTEGER", "INTEGER"), "INTEGER"),
    Native("athena_regexp_replace", _python_replace, ("VARCHAR", "VARCHAR", "VARCHAR"), "VARCHAR"),
    Native(
        "athena_regexp_pieces",
        _pieces,
        ("VARCHAR", "VARCHAR"),
        'STRUCT("before" VARCHAR, "found" BOOLEAN, "groups" VARCHAR[])[]',
    ),
)
