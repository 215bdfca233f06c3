"""From Athena's SQL to DuckDB's: corrections of sqlglot's translation.

Every rule is a function of one kind of expression, applied bottom-up to a query that `inference.annotate` has typed. A
rule returns the replacement of the expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from sandbox.athena import decimals, joda
from sandbox.athena.building import call, cast_to, sql, untyped
from sandbox.athena.errors import QueryError
from sandbox.athena.inference import is_decimal, is_integer, type_of
from sandbox.athena.macros import text_of

_TEXT = {"varchar", "char"}
_RENAMED = {"millisecond": "athena_millisecond", "to_iso8601": "athena_iso8601"}
_TYPE_PARAMETERS_UNKNOWN_TO_DUCKDB = {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIME, exp.DType.VARCHAR}


def to_duckdb(query: exp.Expr) -> str:
    """DuckDB's SQL for an annotated query, which it modifies; QueryError (NOT_SUPPORTED) if impossible."""
    for node in list(query.find_all(exp.DataType)):
        if node.this in _TYPE_PARAMETERS_UNKNOWN_TO_DUCKDB and not isinstance(node.parent, exp.Cast):
            node.set("expressions", [])
    rewritten = _rewrite(query)
    try:
        return rewritten.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise QueryError("NOT_SUPPORTED", f"The sandbox's Athena cannot run this: {error}") from error


def _rewrite(root: exp.Expr) -> exp.Expr:
    nodes: list[exp.Expr] = list(root.walk(bfs=False))
    for node in reversed(nodes):
        rule = _RULES.get(type(node))
        if rule is None:
            continue
        replacement = rule(node)
        if replacement is not node:
            replacement.type = replacement.type or node.type
            if node is root:
                root = replacement
            elif node.parent is not None:
                node.replace(replacement)
    return root


def _cast(node: exp.Cast) -> exp.Expr:
    source, target = type_of(node.this), node.to
    kind = target.this
    if kind == exp.DType.JSON:
        return node if source is not None and source.name == "json" else call("to_json", node.this)
    if kind in {exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR}:
        return _cast_to_text(node)
    if kind in {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIME} and target.expressions:
        target.set("expressions", [])
    if kind == exp.DType.TIMESTAMP and (source is None or source.name not in {"timestamp", "date"}):
        return call("athena_ms", untyped(node))
    if source is not None and source.name in {"double", "real"} and is_integer(node):
        node.set("this", exp.Round(this=node.this))  # half away from zero; DuckDB's cast is half to even
    return node


def _cast_to_text(node: exp.Cast) -> exp.Expr:
    source = type_of(node.this)
    length = node.to.expressions[0].name if node.to.expressions else None
    if source is None:
        node.to.set("expressions", [])
        text: exp.Expr = node
    elif source.name in _TEXT:
        text = node.this
    elif source.name == "json":
        text = call("athena_json_text", node.this)
    else:
        text = sql(lambda operand: text_of(f"({operand})", source), node.this)
    return text if length is None else call("left", text, int(length))


def _timestamp_trunc(node: exp.Expr) -> exp.Expr:
    source = type_of(node.this)
    return cast_to(untyped(node), "DATE") if source is not None and source.name == "date" else node


def _sum(node: exp.Binary) -> exp.Expr:
    return _add_interval(node) if isinstance(node.expression, exp.Interval) else decimals.arithmetic(node)


