"""From a SELECT in Athena's SQL to one that DuckDB runs over the store.

Tables come from the catalogue, views are replaced by their queries, names and types are resolved with Athena's rules,
and the constraints of the WHERE clause on partition columns limit the objects to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SqlglotError, TokenError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from sandbox.athena import inference
from sandbox.athena.catalogue import CATALOG, Catalogue, Column, Table, View
from sandbox.athena.dialect import to_duckdb
from sandbox.athena.errors import ApiError, QueryError, at
from sandbox.athena.partitions import Constraint
from sandbox.athena.pruning import partition_predicates
from sandbox.athena.types import Type

PATH = "$path"
_ANONYMOUS = "_anonymous_"
_MAX_VIEWS_DEEP = 16


@dataclass(frozen=True)
class Read:
    """A use of a table in a query: the relation that replaces it, and the constraints on its partitions.

    `predicates` are DuckDB's SQL over the partition columns, all of which a partition must satisfy.
    """

    alias: str
    table: Table
    constraints: Mapping[str, Constraint]
    predicates: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A query for DuckDB, the tables that it reads, and Athena's names of its columns."""

    sql: str
    reads: tuple[Read, ...]
    names: tuple[str, ...]


@dataclass
class _Context:
    catalogue: Catalogue
    text: str
    known: dict[tuple[str, str], Table | None] = field(default_factory=dict[tuple[str, str], "Table | None"])
    tables: dict[str, Table] = field(default_factory=dict[str, Table])
    views: list[str] = field(default_factory=list[str])

    def table(self, database: str, name: str) -> Table | None:
        """A table of the catalogue, read once per query."""
        if (database, name) not in self.known:
            self.known[database, name] = self.catalogue.table(database, name)
        return self.known[database, name]


def parse(sql: str) -> exp.Query:
    """Parse a query; raises StartQueryExecution's ApiError for invalid text."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect="trino") if statement is not None]
    except ParseError as error:
        detail = error.errors[0]
        place = f"line {detail.get('line')}:{detail.get('col')}"
        message = f"{place}: mismatched input '{detail.get('highlight')}'. {detail.get('description')}"
        raise ApiError(message, athena_code="MALFORMED_QUERY") from error
    except TokenError as error:
        raise ApiError(f"line 1:1: {error}", athena_code="MALFORMED_QUERY") from error
    if len(statements) != 1:
        raise ApiError("Only one sql statement is allowed. Got: " + sql, athena_code="MALFORMED_QUERY")
    statement = statements[0]
    if any(not select.expressions for select in statement.find_all(exp.Select)):
        raise ApiError("line 1:1: mismatched input '<EOF>'. Expecting: an expression", athena_code="MALFORMED_QUERY")
    if not isinstance(statement, exp.Query):
        raise ApiError("line 1:1: Queries of this type are not supported", athena_code="MALFORMED_QUERY")
    return statement


def plan(query: exp.Query, text: str, database: str, catalogue: Catalogue) -> Plan:
    """The plan of a parsed query, which it modifies; raises QueryError with Athena's reason."""
    context = _Context(catalogue, text)
    spelled = {select.alias.lower(): select.alias for select in query.selects if select.alias}
    _name_unnamed(query)
    _resolve_tables(query, database, context)
    qualified = _typed(query, context)
    inference.check(qualified, lambda node: _place(node, text))
    names = _output_names(qualified, spelled)
    reads = tuple(
        Read(alias, table, *partition_predicates(qualified, alias, {c.name for c in table.partition_columns}))
        for alias, table in context.tables.items()
    )
    return Plan(to_duckdb(qualified), reads, names)


def _describe(query: exp.Query, text: str, database: str, outer: _Context) -> tuple[Column, ...]:
    """The names and types of a view's columns, as far as they can be inferred without running it."""
    context = _Context(outer.catalogue, text, outer.known, views=outer.views)
    _name_unnamed(query)
    _resolve_tables(query, database, context)
    qualified = _typed(query, context)
    names = _output_names(qualified, {})
    types = [inference.type_of(select) for select in qualified.selects]
    return tuple(Column(name, type_ or Type("unknown")) for name, type_ in zip(names, types, strict=True))


