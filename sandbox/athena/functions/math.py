"""Mathematical functions: https://trino.io/docs/435/functions/math.html."""

from __future__ import annotations

from sandbox.athena.functions.function import Call, Function, renamed, template
from sandbox.athena.functions.native import Native


def _checked_logarithm(call: Call) -> str:
    return f"CASE WHEN {call[0]} > 0 THEN ln({call[0]}) WHEN {call[0]} = 0 THEN -'infinity'::DOUBLE ELSE 'nan' END"


FUNCTIONS = (
    Function("pi", ("pi() -> double",), template("pi()"), ("pi()", "3.141592653589793")),
    Function("sqrt", ("sqrt(double) -> double",), template("CASE WHEN {0} < 0 THEN 'nan'::DOUBLE ELSE sqrt({0}) END"),
             ("sqrt(2e0)", "1.4142135623730951")),
    Function("ln", ("ln(double) -> double",), _checked_logarithm, ("ln(1e0)", "0.0")),
    Function("cbrt", ("cbrt(double) -> double",), renamed("cbrt"), ("cbrt(27e0)", "3.0")),
)  # fmt: skip
MACROS: tuple[str, ...] = ()
NATIVES: tuple[Native, ...] = ()
