"""Calls: functions of the table, aggregates, windows, lambda arguments, and special forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.athena import functions
from sandbox.athena import types as t
from sandbox.athena.conversions import cast, coerce
from sandbox.athena.functions.equality import is_keyed, keyed
from sandbox.athena.functions.function import Modifiers, TrinoFunction
from sandbox.athena.functions.resolution import Argument, LambdaArgument, Match, lambda_arguments, resolve
from sandbox.athena.functions.signature import has_trait
from sandbox.athena.functions.valuetexts import type_name
from sandbox.athena.planning import operators
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.windows import window_sql
from sandbox.athena.syntax import nodes as n
from sandbox.athena.types import Type
from sandbox.athena.values import Value, attempt, let

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder

Aggregate = Callable[["Binder", n.Call], Value]
_EMPTY, _ERROR = "\x01EMPTY", "\x01ERROR"
# The types that JSON_VALUE returns, by trino 435's ExpressionAnalyzer.visitJsonValue.
_JSON_VALUES = frozenset(
    {*t.INTEGERS, "double", "real", "decimal", "varchar", "char", "boolean", "date"}
    | {"time", "time with time zone", "timestamp", "timestamp with time zone"}
)


class Calls:
    """Binds calls in one clause.

    `aggregate` binds an aggregate, `grouping` the operation of that name; either is None if the clause does not allow
    it. `windows` are the query's named windows, None if the clause allows no window functions.
    """

    def __init__(
        self,
        *,
        aggregate: Aggregate | None = None,
        windows: dict[str, n.Window] | None = None,
        nested: str = "",
    ) -> None:
        self._aggregate = aggregate
        self._windows = windows
        self._nested = nested

    def call(self, binder: Binder, node: n.Call) -> Value:
        """The value of a call."""
        special = self._SPECIAL.get(node.name)
        if special is not None and node.over is None:
            return special(self, binder, node)
        if node.over is not None:
            return self._window(binder, node)
        if node.name == "grouping" or is_aggregate(node.name):
            if self._aggregate is None:
                if self._nested and node.name != "grouping":
                    self.match(binder, node, node.name, list(node.arguments))
                raise self._misplaced(binder, node)
            return self._aggregate(binder, node)
        if node.distinct or node.order_by or node.filter is not None:
            known = functions.BY_NAME.get(node.name)
            name = "FUNCTION_NOT_AGGREGATE" if known else "FUNCTION_NOT_FOUND"
            detail = f"FILTER or DISTINCT of a function that is no aggregate: {node.name}"
            raise binder.error(name, node, detail if known else f"Function '{node.name}' not registered")
        return self.named(binder, node, node.name, list(node.arguments))

    def _misplaced(self, binder: Binder, node: n.Call) -> Exception:
        if self._nested and node.over is not None:
            message = f"Cannot nest window functions or row pattern measures inside {self._nested}"
            return binder.error("NESTED_WINDOW", node, message)
        if self._nested:
            message = f"Cannot nest {self._nested} inside another: {node.name}"
            return binder.error("NESTED_AGGREGATION", node, message)
        message = f"{binder.place} cannot contain aggregations, window functions or grouping operations: {node.name}"
        return binder.error("EXPRESSION_NOT_SCALAR", node, message)

    def named(self, binder: Binder, node: n.Node, name: str, arguments: Sequence[n.Expression]) -> Value:
        """The value of a scalar function's call."""
        match, values = self.match(binder, node, name, arguments)
        if match.function.kind == "window":
            message = f"Window function {name} requires an OVER clause"
            raise binder.error("MISSING_OVER", node, message)
        return called(match, values, Modifiers())

    def match(
        self, binder: Binder, node: n.Node, name: str, arguments: Sequence[n.Expression]
    ) -> tuple[Match, tuple[Value, ...]]:
        """The function of a call, and its converted arguments."""
        known = functions.BY_NAME.get(name)
        if name in functions.UNSUPPORTED:
            raise binder.error("NOT_SUPPORTED", node, f"The sandbox's Athena has no function {name}")
        if known is None:
            raise binder.error("FUNCTION_NOT_FOUND", node, f"Function '{name}' not registered")
        bound = [self._argument(binder, argument) for argument in arguments]
        matches = resolve(known, bound)
        if len(matches) != 1:
            raise self._unmatched(binder, node, name, known, bound, ambiguous=bool(matches))
        match = matches[0]
        values = tuple(
            match.lambdas[i] if isinstance(argument, LambdaArgument) else coerce(argument, type_)
            for i, (argument, type_) in enumerate(zip(bound, match.parameters, strict=True))
        )
        if not match.compares_variants:
            return match, values
        if match.function.keyed and all(is_keyed(value.type) for value in values):
            return match, tuple(keyed(value) for value in values)
        message = f"The sandbox's Athena has no {name} that compares maps or timestamps with time zone"
        raise binder.error("NOT_SUPPORTED", node, message)

    @staticmethod
    def _unmatched(
        binder: Binder,
        node: n.Node,
        name: str,
        known: Sequence[TrinoFunction],
        bound: Sequence[Argument],
        *,
        ambiguous: bool,
    ) -> Exception:
        counts = None if ambiguous else lambda_arguments(known, bound)
        if counts is not None:
            message = f"Expected a lambda that takes {counts[0]} argument(s) but got {counts[1]}"
            return binder.error("INVALID_PARAMETER_USAGE", node, message)
        types = ", ".join(a.type.athena if isinstance(a, Value) else "function" for a in bound)
        if ambiguous:
            return binder.error("AMBIGUOUS_FUNCTION_CALL", node, f"Call of {name}({types}) is ambiguous")
        expected = ", ".join(text.partition(" -> ")[0] for function in known for text in function.signatures)
        message = f"Unexpected parameters ({types}) for function {name}. Expected: {expected}"
        return binder.error("FUNCTION_NOT_FOUND", node, message)

    def _argument(self, binder: Binder, node: n.Expression) -> Argument:
        if not isinstance(node, n.Lambda):
            return binder.bind(node)
        for part in walked(node.body, stop=(n.Query,)):
            if isinstance(part, n.Call) and (
                part.over is not None or part.name == "grouping" or is_aggregate(part.name)
            ):
                message = "Lambda expression cannot contain aggregations, window functions or grouping operations"
                raise binder.error("EXPRESSION_NOT_SCALAR", node.body, f"{message}: {part.name}")

        def bind(types: tuple[Type, ...]) -> Value:
            names = [binder.context.unique("l") for _ in types]
            variables = {p: Value(type_, name) for p, type_, name in zip(node.parameters, types, names, strict=True)}
            body = binder.inside(binder.scope.with_variables(variables)).bind(node.body)
            return Value(body.type, body.sql, parameters=tuple(names))

        return LambdaArgument(len(node.parameters), bind)

    def _window(self, binder: Binder, node: n.Call) -> Value:
        if self._windows is None:
            raise self._misplaced(binder, node)
        if node.filter is not None:
            raise binder.error("NOT_SUPPORTED", node, "FILTER is not yet supported for window functions")
        if node.distinct:
            message = f"DISTINCT in window function parameters not yet supported: {node.name}"
            raise binder.error("NOT_SUPPORTED", node, message)
        if node.order_by:
            message = (
                f"'{node.name}(… ORDER BY …) OVER (…)' must be an aggregate expression or appear in GROUP BY clause"
            )
            raise binder.error("EXPRESSION_NOT_AGGREGATE", node, message)
        inner = Calls(aggregate=self._aggregate, nested="window functions")
        plain = binder.inside(binder.scope)
        plain.calls = inner
        match, values = inner.match(plain, node, node.name, list(node.arguments))
        if match.function.kind == "scalar":
            raise binder.error("FUNCTION_NOT_WINDOW", node, f"Not a window function: {node.name}")
        over = window_sql(plain, node, node.over or "", self._windows)
        nulls = "IGNORE NULLS" if node.nulls == "IGNORE NULLS" else ""
        return called(match, values, modifiers(plain, node, over=over, nulls=nulls))

    def _coalesce(self, binder: Binder, node: n.Call) -> Value:
        if len(node.arguments) < 2:
            raise binder.error("SYNTAX_ERROR", node, "The 'coalesce' function must have at least two arguments")
        values = binder.same_type(node.arguments, "All COALESCE operands must be the same type")
        return Value(values[0].type, f"coalesce({', '.join(value.sql for value in values)})")

    def _if(self, binder: Binder, node: n.Call) -> Value:
        if len(node.arguments) not in {2, 3}:
            raise binder.error("SYNTAX_ERROR", node, "Invalid number of arguments for 'if' function")
        condition = binder.condition(node.arguments[0], "IF condition")
        results = list(node.arguments[1:])
        if len(results) == 1:
            results.append(n.Literal("null", "null", offset=node.offset))
        first, second = binder.same_type(results, "Result types for IF must be the same")
        return Value(first.type, f"CASE WHEN {condition.sql} THEN {first.sql} ELSE {second.sql} END")

    def _nullif(self, binder: Binder, node: n.Call) -> Value:
        if len(node.arguments) != 2:
            raise binder.error("SYNTAX_ERROR", node, "Invalid number of arguments for 'nullif' function")
        first, second = (binder.bind(argument) for argument in node.arguments)
        variable = Value(first.type, "__n")
        found = operators.compare("=", variable, second)
        if found is None:
            message = f"Types are not comparable with NULLIF: {first.type.athena} vs {second.type.athena}"
            raise binder.error("TYPE_MISMATCH", node, message)
        if "SELECT" in second.sql:
            found = operators.compare("=", first, second) or found
            return Value(first.type, f"CASE WHEN {found.sql} THEN NULL ELSE {first.sql} END")
        return Value(first.type, let("__n", first.sql, f"CASE WHEN {found.sql} THEN NULL ELSE __n END"))

    def _try(self, binder: Binder, node: n.Call) -> Value:
        if len(node.arguments) != 1:
            raise binder.error("SYNTAX_ERROR", node, "The 'try' function must have exactly one argument")
        inner = binder.inside(binder.scope)
        inner.tries = True
        value = inner.bind(node.arguments[0])
        if "SELECT" in value.sql or " OVER (" in value.sql:
            raise binder.error("NOT_SUPPORTED", node, "The sandbox's Athena has no TRY around a subquery or a window")
        return Value(value.type, attempt(binder.context.unique("l"), "0", value.sql))

    def _moment(self, binder: Binder, node: n.Call) -> Value:
        precision = 3
        if node.arguments:
            argument = node.arguments[0]
            if not isinstance(argument, n.Literal) or argument.kind != "integer" or int(argument.text) > 6:
                raise binder.error("NOT_SUPPORTED", node, "The sandbox's Athena has microseconds only")
            precision = int(argument.text)
        unit = 10 ** (6 - precision)
        now = f"make_timestamp(epoch_us(now()) // {unit} * {unit})"
        match node.name:
            case "current_date":
                return Value(t.DATE, "CAST(timezone('UTC', now()) AS DATE)")
            case "localtime":
                return Value(t.time_of(precision), f"CAST({now} AS TIME)")
            case "localtimestamp":
                return Value(t.timestamp_of(precision), now)
            case "current_time":
                raise binder.error("NOT_SUPPORTED", node, "The sandbox's Athena has no TIME WITH TIME ZONE")
            case _:
                return Value(t.timestamp_of(precision, zoned=True), f"athena_at_zone({now}, 'UTC')")

    def _session(self, binder: Binder, node: n.Call) -> Value:
        texts = {"current_catalog": "awsdatacatalog", "current_schema": binder.context.database, "current_path": ""}
        text = texts.get(node.name)
        if text is None:
            raise binder.error("NOT_SUPPORTED", node, f"The sandbox's Athena has no {node.name}")
        return binder.bind(n.Literal("string", text, offset=node.offset))

    @staticmethod
    def _document(binder: Binder, operand: n.Expression) -> n.Expression:
        """The text of JSON, or its octets in UTF-8; not Trino's type JSON (ExpressionAnalyzer, FORMAT JSON)."""
        given = binder.bind(operand).type
        if given.name not in {"varchar", "varbinary", "unknown"}:
            message = f"Cannot read input of type {given.athena} as JSON using formatting JSON"
            raise binder.error("TYPE_MISMATCH", operand, message)
        return n.Call("from_utf8", (operand,), offset=operand.offset) if given.name == "varbinary" else operand

    def json(self, binder: Binder, node: n.JsonCall) -> Value:
        """JSON_EXISTS, JSON_VALUE, JSON_QUERY: functions of the table with the clauses as texts.

        json_exists(input, path, on error), json_query(input, path, wrapper, quotes, on empty, on error) and
        json_value(input, path, on empty, on error, type), where a DEFAULT … ON … is the text DEFAULT, for which the
        function returns the character 1 and EMPTY or ERROR.
        """
        if node.passing:
            raise binder.error("NOT_SUPPORTED", node, "The sandbox's Athena has no PASSING")
        returning = node.returning or t.VARCHAR
        words = [node.path, *node.clauses, *([type_name(returning)] if node.name == "json_value" else [])]
        texts = [n.Literal("string", text, offset=node.offset) for text in words]
        found = self.named(binder, node, node.name, [self._document(binder, node.operand), *texts])
        if node.name != "json_value":
            return cast(found, node.returning) if node.returning is not None else found
        if returning.name not in _JSON_VALUES:
            message = f"Invalid return type of function JSON_VALUE: {returning.athena}"
            raise binder.error("TYPE_MISMATCH", node, message)
        defaults = [(_EMPTY, node.on_empty), (_ERROR, node.on_error)]
        whens = "".join(
            f" WHEN __v = '{marker}' THEN {binder.bind_as(default, returning, 'The default of JSON_VALUE').sql}"
            for marker, default in defaults
            if default is not None
        )
        converted = self._returned(binder, node, returning)
        if not whens:
            return Value(returning, let("__v", found.sql, converted))
        return Value(returning, let("__v", found.sql, f"CASE{whens} ELSE {converted} END"))

    @staticmethod
    def _returned(binder: Binder, node: n.JsonCall, returning: Type) -> str:
        """JSON_VALUE's text as the type that it returns; a text that cannot be of it is an error for ON ERROR.

        Not a text that may be a JSON number or truth value, which Trino does not convert as text.
        """
        converted = cast(Value(t.VARCHAR, "__v"), returning).sql
        if returning.name in {"varchar", "char"} or node.clauses[-1] == "ERROR":
            return converted
        tried = attempt(binder.context.unique("l"), "0", converted)
        other = r"-?\d.*|true|false" if returning == t.BOOLEAN else r"-?\d+[.eE].*|true|false"
        tried = f"CASE WHEN regexp_full_match(__v, '{other}') THEN {converted} ELSE {tried} END"
        if node.on_error is None:
            return tried
        default = binder.bind_as(node.on_error, returning, "The default of JSON_VALUE").sql
        return f"CASE WHEN __v IS NULL THEN NULL ELSE coalesce({tried}, {default}) END"

    def _format(self, binder: Binder, node: n.Call) -> Value:
        if len(node.arguments) < 2:
            raise binder.error("SYNTAX_ERROR", node, "The 'format' function must have at least two arguments")
        if (given := binder.bind(node.arguments[0]).type).name != "varchar":
            message = f"Type of first argument to format() must be VARCHAR (actual: {given.athena})"
            raise binder.error("TYPE_MISMATCH", node.arguments[0], message)
        return self.named(binder, node, node.name, list(node.arguments))

    _SPECIAL: ClassVar[dict[str, Callable[[Any, Any, n.Call], Value]]] = {
        "coalesce": _coalesce,
        "format": _format,
        "if": _if,
        "nullif": _nullif,
        "try": _try,
        "current_date": _moment,
        "current_time": _moment,
        "current_timestamp": _moment,
        "localtime": _moment,
        "localtimestamp": _moment,
        "now": _moment,
        "current_user": _session,
        "current_catalog": _session,
        "current_schema": _session,
        "current_path": _session,
    }