def _typed(query: exp.Query, context: _Context) -> exp.Query:
    schema = MappingSchema(normalize=False, dialect="trino")
    for alias, table in context.tables.items():
        columns = {column.name: column.type.sql for column in table.all_columns}
        schema.add_table(exp.to_table(alias), {**columns, PATH: "varchar"}, dialect="trino")
    schema.visible = {alias: {c.name for c in t.all_columns} for alias, t in context.tables.items()}
    try:
        qualified = qualify(query, schema=schema, dialect="trino")
    except OptimizeError as error:
        raise _unresolved(error, context.text) from error
    except SqlglotError as error:
        raise QueryError("SYNTAX_ERROR", str(error)) from error
    annotated = inference.annotate(qualified, schema)
    if not isinstance(annotated, exp.Query):
        raise TypeError("a query stays a query")
    return annotated


def _resolve_tables(query: exp.Query, database: str, context: _Context) -> None:
    """Give every table a unique name and replace every view by its query."""
    for node in _table_nodes(query):
        name, schema = node.name.lower(), (node.db or database).lower()
        if node.catalog and node.catalog.lower() not in {CATALOG.lower(), "hive"}:
            place = _place(node, context.text)
            raise QueryError("CATALOG_NOT_FOUND", at(place, f"Catalog '{node.catalog}' does not exist"))
        table = context.table(schema, name)
        if table is None:
            raise _missing(node, schema, name, context)
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name, quoted=True))
        if table.view is not None:
            replacement = _view_query(table, table.view, context, node)
            replacement.set("alias", alias)
            for joined in ("joins", "pivots", "sample"):
                replacement.set(joined, node.args.get(joined))
            node.replace(replacement)
            continue
        unique = f"t{len(context.tables) + 1}"
        context.tables[unique] = table
        node.set("this", exp.to_identifier(unique, quoted=True))
        node.set("db", None)
        node.set("catalog", None)
        node.set("alias", alias)
    for column in list(query.find_all(exp.Column)):
        column.set("db", None)
        column.set("catalog", None)


def _table_nodes(query: exp.Query) -> list[exp.Table]:
    """The tables of the catalogue that a query names, without common table expressions."""
    try:
        scopes = traverse_scope(query)
    except OptimizeError as error:
        raise QueryError("SYNTAX_ERROR", str(error)) from error
    nodes: dict[int, exp.Table] = {}
    for scope in scopes:
        for table in scope.tables:
            if not isinstance(scope.sources.get(table.alias_or_name), Scope):
                nodes[id(table)] = table
    return list(nodes.values())


def _view_query(table: Table, view: View, context: _Context, node: exp.Table) -> exp.Subquery:
    """A view's query with the names and types of its definition."""
    place = _place(node, context.text) if not context.views else None
    full = f"{table.database}.{table.name}"
    if full in context.views or len(context.views) >= _MAX_VIEWS_DEEP:
        raise QueryError("VIEW_IS_RECURSIVE", at(place, f"View '{CATALOG.lower()}.{full}' is recursive"))
    context.views.append(full)
    try:
        inner = parse(view.sql)
        found = _describe(inner.copy(), view.sql, view.schema, context)
        _check_not_stale(full, view.columns, found, place)
        _resolve_tables(inner, view.schema, context)
    except ApiError as error:
        raise QueryError("INVALID_VIEW", at(place, f"Failed parsing stored view '{full}': {error.message}")) from error
    finally:
        context.views.pop()
    names = [exp.to_identifier(column.name, quoted=True) for column in view.columns]
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("v", quoted=True), columns=names))
    selected: list[exp.Expr] = []
    for column, actual in zip(view.columns, found, strict=True):
        value: exp.Expr = exp.column(exp.to_identifier(column.name, quoted=True))
        if actual.type != column.type and actual.type.name != "unknown":
            value = exp.Cast(this=value, to=exp.DataType.build(column.type.sql, dialect="trino"))
        selected.append(exp.alias_(value, column.name, quoted=True))
    return exp.Subquery(this=exp.Select(expressions=selected).from_(source, copy=False))


