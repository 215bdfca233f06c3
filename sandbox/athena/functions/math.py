"""Mathematical functions: https://trino.io/docs/435/functions/math.html."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext

from sandbox.athena.functions import fdlibm, radix
from sandbox.athena.functions.building import INVALID, arguments, checked, in_python, once
from sandbox.athena.functions.function import TrinoFunction, TypedCall, entry, renamed, template
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.values import fail

_INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_NUMBERS = (*_INTEGERS, "real", "double")
_WIDEST = 38
_EXACT = Context(prec=25)
"""Digits of a logarithm before it is rounded to a double."""


def _of_one_number(name: str, types: tuple[str, ...] = _NUMBERS) -> tuple[str, ...]:
    return tuple(f"{name}({type_}) -> {type_}" for type_ in types)


def _of_double(
    name: str, example: tuple[str, str | None], sql: Callable[[TypedCall], str] | None = None
) -> TrinoFunction:
    return entry(f"{name}(double) -> double", sql or renamed(name), *example)


def _logarithm(name: str) -> Callable[[TypedCall], str]:
    """Java's -Infinity and NaN of zero and less, for which DuckDB's logarithms fail."""

    def sql(call: TypedCall) -> str:
        return once(arguments(call), lambda a: _logarithm_of(name, a[0]))

    return sql


def _log10(value: float) -> float:
    """The nearest double, as in Java; the C library's result differs in one case of eleven."""
    return float(_EXACT.log10(Decimal(value))) if math.isfinite(value) else value


def _ln(value: float) -> float:
    """The nearest double, as in Java; the C library's result differs in one case of 3,000."""
    return float(_EXACT.ln(Decimal(value))) if math.isfinite(value) else value


def _logarithm_of(name: str, x: str) -> str:
    other = f"WHEN {x} = 0 THEN '-inf'::DOUBLE WHEN {x} < 0 THEN 'nan'::DOUBLE"
    return f"CASE WHEN isnan({x}) THEN {x} WHEN {x} > 0 THEN {name}({x}) {other} END"


def _logarithm_to_base(call: TypedCall) -> str:
    return once(arguments(call), lambda a: f"({_logarithm_of('athena_ln', a[1])} / {_logarithm_of('athena_ln', a[0])})")


def _logarithm_of_2(call: TypedCall) -> str:
    return once(arguments(call), lambda a: f"({_logarithm_of('athena_ln', a[0])} / ln(2))")


def _as_result(sql: str, call: TypedCall) -> str:
    return f"CAST({sql} AS {call.type.physical})"


def _absolute(call: TypedCall) -> str:
    type_ = call.type.name
    if type_ not in _INTEGERS:
        return f"abs({call[0]})"
    least = {"tinyint": -(2**7), "smallint": -(2**15), "integer": -(2**31), "bigint": -(2**63)}[type_]
    low = f"(-{-(least + 1)} - 1)"
    wrong = fail("NUMERIC_VALUE_OUT_OF_RANGE", f"'Value {least} is out of range for abs({type_})'", call.type)
    return once(arguments(call), lambda a: f"CASE WHEN {a[0]} = {low} THEN {wrong} ELSE abs({a[0]}) END")


def _sign(call: TypedCall) -> str:
    if call.arguments[0].type.name in {"double", "real"}:
        return _as_result(
            once(arguments(call), lambda a: f"CASE WHEN isnan({a[0]}) OR {a[0]} = 0 THEN {a[0]} ELSE sign({a[0]}) END"),
            call,
        )
    return _as_result(f"sign({call[0]})", call)


def _whole(name: str) -> Callable[[TypedCall], str]:
    """ceil and floor; an integer is its own result."""
    return lambda call: call[0] if call.type.name in _INTEGERS else _as_result(f"{name}({call[0]})", call)


def _round(call: TypedCall) -> str:
    name = call.arguments[0].type.name
    places = call[1] if len(call) > 1 else "0"
    if name in _INTEGERS:
        return call[0] if len(call) == 1 else _round_integer(call)
    if name == "decimal":
        return _decimal_places(call, "round") if len(call) > 1 else _as_result(f"round({call[0]})", call)
    # As in Java, the fractional digits are those of the product, so that 0.285 is rounded to 0.28.
    value = f"{call[0]}::DOUBLE"
    if places == "0":
        return _as_result(once([value], lambda a: f"CASE WHEN {a[0]} = 0 THEN 0 ELSE round({a[0]}) END"), call)

    def body(a: Sequence[str]) -> str:
        number, unit = a[0], f"power(10, {a[1]})"
        rounded = f"round({number} * {unit}) / {unit}"
        small = f"isfinite({number}) AND abs({number} * {unit}) < 9.2e18"
        return f"CASE WHEN {number} = 0 THEN 0 WHEN {small} THEN {rounded} ELSE {number} END"

    return _as_result(once([value, places], body), call)


