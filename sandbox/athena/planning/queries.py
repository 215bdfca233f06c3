"""Queries: each becomes DuckDB's SQL whose columns have names that are unique in the statement.

So DuckDB resolves no name of the user's: aliases, clauses and scopes only follow Trino's rules. Source of the rules:
trino 435, core/trino-main/src/main/java/io/trino/sql/analyzer/StatementAnalyzer.java.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.athena import types as t
from sandbox.athena.coercions import common_type
from sandbox.athena.conversions import coerce
from sandbox.athena.functions.equality import has_variants
from sandbox.athena.functions.signature import has_trait
from sandbox.athena.planning import operators
from sandbox.athena.planning.context import PlanningContext
from sandbox.athena.planning.correlation import check_rows
from sandbox.athena.planning.expressions import Binder
from sandbox.athena.planning.ordering import Ordering, limited, ordinal, sort_keys
from sandbox.athena.planning.relations import Cte
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.scope import Field, ParsedText, Scope
from sandbox.athena.planning.selects import SelectPlanner
from sandbox.athena.planning.typed import null_typed
from sandbox.athena.planning.unused import listed, with_last, with_names
from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax import parse_query
from sandbox.athena.values import Value, fail

Planned = tuple[str, tuple[Field, ...]]
_DEPTH = "$depth"
RECURSION_LIMIT = 10
"""The steps of WITH RECURSIVE: Trino's max_recursion_depth."""
_MAX_SORTED = 2147483647