def _add_interval(node: exp.Expr) -> exp.Expr:
    """A date plus days (or larger units) is a date; in DuckDB, a timestamp."""
    source = type_of(node.this)
    interval = node.args.get("expression")
    unit = node.args.get("unit") or (interval.args.get("unit") if isinstance(interval, exp.Interval) else None)
    whole_days = unit is not None and unit.name.upper() in {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
    if source is None or source.name != "date" or not whole_days:
        return node
    return cast_to(untyped(node), "DATE")


def _date_diff(node: exp.DateDiff) -> exp.Expr:
    """Whole units between two moments; DuckDB's date_diff counts the boundaries crossed."""
    unit = node.args.get("unit")
    left, right = node.expression, node.this
    if not all((t := type_of(side)) is not None and t.name in {"date", "timestamp"} for side in (left, right)):
        left, right = cast_to(left, "TIMESTAMP"), cast_to(right, "TIMESTAMP")
    return call("datesub", unit.name.lower() if unit is not None else "day", left, right)


def _at_time_zone(node: exp.AtTimeZone) -> exp.Expr:
    """Athena keeps the instant and changes the zone; a timestamp without a zone is in the session's zone, UTC."""
    return exp.AtTimeZone(this=cast_to(node.this, "TIMESTAMPTZ"), zone=node.args["zone"])


def _extract(node: exp.Extract) -> exp.Expr:
    part = {"DOW": "ISODOW", "DAY_OF_WEEK": "ISODOW", "DAYOFWEEK": "ISODOW"}.get(node.name.upper())
    return exp.Extract(this=exp.var(part), expression=node.expression) if part else node


def _json(node: exp.JSONExtract | exp.JSONExtractScalar) -> exp.Expr:
    name = "athena_json_scalar" if isinstance(node, exp.JSONExtractScalar) else "athena_json"
    path = node.expression
    return call(name, node.this, _json_path(path) if isinstance(path, exp.JSONPath) else path)


def _json_path(path: exp.JSONPath) -> str:
    steps: list[str] = []
    for part in path.expressions:
        key: Any = part.this if not isinstance(part, exp.JSONPathRoot) else None
        if isinstance(part, exp.JSONPathRoot):
            steps.append("$")
        elif isinstance(part, (exp.JSONPathKey, exp.JSONPathSubscript)) and isinstance(key, str):
            steps.append(f'."{key}"')
        elif isinstance(part, exp.JSONPathSubscript) and isinstance(key, int):
            steps.append(f"[{key}]")
        else:
            raise QueryError("NOT_SUPPORTED", f"The sandbox's Athena cannot follow the JSON path {path.sql()}")
    return "".join(steps)


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    return call("athena_regexp_extract", node.this, node.expression, node.args.get("group") or exp.convert(0))


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    """Groups are $1 in Athena's replacement and \\1 in DuckDB's."""
    replacement = node.args.get("replacement")
    if isinstance(replacement, exp.Literal) and replacement.is_string:
        replacement.replace(exp.Literal.string(re.sub(r"\$(\d)", r"\\\1", replacement.name)))
    return node


def _approx_quantile(node: exp.ApproxQuantile) -> exp.Expr:
    value = cast_to(node.this, "DOUBLE") if is_decimal(node.this) else node.this
    return call("approx_quantile", value, node.args["quantile"])


def _reduce(node: exp.Reduce) -> exp.Expr:
    finish = node.args.get("finish")
    if not isinstance(finish, exp.Lambda):
        return node
    node.set("finish", None)
    parameter = finish.expressions[0].name
    body = finish.this.copy()
    if isinstance(body, (exp.Column, exp.Identifier)) and body.name == parameter:
        return node
    for use in list(body.find_all(exp.Column, exp.Identifier)):
        if use.name == parameter and use.parent is not None:
            use.replace(node.copy())
    return exp.paren(body, copy=False)


def _array_size(node: exp.ArraySize) -> exp.Expr:
    source = type_of(node.this)
    return call("cardinality", node.this) if source is not None and source.name == "map" else node


def _approx_distinct(node: exp.ApproxDistinct) -> exp.Expr:
    node.set("accuracy", None)
    return node


def _typeof(node: exp.Typeof) -> exp.Expr:
    type_ = type_of(node.this)
    return node if type_ is None else exp.Literal.string(type_.athena)


def _format(node: exp.Format) -> exp.Expr:
    return call("printf", node.this, *node.expressions)


def _date_pattern(pattern: exp.Expr) -> str:
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        raise QueryError("NOT_SUPPORTED", "The sandbox's Athena needs the pattern of a date as a literal")
    return pattern.name


def _anonymous(node: exp.Anonymous) -> exp.Expr:
    name = node.name.lower()
    arguments = node.expressions
    if name == "format_datetime" and len(arguments) == 2:
        type_, pattern = type_of(arguments[0]), _date_pattern(arguments[1])
        zoned = type_ is None or type_.name == "timestamp with time zone"
        return sql(lambda value: joda.formatted(value, pattern, zoned=zoned), arguments[0])
    if name in {"any_match", "all_match", "none_match"} and len(arguments) == 2:
        whole = call("len", arguments[0].copy())
        matching = call("len", call("list_filter", *arguments))
        other = {
            "any_match": (exp.GT, exp.convert(0)),
            "all_match": (exp.EQ, whole),
            "none_match": (exp.EQ, exp.convert(0)),
        }
        comparison, right = other[name]
        return exp.paren(comparison(this=matching, expression=right), copy=False)
    if name in _RENAMED:
        return call(_RENAMED[name], *arguments)
    return node


def _parse_datetime(node: exp.ParseDatetime) -> exp.Expr:
    pattern = _date_pattern(node.args["format"])
    return cast_to(sql(lambda text: joda.parsed(text, pattern), node.this), "TIMESTAMPTZ")


def _split_part(node: exp.SplitPart) -> exp.Expr:
    return call("athena_split_part", node.this, node.args["delimiter"], node.args["part_index"])


def _unnest(node: exp.Unnest) -> exp.Expr:
    """UNNEST of several arrays, of a map, of rows, with an ordinal: as the select list of a subquery."""
    alias = node.args.get("alias")
    if alias is None or not isinstance(node.parent, (exp.From, exp.Join)):
        return node
    names = [column.name for column in alias.columns]
    values: list[exp.Expr] = []
    for argument in node.expressions:
        source = type_of(argument)
        if source is not None and source.name == "map":
            values += [call("map_keys", argument.copy()), call("map_values", argument.copy())]
        elif source is not None and source.name == "array" and source.fields[0][1].name == "row":
            values += [
                sql(lambda rows, f=field: f'list_transform({rows}, lambda e: e."{f}")', argument)
                for field, _ in source.fields[0][1].fields
            ]
        else:
            values.append(argument)
    offset = node.args.get("offset")
    selected: list[exp.Expr] = [call("unnest", value) for value in values]
    if offset:
        name = offset.name if isinstance(offset, exp.Expr) else None
        longest = call("greatest", *(call("len", value.copy()) for value in values), 0)
        selected.append(call("unnest", call("generate_series", 1, longest)))
        if name and len(names) < len(selected):
            names.append(name)
    aliased = [exp.alias_(value, name, quoted=True) for value, name in zip(selected, names, strict=False)]
    subquery = exp.Subquery(this=exp.Select(expressions=aliased))
    table = exp.TableAlias(this=alias.this)
    if isinstance(node.parent, exp.From):
        subquery.set("alias", table)
        return subquery
    return exp.Lateral(this=subquery, alias=table)


_RULES: dict[type[exp.Expr], Callable[[Any], exp.Expr]] = {
    exp.Div: decimals.divide,
    exp.Avg: decimals.average,
    exp.Round: decimals.rounded,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.TimestampTrunc: _timestamp_trunc,
    exp.DateTrunc: _timestamp_trunc,
    exp.DateAdd: _add_interval,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: decimals.arithmetic,
    exp.Mod: decimals.arithmetic,
    exp.Sign: decimals.rounded,
    exp.DateDiff: _date_diff,
    exp.AtTimeZone: _at_time_zone,
    exp.Extract: _extract,
    exp.JSONExtract: _json,
    exp.JSONExtractScalar: _json,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.ApproxQuantile: _approx_quantile,
    exp.ApproxDistinct: _approx_distinct,
    exp.Reduce: _reduce,
    exp.ArraySize: _array_size,
    exp.Typeof: _typeof,
    exp.Format: _format,
    exp.SplitPart: _split_part,
    exp.ParseDatetime: _parse_datetime,
    exp.Anonymous: _anonymous,
    exp.Unnest: _unnest,
}
