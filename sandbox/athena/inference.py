"""The type of each expression of a query, and a check of the operands of its operators.

sqlglot infers types through scopes; this module adds Trino's decimal arithmetic. Source: Trino documentation, "Decimal
functions and operators". Athena cannot compare text with a number or a timestamp; DuckDB can, so a query could work
here and fail on AWS: `check` refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, cast

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.optimizer.annotate_types import TypeAnnotator, annotate_types
from sqlglot.schema import MappingSchema
from sqlglot.typing import ExprMetadataType

from sandbox.athena.errors import QueryError, at
from sandbox.athena.types import Type, parse

_D = exp.DType
_TRINO = Dialect.get_or_raise("trino").EXPRESSION_METADATA
_INTEGER_DIGITS = {_D.TINYINT: 3, _D.SMALLINT: 5, _D.INT: 10, _D.BIGINT: 19}
_APPROXIMATE = {_D.DOUBLE, _D.FLOAT}
_FAMILIES = {
    **dict.fromkeys((*_INTEGER_DIGITS, *_APPROXIMATE, _D.DECIMAL), "number"),
    **dict.fromkeys((_D.VARCHAR, _D.CHAR, _D.TEXT), "text"),
    **dict.fromkeys((_D.TIMESTAMP, _D.TIMESTAMPTZ, _D.DATE), "moment"),
    _D.BOOLEAN: "boolean",
}
_SIGNS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


def annotate(query: exp.Expr, schema: MappingSchema) -> exp.Expr:
    """The query with a type on each expression; unknown where neither sqlglot nor this module can infer it."""
    metadata: ExprMetadataType = {**_TRINO, **_METADATA}
    return annotate_types(query, schema=schema, expression_metadata=metadata, dialect="trino")


def type_of(node: exp.Expr) -> Type | None:
    """The type of an annotated expression; None when unknown."""
    data_type = node.type
    if data_type is None or data_type.is_type(_D.UNKNOWN, _D.NULL):
        return None
    try:
        return parse(data_type.sql("trino"))
    except ValueError:
        return None


def decimal_of(node: exp.Expr) -> tuple[int, int] | None:
    """Precision and scale of an exact number; None for another type or when unknown."""
    data_type = node.type
    if data_type is None:
        return None
    if data_type.this in _INTEGER_DIGITS:
        return _INTEGER_DIGITS[data_type.this], 0
    if data_type.this == _D.DECIMAL and data_type.expressions:
        numbers = [int(parameter.name) for parameter in data_type.expressions]
        return numbers[0], numbers[1] if len(numbers) > 1 else 0
    return None


def is_decimal(node: exp.Expr) -> bool:
    """Whether the expression is a decimal."""
    return node.type is not None and node.type.this == _D.DECIMAL


def is_integer(node: exp.Expr) -> bool:
    """Whether the expression is an integer."""
    return node.type is not None and node.type.this in _INTEGER_DIGITS


def check(query: exp.Expr, positions: Callable[[exp.Expr], tuple[int, int] | None]) -> None:
    """Raise QueryError (TYPE_MISMATCH) for the first operator whose operands Athena refuses."""
    for node in query.walk():
        message = None
        if isinstance(node, exp.Binary) and type(node) in _SIGNS:
            message = _check_comparison(node)
        elif isinstance(node, exp.Between):
            message = _check_between(node)
        elif isinstance(node, exp.In):
            message = _check_in(node)
        elif isinstance(node, exp.Binary) and type(node) in _ARITHMETIC:
            message = _check_arithmetic(node)
        if message is not None:
            raise QueryError("TYPE_MISMATCH", at(positions(node), message))


def _check_comparison(node: exp.Binary) -> str | None:
    if not _differ(node.this, node.expression):
        return None
    return f"Cannot apply operator: {_name(node.this)} {_SIGNS[type(node)]} {_name(node.expression)}"


def _check_between(node: exp.Between) -> str | None:
    low, high = node.args["low"], node.args["high"]
    if not (_differ(node.this, low) or _differ(node.this, high)):
        return None
    return f"Cannot check if {_name(node.this)} is BETWEEN {_name(low)} and {_name(high)}"


def _check_in(node: exp.In) -> str | None:
    for item in node.expressions:
        if _differ(node.this, item):
            rule = "IN value and list items must be the same type or coercible to a common type"
            return f"{rule}. Cannot find common type between {_name(node.this)} and {_name(item)}"
    return None


def _check_arithmetic(node: exp.Binary) -> str | None:
    if "text" not in {_family(node.this), _family(node.expression)}:
        return None
    return f"Cannot apply operator: {_name(node.this)} {_ARITHMETIC[type(node)]} {_name(node.expression)}"


def _family(node: exp.Expr) -> str | None:
    return _FAMILIES.get(node.type.this) if node.type is not None and isinstance(node.type.this, _D) else None


def _differ(left: exp.Expr, right: exp.Expr) -> bool:
    families = _family(left), _family(right)
    return None not in families and families[0] != families[1]


def _name(node: exp.Expr) -> str:
    if isinstance(node, exp.Literal) and node.is_string:
        return f"varchar({len(node.this)})"
    type_ = type_of(node)
    return "unknown" if type_ is None else type_.athena


def _sum_type(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    scale = max(left[1], right[1])
    return min(38, max(left[0] - left[1], right[0] - right[1]) + scale + 1), scale


def _product_type(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    return min(38, left[0] + right[0]), left[1] + right[1]


def _quotient_type(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    return min(38, left[0] + right[1] + max(0, right[1] - left[1])), max(left[1], right[1])


def _remainder_type(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    scale = max(left[1], right[1])
    return min(left[0] - left[1], right[0] - right[1]) + scale, scale


def _give(node: exp.Expr, type_: exp.DataType | exp.DType | None) -> None:
    node.type = exp.DataType.build(type_ if type_ is not None else _D.UNKNOWN)


def _data_type(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f"decimal({precision}, {scale})", dialect="trino")


_Rule = Callable[[tuple[int, int], tuple[int, int]], tuple[int, int]]
_Annotate = Callable[[TypeAnnotator, Any], Any]


def _base(kind: type[exp.Expr]) -> _Annotate | None:
    return cast("_Annotate | None", _TRINO.get(kind, {}).get("annotator"))


def _arithmetic(kind: type[exp.Binary], rule: _Rule) -> _Annotate:
    base = _base(kind)

    def annotator(self: TypeAnnotator, node: exp.Binary) -> None:
        left, right = decimal_of(node.this), decimal_of(node.expression)
        if left and right and (is_decimal(node.this) or is_decimal(node.expression)):
            _give(node, _data_type(*rule(left, right)))
        elif kind is exp.Sub and _family(node.this) == _family(node.expression) == "moment":
            _give(node, _D.INTERVAL)
        elif base is not None:
            base(self, node)

    return annotator


def _aggregate(kind: type[exp.Func], rule: Callable[[tuple[int, int]], tuple[int, int]]) -> _Annotate:
    base, metadata = _base(kind), _TRINO.get(kind, {})

    def annotator(self: TypeAnnotator, node: exp.Func) -> None:
        argument = node.this.this if isinstance(node.this, exp.Distinct) else node.this
        digits = decimal_of(argument) if isinstance(argument, exp.Expr) else None
        if digits and is_decimal(argument):
            _give(node, _data_type(*rule(digits)))
        elif base is not None:
            base(self, node)
        else:
            _give(node, metadata.get("returns"))

    return annotator


def _literal(_: TypeAnnotator, node: exp.Literal) -> None:
    text = str(node.this)
    if node.is_string:
        data_type = exp.DataType.build("varchar")
    elif re.fullmatch(r"\d+", text):
        data_type = exp.DataType.build("int" if int(text) < 2**31 else "bigint")
    elif re.fullmatch(r"\d*\.\d*", text):
        data_type = _data_type(len(text) - 1, len(text.partition(".")[2]))
    else:
        data_type = exp.DataType.build("double")
    _give(node, data_type)


def _round(self: TypeAnnotator, node: exp.Round) -> None:
    def rule(digits: tuple[int, int]) -> tuple[int, int]:
        precision, scale = digits
        return (min(38, precision + 1), scale) if node.args.get("decimals") else (min(38, precision - scale + 1), 0)

    _aggregate(exp.Round, rule)(self, node)


def _quantile(_: TypeAnnotator, node: exp.ApproxQuantile) -> None:
    value: Any = _D.DOUBLE if is_decimal(node.this) else node.this.type
    if isinstance(node.args.get("quantile"), exp.Array):
        value = None
    _give(node, value)


def _unnest(self: TypeAnnotator, node: exp.Unnest) -> None:
    base = _base(exp.Unnest)
    if len(node.expressions) == 1 and base is not None:
        base(self, node)
    else:
        _give(node, None)


def _as_argument(_: TypeAnnotator, node: exp.Func) -> None:
    _give(node, node.this.type)


def _alike(kinds: Iterable[type[exp.Expr]], metadata: dict[str, Any]) -> ExprMetadataType:
    return dict.fromkeys(kinds, metadata)


_METADATA: ExprMetadataType = {
    exp.Literal: {"annotator": _literal},
    exp.Add: {"annotator": _arithmetic(exp.Add, _sum_type)},
    exp.Sub: {"annotator": _arithmetic(exp.Sub, _sum_type)},
    exp.Mul: {"annotator": _arithmetic(exp.Mul, _product_type)},
    exp.Div: {"annotator": _arithmetic(exp.Div, _quotient_type)},
    exp.Mod: {"annotator": _arithmetic(exp.Mod, _remainder_type)},
    exp.Sum: {"annotator": _aggregate(exp.Sum, lambda d: (38, d[1]))},
    exp.Avg: {"annotator": _aggregate(exp.Avg, lambda d: d)},
    exp.Round: {"annotator": _round},
    exp.Floor: {"annotator": _aggregate(exp.Floor, lambda d: (min(38, d[0] - d[1] + 1), 0))},
    exp.Ceil: {"annotator": _aggregate(exp.Ceil, lambda d: (min(38, d[0] - d[1] + 1), 0))},
    exp.ApproxQuantile: {"annotator": _quantile},
    exp.Unnest: {"annotator": _unnest},
    **_alike(
        (exp.TimestampTrunc, exp.DateTrunc, exp.ArgMax, exp.ArgMin, exp.Abs),
        {"annotator": _as_argument},
    ),
    **_alike(
        (
            exp.Year,
            exp.Quarter,
            exp.Month,
            exp.WeekOfYear,
            exp.YearOfWeek,
            exp.Day,
            exp.DayOfMonth,
            exp.DayOfYear,
            exp.DayOfWeekIso,
            exp.Hour,
            exp.Minute,
            exp.Second,
            exp.Extract,
            exp.DateDiff,
        ),
        {"returns": _D.BIGINT},
    ),
    **_alike((exp.JSONExtractScalar, exp.RegexpExtract, exp.SplitPart, exp.Hex), {"returns": _D.VARCHAR}),
    exp.TimeToUnix: {"returns": _D.DOUBLE},
    exp.FromISO8601Date: {"returns": _D.DATE},
    exp.JSONExtract: {"returns": _D.JSON},
    exp.ParseJSON: {"returns": _D.JSON},
    exp.FromISO8601Timestamp: {"returns": _D.TIMESTAMPTZ},
    exp.CurrentTimestamp: {"returns": _D.TIMESTAMPTZ},
    exp.AtTimeZone: {"returns": _D.TIMESTAMPTZ},
    exp.UnixToTime: {"returns": _D.TIMESTAMPTZ},
}