def _decimal_places(call: TypedCall, name: str) -> str:
    """Rounding of a decimal to a number of places, which DuckDB's own function only accepts as a constant."""
    places, (precision, scale) = call.arguments[1].constant, call.arguments[0].type.decimal
    if not isinstance(places, int):
        return _as_result(f"athena_decimal_{name}({call[0]}::VARCHAR, {call[1]})", call)
    # With as many places as digits nothing is left; for NULL, DuckDB's trunc would return zero.
    if places <= scale - precision - (name == "round"):
        return _as_result(f"({call[0]} - {call[0]})", call)
    placed = f"{name}({call[0]}, {min(places, scale)})"
    if name == "round" and precision == _WIDEST:
        over = fail(
            "NUMERIC_VALUE_OUT_OF_RANGE", f"'decimal overflow: ' || replace({call[0]}::VARCHAR, '.', '')", call.type
        )
        return f"coalesce(TRY_CAST({placed} AS {call.type.physical}), CASE WHEN {call[0]} IS NOT NULL THEN {over} END)"
    return _as_result(placed, call)


def _round_integer(call: TypedCall) -> str:
    type_ = call.type
    over = fail("NUMERIC_VALUE_OUT_OF_RANGE", f"'Out of range for {type_.name}: ' || {call[0]}", type_)
    rounded = "athena_round_integer({0}, {1})"
    return checked(
        call,
        lambda a: (
            f"CASE WHEN {a[1]} >= 0 THEN {a[0]} "
            f"ELSE coalesce(TRY_CAST({rounded.format(*a)} AS {type_.physical}), {over}) END"
        ),
    )


def _truncate(call: TypedCall) -> str:
    if len(call) == 1:
        return _as_result(f"trunc({call[0]})", call)
    return _decimal_places(call, "trunc")


def _mod(call: TypedCall) -> str:
    name = call.type.name
    if name in {"double", "real"}:
        return _as_result(f"athena_fmod({call[0]}::DOUBLE, {call[1]}::DOUBLE)", call)
    error = (
        ("GENERIC_INTERNAL_ERROR", "'/ by zero'") if name in _INTEGERS else ("DIVISION_BY_ZERO", "'Division by zero'")
    )
    rest = _as_result("{0} % {1}", call)
    failure = fail(*error, call.type)
    return once(
        arguments(call),
        lambda a: f"CASE WHEN {a[1]} = 0 AND {a[0]} IS NOT NULL THEN {failure} ELSE {rest.format(*a)} END",
    )


def _extreme(sign: str) -> Callable[[TypedCall], str]:
    """greatest and least: NULL if an argument is NULL; NaN only if all are NaN."""

    def sql(call: TypedCall) -> str:
        name = "greatest" if sign == ">" else "least"
        if len(call) == 1:
            return call[0]

        def body(texts: Sequence[str]) -> str:
            some = " OR ".join(f"{text} IS NULL" for text in texts)
            chosen = f"{name}({', '.join(texts)})"
            if call.type.name in {"double", "real"}:
                numbers = ", ".join(f"CASE WHEN NOT isnan({text}) THEN {text} END" for text in texts)
                chosen = f"coalesce({name}({numbers}), 'nan')"
            if call.type.name == "timestamp with time zone":
                better = f"struct_extract(x_, 'instant') {sign} struct_extract(m_, 'instant')"
                chosen = f"list_reduce([{', '.join(texts)}], lambda m_, x_: CASE WHEN {better} THEN x_ ELSE m_ END)"
            return f"CASE WHEN {some} THEN NULL ELSE {chosen} END"

        return once(arguments(call), body)

    return sql


def _random(call: TypedCall) -> str:
    if not len(call):
        return "random()"
    low = call[0] if len(call) == 2 else "0"
    return _as_result(f"athena_random({low}, {call[len(call) - 1]})", call)


def _python_random(low: int, high: int) -> int:
    if high <= low:
        message = "bound must be positive" if low == 0 else "upper bound must be greater than lower bound"
        raise TrinoError(INVALID, message)
    return random.randrange(low, high)  # noqa: S311 - a query's random() is no secret


def _python_round_decimal_places(value: int, places: int) -> int:
    unit = 10 ** min(-places, 40)
    whole, rest = divmod(abs(value), unit)
    return (whole + (2 * rest >= unit)) * unit * (1 if value >= 0 else -1)