def is_aggregate(name: str) -> bool:
    """Return whether a function of that name is an aggregate."""
    return any(function.kind == "aggregate" for function in functions.BY_NAME.get(name, ()))


def called(match: Match, values: tuple[Value, ...], around: Modifiers) -> Value:
    """A call's value, by the function's own SQL."""
    function = match.function
    type_ = match.result if function.result is None else function.result(values)
    return Value(type_, function.sql(functions.TypedCall(function.name, values, type_, around)))


def modifiers(binder: Binder, node: n.Call, *, over: str = "", nulls: str = "") -> Modifiers:
    """The clauses around a call, in SQL."""
    condition = binder.condition(node.filter, "Filter clause").sql if node.filter is not None else ""
    return Modifiers(node.distinct, sorted_by(binder, node.order_by), condition, over, nulls)


def sorted_by(binder: Binder, items: Sequence[n.Sort]) -> str:
    """The list of ORDER BY of an aggregate."""
    keys: list[str] = []
    for item in items:
        value = binder.bind(item.expression)
        if not has_trait(value.type, "orderable"):
            message = f"ORDER BY can only be applied to orderable types (actual: {value.type.athena})"
            raise binder.error("TYPE_MISMATCH", item, message)
        keys.append(operators.sort_key(value) + direction(item))
    return ", ".join(keys)


def direction(item: n.Sort) -> str:
    """The explicit order of an item of ORDER BY and the place of its NULLs."""
    return f" {'DESC' if item.descending else 'ASC'} NULLS {'FIRST' if item.nulls_first else 'LAST'}"