_COERCIBLE = (
    ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double"),
    ("char", "varchar"),
    ("date", "timestamp", "timestamp with time zone"),
)


def _check_not_stale(
    view: str, stored: tuple[Column, ...], found: tuple[Column, ...], place: tuple[int, int] | None
) -> None:
    """Athena runs a view only if its query still matches the stored definition: the same columns, coercible types."""

    def stale(detail: str) -> QueryError:
        message = f"View '{CATALOG.lower()}.{view}' is stale or in invalid state: {detail}"
        return QueryError("VIEW_IS_STALE", at(place, message))

    if len(stored) != len(found):
        counts = f"stored view column count ({len(stored)}) does not match column count derived from the view query"
        raise stale(f"{counts} analysis ({len(found)})")
    for position, (promised, have) in enumerate(zip(stored, found, strict=True)):
        projected = f"column [{have.name}] of type {have.type.athena} projected from query view at position {position}"
        in_definition = f"column [{promised.name}] of type {promised.type.athena} stored in view definition"
        if promised.name != have.name:
            raise stale(f"{projected} has a different name from {in_definition}")
        if not _coerces(have.type.name, promised.type.name):
            raise stale(f"{projected} cannot be coerced to {in_definition}")


def _coerces(source: str, target: str) -> bool:
    """Whether one type converts to another implicitly; true for unknown types."""
    ranks = [order for order in _COERCIBLE if source in order and target in order]
    widens = any(order.index(source) <= order.index(target) for order in ranks)
    return source == target or widens or "unknown" in {source, target}


def _missing(node: exp.Table, schema: str, name: str, context: _Context) -> QueryError:
    place = _place(node, context.text)
    if not context.catalogue.has_database(schema):
        return QueryError("SCHEMA_NOT_FOUND", at(place, f"Schema '{schema}' does not exist"))
    return QueryError("TABLE_NOT_FOUND", at(place, f"Table '{CATALOG.lower()}.{schema}.{name}' does not exist"))


def _name_unnamed(query: exp.Query) -> None:
    """Mark the outermost columns without a name: Athena names them _col0, _col1, … by position."""
    top: exp.Expr = query
    while isinstance(top, (exp.SetOperation, exp.Subquery)):
        top = top.this
    if not isinstance(top, exp.Select):
        return
    for i, select in enumerate(list(top.expressions)):
        if isinstance(select, (exp.Column, exp.Alias, exp.Star, exp.Dot)) or select.is_star:
            continue
        select.replace(exp.alias_(select.copy(), f"{_ANONYMOUS}{i}", quoted=True))


def _output_names(query: exp.Query, spelled: Mapping[str, str]) -> tuple[str, ...]:
    names: list[str] = []
    for i, select in enumerate(query.selects):
        name = select.alias_or_name
        names.append(f"_col{i}" if name.startswith((_ANONYMOUS, "_col_")) or not name else spelled.get(name, name))
    return tuple(names)


def _unresolved(error: OptimizeError, text: str) -> QueryError:
    name = re.search(r"(?:Column|Unknown column:|Cannot resolve|Unknown table:)\s*'?\"?([^'\"\s]+)", str(error))
    if name is None:
        return QueryError("SYNTAX_ERROR", str(error))
    column = name[1].rstrip(".")
    found = re.search(rf"(?<![\w$])((?:\w+\.)?\"?{re.escape(column)}\"?)(?![\w$])", text, re.IGNORECASE)
    spoken = found[1].replace('"', "") if found else column
    place = _line_and_column(text, found.start()) if found else None
    message = f"Column '{spoken}' cannot be resolved or requester is not authorized to access requested resources"
    return QueryError("COLUMN_NOT_FOUND", at(place, message))


def _offset(node: exp.Expr) -> int | None:
    starts = [m for n in node.walk() if isinstance(m := n.meta.get("start"), int)]
    return min(starts, default=None)


def _place(node: exp.Expr, text: str) -> tuple[int, int] | None:
    """Line and column, from 1, of the leftmost name in an expression; None without a name from the query."""
    offset = _offset(node)
    return None if offset is None or offset >= len(text) else _line_and_column(text, offset)


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