@dataclass(frozen=True)
class Queries:
    """Plans queries with the common table expressions that they see."""

    context: PlanningContext
    ctes: Mapping[str, Cte]

    def plan(self, query: n.Query, outer: Scope | None) -> Planned:
        """A query's SQL and columns; `outer` is the scope of the enclosing query that it sees."""
        inner, texts = self, list[str]()
        recursive = False
        for i, cte in enumerate(query.ctes):
            if any(other.name == cte.name for other in query.ctes[:i]):
                message = f"WITH query name '{cte.name}' specified more than once"
                raise self.context.error("DUPLICATE_NAMED_QUERY", cte, message)
            if query.recursive and _refers(cte.query, cte.name):
                text, planned = inner._recursive(cte)
                recursive = True
            else:
                text, planned = inner._cte(cte)
            texts.append(text)
            inner = Queries(self.context, {**inner.ctes, cte.name: planned})
        sql, fields = inner._ordered(query, outer)
        if texts:
            sql = f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(texts)} {sql}"
        return sql, fields

    def subquery(self, query: n.Query, scope: Scope) -> Planned:
        """A subquery of an expression; each of its columns has a name."""
        return self.plan(query, scope)

    @staticmethod
    def view(context: PlanningContext, text: str) -> Planned:
        """A view's query, in the context of its definition."""
        return Queries(context, {}).plan(parse_query(text), None)

    def _binder(self, scope: Scope, place: str) -> Binder:
        return Binder(self.context, scope, self.subquery, place=place)

    def _cte(self, cte: n.With) -> tuple[str, Cte]:
        sql, fields = self.plan(cte.query, None)
        name = self.context.unique("w")
        shown = self._renamed(cte, [f for f in fields if not f.hidden])
        self.context.droppable.update(f.column for f in fields)
        # DuckDB 2.0.1 knows the least and the greatest value of a CTE's first columns only, and of texts uses neither:
        # findings/duckdb_group_by_depends_on_the_order_of_a_ctes_columns.sh.
        sql = with_last(sql, {f.column for f in fields if f.type.duckdb == "VARCHAR"})
        return f"{name} AS ({sql})", Cte(name, shown)

    def _renamed(self, cte: n.With, fields: Sequence[Field]) -> tuple[Field, ...]:
        names: Sequence[tuple[str | None, str | None]] = [(f.name, f.spelled) for f in fields]
        if cte.columns is not None:
            if len(cte.columns) != len(fields):
                message = f"Column alias list has {len(cte.columns)} entries but relation has {len(fields)} columns"
                raise self.context.error("MISMATCHED_COLUMN_ALIASES", cte, message)
            names = list(zip(cte.columns, cte.spelled or cte.columns, strict=True))
        return tuple(
            replace(f.of_rows(), name=name, relation=(), sql=f.column, spelled=spelled)
            for f, (name, spelled) in zip(fields, names, strict=True)
        )

    def _recursive(self, cte: n.With) -> tuple[str, Cte]:
        """WITH RECURSIVE, with a column for the depth; Trino fails after ten steps, also under a LIMIT.

        UNION makes the rows of all steps distinct at the end, and not those of a step: a cycle still fails.
        """
        body = cte.query.body
        if not isinstance(body, n.SetOperation) or body.operator != "UNION":
            message = "Recursive reference outside of UNION is not supported"
            raise self.context.error("NOT_SUPPORTED", cte, message)
        if cte.columns is None:
            raise self.context.error("MISSING_COLUMN_ALIASES", cte, "Recursive queries require column aliases")
        first_sql, first = self._body(body.left, None, Ordering())
        name, depth = self.context.unique("w"), self.context.unique("c")
        columns = self._renamed(cte, [replace(f, parsed=None) for f in first])
        hidden = Field(_DEPTH, (), t.INTEGER, depth, hidden=True)
        step = Queries(self.context, {**self.ctes, cte.name: Cte(name, (*columns, hidden))})
        step_sql, found = step._body(_deeper(body.right, self.context), None, Ordering())
        if len(found) != len(first) + 1:
            message = "base and step relations of recursion have different number of fields"
            raise self.context.error("TYPE_MISMATCH", cte, f"{message}: {len(first)}, {len(found) - 1}")
        for column, other in zip(first, found[:-1], strict=True):
            if common_type(other.type, column.type) != column.type:
                message = (
                    f"recursion step relation output type ({other.type.athena}) is not coercible to recursion base"
                )
                raise self.context.error("TYPE_MISMATCH", cte, f"{message} relation output type ({column.type.athena})")
        alias = self.context.unique("r")
        base = ", ".join(null_typed(replace(f, sql=f"{alias}.{f.column}").value) for f in first)
        moved = [replace(f, sql=f"{alias}.{f.column}").value for f in found]
        stepped = ", ".join(coerce(v, f.type).sql for v, f in zip(moved, first, strict=False))
        listed = ", ".join([f.column for f in columns] + [depth])
        reached = moved[-1].sql
        message = f"'Recursion depth limit exceeded ({RECURSION_LIMIT})'"
        checked = (
            f"CASE WHEN {reached} >= {RECURSION_LIMIT} THEN {fail('NOT_SUPPORTED', message, t.BOOLEAN)} ELSE true END"
        )
        sql = (
            f"{name}({listed}) AS MATERIALIZED (SELECT {base}, CAST(0 AS INTEGER) FROM ({first_sql}) AS {alias}"
            f" UNION ALL SELECT {stepped}, {reached} FROM ({step_sql}) AS {alias} WHERE {checked})"
        )
        if body.every:
            return sql, Cte(name, columns)
        distinct, names = self.context.unique("w"), ", ".join(f.column for f in columns)
        rows = f"SELECT {operators.distinct([f.value for f in columns])} {names} FROM {name} ORDER BY {depth}"
        return f"{sql}, {distinct}({names}) AS ({rows})", Cte(distinct, columns)

    def _ordered(self, query: n.Query, outer: Scope | None) -> Planned:
        limit, fetch = self._count(query.limit), query.fetch
        ties = fetch is not None and fetch.ties
        planned = self._body(query.body, outer, Ordering(query.order_by, self._count(query.offset_rows), limit, ties))
        if fetch is not None and limit and int(limit) == 0:
            message = "FETCH FIRST row count must be positive (actual value: 0)"
            raise self.context.error("NUMERIC_VALUE_OUT_OF_RANGE", fetch, message)
        if fetch is not None and fetch.ties and not query.order_by:
            message = "FETCH FIRST WITH TIES clause requires ORDER BY"
            raise self.context.error("MISSING_ORDER_BY", fetch, message)
        if query.order_by and not ties and limit and int(limit) > _MAX_SORTED:
            message = f"ORDER BY LIMIT > {_MAX_SORTED} is not supported"
            raise self.context.error("NOT_SUPPORTED", query.order_by[0], message)
        return planned

    def _count(self, node: n.Expression | None) -> str:
        if node is None:
            return ""
        if not isinstance(node, n.Literal) or node.kind != "integer":
            raise self.context.error("TYPE_MISMATCH", node, "LIMIT and OFFSET must be integers")
        return node.text

    def _body(self, body: n.Body, outer: Scope | None, ordering: Ordering) -> Planned:
        match body:
            case n.Select():
                return SelectPlanner(self, body, outer).plan(ordering)
            case n.Nested(query=query) if ordering.is_empty:
                return self.plan(query, outer)
            case n.Nested(query=query):
                sql, fields = self.plan(query, outer)
            case n.SetOperation():
                sql, fields = self._set_operation(body, outer)
            case n.Values():
                sql, fields = self._values(body, outer)
            case _:
                raise self.context.error("NOT_SUPPORTED", body, "The sandbox's Athena has no such query")
        return self._sorted(sql, fields, outer, ordering)

    def _sorted(self, sql: str, fields: tuple[Field, ...], outer: Scope | None, ordering: Ordering) -> Planned:
        """ORDER BY and LIMIT of rows that have only their own columns."""
        if ordering.is_empty:
            return sql, fields
        alias = self.context.unique("r")
        fields = tuple(f.of_rows() for f in fields)
        moved = tuple(f.within(alias) for f in fields)
        binder = self._binder(Scope(moved, outer), "ORDER BY clause")
        keys = sort_keys(self.context, ordering, lambda item: self._sort_key(item, moved, binder))
        head = f"SELECT {listed(f'{alias}.{name} AS {name}' for f in fields for name in f.columns)}"
        if ordering.ties:
            fields = tuple(replace(f, parsed=None) for f in fields)
        elif any(f.parsed is not None for f in fields):
            fields = tuple(f.indirect() for f in fields)
        return limited(self.context, head, f" FROM ({sql}) AS {alias}", keys, ordering, fields), fields

    def _sort_key(self, item: n.Sort, fields: Sequence[Field], binder: Binder) -> Value:
        place = ordinal(item.expression)
        if place is not None:
            if not 1 <= place <= len(fields):
                message = f"ORDER BY position {place} is not in select list"
                raise self.context.error("INVALID_COLUMN_REFERENCE", item, message)
            return fields[place - 1].value
        return binder.bind(item.expression)

    def _set_operation(self, body: n.SetOperation, outer: Scope | None) -> Planned:
        before = len(self.context.outer_references)
        left_sql, left = self._body(body.left, outer, Ordering())
        right_sql, right = self._body(body.right, outer, Ordering())
        check_rows(self.context, body, outer, before)
        left, right = (tuple(f for f in fields if not f.hidden) for fields in (left, right))
        if len(left) != len(right):
            message = f"{body.operator} query has different number of fields: {len(left)}, {len(right)}"
            raise self.context.error("TYPE_MISMATCH", body, message)
        types = [common_type(a.type, b.type) for a, b in zip(left, right, strict=True)]
        names = [self.context.unique("c") for _ in left]
        keeps_all = body.every and body.operator == "UNION"
        fields: list[Field] = []
        for i, (type_, a, b) in enumerate(zip(types, left, right, strict=True), 1):
            if type_ is None:
                message = (
                    f"column {i} in {body.operator} query has incompatible types: {a.type.athena}, {b.type.athena}"
                )
                raise self.context.error("TYPE_MISMATCH", body, message)
            if not keeps_all and not has_trait(type_, "comparable"):
                message = f"column {i} in {body.operator} query is not comparable: {type_.athena}"
                raise self.context.error("TYPE_MISMATCH", body, message)
            fields.append(
                Field(
                    *(a.name, (), type_, names[i - 1], a.spelled),
                    parsed=self._either(a, b, keeps_all=keeps_all),
                    guarded=a.guarded or b.guarded,
                )
            )
        sides = [
            self._converted(sql, side, fields, names, keeps_all=keeps_all)
            for sql, side in ((left_sql, left), (right_sql, right))
        ]
        operator = f"{body.operator} ALL" if body.every else body.operator
        if not keeps_all and any(has_variants(f.type) for f in fields):
            if body.operator != "UNION":
                return self._filtered(body, sides, fields), tuple(fields)
            side = self.context.unique("c")
            rows = " UNION ALL ".join(f"(SELECT *, {i} AS {side} FROM {sql})" for i, sql in enumerate(sides))
            columns = f"{operators.distinct([f.value for f in fields])} {', '.join(names)}"
            return f"SELECT {columns} FROM ({rows}) ORDER BY {side}", tuple(fields)
        return f"{sides[0]} {operator} {sides[1]}", tuple(fields)

    def _either(self, a: Field, b: Field, *, keeps_all: bool) -> ParsedText | None:
        """The text of a column of a set operation, if either side has one; UNION ALL only keeps it."""
        if not keeps_all or (a.parsed is None and b.parsed is None):
            return None
        name = self.context.unique("c")
        self.context.droppable.add(name)
        return ParsedText(name)

    def _filtered(self, body: n.SetOperation, sides: Sequence[str], fields: Sequence[Field]) -> str:
        """INTERSECT or EXCEPT by the columns' keys: the left side's rows, of ALL each as often as it counts."""
        left, right, number = self.context.unique("r"), self.context.unique("r"), self.context.unique("c")
        pairs = [
            tuple(operators.group_key(replace(f, sql=f"{a}.{f.sql}").value) for a in (left, right)) for f in fields
        ]
        rows = list(sides)
        if body.every:
            for f in fields:
                if not has_trait(f.type, "orderable"):
                    # Trino numbers the rows with a window, whose partitions it sorts.
                    raise self.context.error("GENERIC_INTERNAL_ERROR", body, f"{f.type.athena} is not orderable")
            keys = ", ".join(operators.group_key(f.value) for f in fields)
            rows = [f"(SELECT *, row_number() OVER (PARTITION BY {keys}) AS {number} FROM {side})" for side in sides]
            pairs.append((f"{left}.{number}", f"{right}.{number}"))
        same = " AND ".join(f"{a} IS NOT DISTINCT FROM {b}" for a, b in pairs)
        kind = "SEMI" if body.operator == "INTERSECT" else "ANTI"
        distinct = "" if body.every else f"DISTINCT ON ({', '.join(a for a, _ in pairs)}) "
        columns = ", ".join(f"{left}.{f.sql} AS {f.sql}" for f in fields)
        return f"SELECT {distinct}{columns} FROM {rows[0]} AS {left} {kind} JOIN {rows[1]} AS {right} ON {same}"

    def _converted(
        self, sql: str, side: Sequence[Field], fields: Sequence[Field], names: Sequence[str], *, keeps_all: bool
    ) -> str:
        """One side of a set operation. One that `keeps_all` rows compares none, so that it needs no column for that.

        Where no value is converted the columns take their names where they are selected.
        """
        if keeps_all and all(_is_as_it_was(a, f) for a, f in zip(side, fields, strict=True)):
            renamed = {a.column: name for a, name in zip(side, names, strict=True)}
            if len(renamed) == len(names):
                return f"({with_names(sql, renamed)})"
        alias = self.context.unique("r")
        moved = [a.within(alias) for a in side]
        selected = [
            f"{null_typed(coerce(a.value, f.type))} AS {name}" for a, f, name in zip(moved, fields, names, strict=True)
        ]
        selected += [
            f"{'CAST(NULL AS VARCHAR)' if a.parsed is None else a.parsed.sql} AS {f.parsed.sql}"
            for a, f in zip(moved, fields, strict=True)
            if f.parsed is not None
        ]
        self.context.droppable.update(a.column for a in side)
        return f"(SELECT {listed(selected) if keeps_all else ', '.join(selected)} FROM ({sql}) AS {alias})"

    def _values(self, body: n.Values, outer: Scope | None) -> Planned:
        binder, before = self._binder(Scope((), outer), "VALUES"), len(self.context.outer_references)
        rows = [self._row(binder, row) for row in body.rows]
        if len(rows) > 1:
            check_rows(self.context, body, outer, before)
        width = len(rows[0])
        if any(len(row) != width for row in rows):
            message = f"Values rows have mismatched sizes: {sorted({len(row) for row in rows})}"
            raise self.context.error("TYPE_MISMATCH", body, message)
        columns: list[list[Value]] = []
        for i in range(width):
            items = [row[i] for row in rows]
            columns.append(binder.unified(items, list(body.rows), "Values rows have mismatched types"))
        names = [self.context.unique("c") for _ in range(width)]
        lines = ", ".join(f"({', '.join(null_typed(column[r]) for column in columns)})" for r in range(len(rows)))
        fields = tuple(
            Field(None, (), column[0].type, name, origin="values") for column, name in zip(columns, names, strict=True)
        )
        alias = self.context.unique("r")
        return f"SELECT {', '.join(names)} FROM (VALUES {lines}) AS {alias}({', '.join(names)})", fields

    @staticmethod
    def _row(binder: Binder, row: n.Expression) -> list[Value]:
        if isinstance(row, n.Row):
            return [binder.bind(item) for item in row.items]
        value = binder.bind(row)
        if value.type.name == "row":
            return [
                Value(member, f"struct_extract({value.sql}, 'f{i}')") for i, member in enumerate(value.type.members, 1)
            ]
        return [value]


def _is_as_it_was(column: Field, combined: Field) -> bool:
    """Whether a side's column is that of its set operation without a conversion or a column beside it."""
    return column.type == combined.type and column.type.name != "unknown" and not (column.parsed or combined.parsed)


def _refers(query: object, name: str) -> bool:
    return any(isinstance(part, n.Table) and part.parts == (name,) for part in walked(query))


def _deeper(body: n.Body, context: PlanningContext) -> n.Body:
    """The step of a recursion, with the depth as its last column."""
    if isinstance(body, n.Nested) and not body.query.ctes and not body.query.order_by and body.query.limit is None:
        return _deeper(body.query.body, context)
    if not isinstance(body, n.Select) or body.distinct or body.group_by:
        raise context.error("NOT_SUPPORTED", body, "The sandbox's Athena has no such step of a recursion")
    depth = n.Arithmetic("+", n.Name(_DEPTH, _DEPTH), n.Literal("integer", "1"))
    return replace(body, items=(*body.items, n.SelectItem(depth, None, None)))


def plan_query(context: PlanningContext, query: n.Query) -> Planned:
    """A whole statement's SQL and columns."""
    return Queries(context, {}).plan(query, None)
