"""Window functions: https://trino.io/docs/435/functions/window.html."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.athena.functions.function import TrinoFunction, TypedCall, entry
from sandbox.athena.functions.native import Native
from sandbox.athena.values import fail


def _window(signatures: str, sql: str | Callable[[TypedCall], str], example: str, answer: str | None) -> TrinoFunction:
    return entry(signatures, sql, example, answer, kind="window")


def _numbered(
    name: str, least: int, message: str, argument: int, *, nulls: str | None = None
) -> Callable[[TypedCall], str]:
    """A function with a number argument of at least `least`; `nulls` is the message for a NULL, if it is an error."""

    def sql(call: TypedCall) -> str:
        arguments = [call[i] for i in range(len(call))]
        if len(call) <= argument:
            return call.aggregate(name, *arguments)
        number = call.arguments[argument].constant
        if isinstance(number, int) and number >= least:
            return call.aggregate(name, *arguments)
        number_type = call.arguments[argument].type
        wrong = fail("INVALID_FUNCTION_ARGUMENT", f"'{message}'", number_type)
        value = arguments[argument]
        whens = f"WHEN {value} < {least} THEN {wrong}"
        if nulls is not None:
            missing = fail("INVALID_FUNCTION_ARGUMENT", f"'{nulls}'", number_type)
            whens += f" WHEN {value} IS NULL THEN {missing}"
        arguments[argument] = f"CASE {whens} ELSE {value} END"
        return call.aggregate(name, *arguments)

    return sql


FUNCTIONS = (
    *(
        _window(f"{name}() -> bigint", name, f"{name}() OVER (ORDER BY 1)", "1")
        for name in ("row_number", "rank", "dense_rank")
    ),
    _window("percent_rank() -> double", "percent_rank", "percent_rank() OVER (ORDER BY 1)", "0.0"),
    _window("cume_dist() -> double", "cume_dist", "cume_dist() OVER (ORDER BY 1)", "1.0"),
    _window(
        "ntile(bigint) -> bigint",
        _numbered("ntile", 1, "Buckets must be greater than 0", 0),
        "ntile(3) OVER (ORDER BY 1)",
        "1",
    ),
    *(
        _window(
            f"{name}(T) -> T; {name}(T, bigint) -> T; {name}(T, bigint, T) -> T",
            _numbered(name, 0, "Offset must be at least 0", 1, nulls="Offset must not be null"),
            f"{name}('a', 1, 'none') OVER (ORDER BY 1)",
            "none",
        )
        for name in ("lag", "lead")
    ),
    *(
        _window(f"{name}(T) -> T", name, f"{name}('a') OVER (ORDER BY 1)", "a")
        for name in ("first_value", "last_value")
    ),
    _window(
        "nth_value(T, bigint) -> T",
        _numbered("nth_value", 1, "Offset must be at least 1", 1),
        "nth_value('a', 2) OVER (ORDER BY 1)",
        None,
    ),
)
MACROS: tuple[str, ...] = ()
NATIVES: tuple[Native, ...] = ()