def _python_decimal(rounding: str) -> Callable[[str, int], str]:
    def places(text: str, count: int) -> str:
        value = Decimal(text)
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or count >= -exponent:
            return text
        with localcontext(prec=80):
            return f"{value.quantize(Decimal(1).scaleb(-max(count, -40)), rounding=rounding):f}"

    return places


def _cosine_similarity(left: dict[str, float | None], right: dict[str, float | None]) -> str | None:
    """The similarity as a text, in which DuckDB preserves NaN."""
    values = [*left.values(), *right.values()]
    if None in values:
        return None
    pairs = [(value, right[key]) for key, value in left.items() if key in right]
    norms = [
        math.sqrt(sum(value * value for value in vector.values() if value is not None)) for vector in (left, right)
    ]
    if not all(norms):
        return None
    return repr(sum(a * b for a, b in pairs if a is not None and b is not None) / (norms[0] * norms[1]))


_TRIGONOMETRY = tuple(
    _of_double(name, (f"{name}({x})", answer))
    for name, x, answer in (
        ("cos", "0e0", "1.0"),
        ("sin", "0e0", "0.0"),
        ("tan", "0e0", "0.0"),
        ("degrees", "pi()", "180.0"),
        ("radians", "180e0", "3.141592653589793"),
        ("exp", "0e0", "1.0"),
    )
)
_EXACT_ON_EVERY_MACHINE = tuple(
    _of_double(name, (f"{name}({x})", answer), in_python(f"athena_{name}"))
    for name, x, answer in (
        ("acos", "2e0", "NaN"), ("asin", "1e0", "1.5707963267948966"), ("atan", "1e0", "0.7853981633974483"),
        ("cosh", "2.5e0", "6.132289479663686"), ("sinh", "0e0", "0.0"), ("tanh", "0e0", "0.0"), ("cbrt", "27e0", "3.0"),
    )
)  # fmt: skip

FUNCTIONS = (
    entry("pi() -> double", template("pi()"), "pi()", "3.141592653589793"),
    entry("e() -> double", template("2.718281828459045::DOUBLE"), "e()", "2.718281828459045"),
    entry("nan() -> double", template("'nan'::DOUBLE"), "nan()", "NaN"),
    entry("infinity() -> double", template("'inf'::DOUBLE"), "-infinity()", "-Infinity"),
    entry("is_nan(double) -> boolean; is_nan(real) -> boolean", "isnan", "is_nan(nan())", "true"),
    entry("is_finite(double) -> boolean", "isfinite", "is_finite(1e0)", "true"),
    entry("is_infinite(double) -> boolean", "isinf", "is_infinite(1e0)", "false"),
    *_TRIGONOMETRY,
    *_EXACT_ON_EVERY_MACHINE,
    entry("atan2(double, double) -> double", in_python("athena_atan2"), "atan2(1, 1)", "0.7853981633974483"),
    _of_double(
        "sqrt",
        ("sqrt(-1e0)", "NaN"),
        lambda call: once(arguments(call), lambda a: f"CASE WHEN {a[0]} < 0 THEN 'nan'::DOUBLE ELSE sqrt({a[0]}) END"),
    ),
    _of_double("ln", ("ln(0e0)", "-Infinity"), _logarithm("athena_ln")),
    # Java has no logarithm of base 2: Trino divides.
    entry("log2(double) -> double", _logarithm_of_2, "log2(8e0)", "3.0"),
    _of_double("log10", ("log10(1000e0)", "3.0"), _logarithm("athena_log10")),
    entry("log(double, double) -> double", _logarithm_to_base, "log(2, 8)", "3.0"),
    *(entry(f"{name}(double, double) -> double", "athena_power", f"{name}(2, -1)", "0.5") for name in ("power", "pow")),
    entry("; ".join((*_of_one_number("abs"), "abs(decimal(p, s)) -> decimal(p, s)")), _absolute, "abs(-1.25)", "1.25"),
    entry("; ".join((*_of_one_number("sign"), "sign(decimal(p, s)) -> decimal(1, 0)")), _sign, "sign(-1.25)", "-1"),
    *(
        entry(
            "; ".join((*_of_one_number(name), f"{name}(decimal(p, s)) -> decimal(p - s + min(s, 1), 0)")),
            _whole("ceil"),
            f"{name}(-1.5)",
            "-1",
        )
        for name in ("ceil", "ceiling")
    ),
    entry(
        "; ".join((*_of_one_number("floor"), "floor(decimal(p, s)) -> decimal(p - s + min(s, 1), 0)")),
        _whole("floor"),
        "floor(-1.5)",
        "-2",
    ),
    entry(
        "; ".join(
            (
                *_of_one_number("round"),
                *(f"round({t}, integer) -> {t}" for t in _NUMBERS),
                "round(decimal(p, s)) -> decimal(min(38, p - s + min(s, 1)), 0)",
                "round(decimal(p, s), integer) -> decimal(min(38, p + 1), s)",
            )
        ),
        _round,
        "round(-1.25, 1)",
        "-1.30",
    ),
    entry(
        "truncate(double) -> double; truncate(real) -> real; truncate(decimal(p, s)) -> decimal(max(1, p - s), 0); "
        "truncate(decimal(p, s), integer) -> decimal(p, s)",
        _truncate,
        "truncate(-1.55, 1)",
        "-1.50",
    ),
    entry(
        "; ".join(
            (
                *(f"mod({t}, {t}) -> {t}" for t in _NUMBERS),
                "mod(decimal(p, s), decimal(q, t)) -> decimal(min(p - s, q - t) + max(s, t), max(s, t))",
            )
        ),
        _mod,
        "mod(-5, 3)",
        "-2",
    ),
    entry("<T: orderable> greatest(T, T...) -> T", _extreme(">"), "greatest(1, 2.5, 2)", "2.5"),
    entry("<T: orderable> least(T, T...) -> T", _extreme("<"), "least('a', 'B')", "B"),
    *(
        entry(
            "; ".join(
                (
                    f"{name}() -> double",
                    *(s for t in _INTEGERS for s in (f"{name}({t}) -> {t}", f"{name}({t}, {t}) -> {t}")),
                )
            ),
            _random,
            f"{name}(5, 6)",
            "5",
            deterministic=False,
        )
        for name in ("random", "rand")
    ),
    entry("to_base(bigint, bigint) -> varchar(64)", "athena_to_base", "to_base(-10, 2)", "-1010"),
    entry("from_base(varchar(x), bigint) -> bigint", radix.from_base_sql, "from_base('7F', 16)", "127"),
    entry(
        "cosine_similarity(map(varchar, double), map(varchar, double)) -> double",
        "CAST(athena_cosine_similarity({0}, {1}) AS DOUBLE)",
        "cosine_similarity(MAP(ARRAY['a'], ARRAY[1e0]), MAP(ARRAY['a'], ARRAY[2e0]))",
        "1.0",
    ),
)
MACROS = (
    """athena_fmod(x, y) AS CASE WHEN x IS NULL OR y IS NULL THEN NULL
        WHEN y = 0 OR isinf(x) OR isnan(x) OR isnan(y) THEN 'nan'::DOUBLE ELSE x % y END""",
    "athena_power(x, y) AS CASE WHEN abs(x) = 1 AND (isinf(y) OR isnan(y)) THEN 'nan'::DOUBLE ELSE power(x, y) END",
)
NATIVES = (
    *(
        Native(f"athena_{function.__name__}", function, ("DOUBLE",), "DOUBLE")
        for function in (fdlibm.acos, fdlibm.asin, fdlibm.atan, fdlibm.cosh, fdlibm.sinh, fdlibm.tanh, fdlibm.cbrt)
    ),
    Native("athena_atan2", fdlibm.atan2, ("DOUBLE", "DOUBLE"), "DOUBLE"),
    Native("athena_ln", _ln, ("DOUBLE",), "DOUBLE"),
    Native("athena_log10", _log10, ("DOUBLE",), "DOUBLE"),
    Native("athena_decimal_round", _python_decimal(ROUND_HALF_UP), ("VARCHAR", "BIGINT"), "VARCHAR"),
    Native("athena_decimal_trunc", _python_decimal(ROUND_DOWN), ("VARCHAR", "BIGINT"), "VARCHAR"),
    Native("athena_round_integer", _python_round_decimal_places, ("BIGINT", "BIGINT"), "HUGEINT"),
    Native("athena_random", _python_random, ("BIGINT", "BIGINT"), "BIGINT", deterministic=False),
    Native("athena_to_base", radix.to_base, ("BIGINT", "BIGINT"), "VARCHAR"),
    Native("athena_from_base", radix.from_base, ("VARCHAR", "BIGINT"), "BIGINT"),
    Native(
        "athena_cosine_similarity",
        _cosine_similarity,
        ("MAP(VARCHAR, DOUBLE)", "MAP(VARCHAR, DOUBLE)"),
        "VARCHAR",
        takes_null=True,
    ),
)
