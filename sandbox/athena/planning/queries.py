"""Queries: each becomes DuckDB's SQL whose columns have names that nothing else in the statement has.

So DuckDB resolves no name of the user's: aliases, clauses and scopes follow Trino's rules alone. Source of the rules:
trino 435, core/trino-main/src/main/java/io/trino/sql/analyzer/StatementAnalyzer.java.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.athena import types as t
from sandbox.athena.coercions import common_type
from sandbox.athena.conversions import coerce
from sandbox.athena.functions.signature import has_trait
from sandbox.athena.planning import operators, views
from sandbox.athena.planning.aggregation import Grouped, canonical_form, grouping_sets
from sandbox.athena.planning.calls import Calls, direction, is_aggregate
from sandbox.athena.planning.context import Context
from sandbox.athena.planning.expressions import Binder, null_typed, qualified
from sandbox.athena.planning.pruning import prune
from sandbox.athena.planning.relations import Cte, Relation, Relations
from sandbox.athena.planning.rewriting import replaced, walked
from sandbox.athena.planning.scope import Field, Scope
from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax import parse_query
from sandbox.athena.values import Value, fail

Planned = tuple[str, tuple[Field, ...]]
_DEPTH = "$depth"
RECURSION_LIMIT = 10
"""Steps of WITH RECURSIVE: Trino's max_recursion_depth."""


@dataclass(frozen=True)
class Ordering:
    """What follows a query's body."""

    items: tuple[n.Sort, ...] = ()
    offset: str = ""
    limit: str = ""
    ties: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing follows."""
        return not self.items and not self.offset and not self.limit


@dataclass(frozen=True)
class Queries:
    """Plans queries with the common table expressions that they see."""

    context: Context
    ctes: Mapping[str, Cte]

    def plan(self, query: n.Query, outer: Scope | None) -> Planned:
        """A query's SQL and columns; `outer` is what it sees of the query around it."""
        inner, texts = self, list[str]()
        recursive = False
        for cte in query.ctes:
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
        """A subquery of an expression: its columns are named."""
        return self.plan(query, scope)

    def _binder(self, scope: Scope, place: str) -> Binder:
        return Binder(self.context, scope, self.subquery, place=place)

    def _cte(self, cte: n.With) -> tuple[str, Cte]:
        sql, fields = self.plan(cte.query, None)
        name = self.context.unique("w")
        shown = self._renamed(cte, [f for f in fields if not f.hidden])
        return f"{name} AS ({sql})", Cte(name, shown)

    def _renamed(self, cte: n.With, fields: Sequence[Field]) -> tuple[Field, ...]:
        names: Sequence[str | None] = [f.name for f in fields]
        if cte.columns is not None:
            if len(cte.columns) != len(fields):
                message = f"Column alias list has {len(cte.columns)} entries but relation has {len(fields)} columns"
                raise self.context.error("MISMATCHED_COLUMN_ALIASES", cte, message)
            names = cte.columns
        return tuple(
            replace(f, name=name, relation=(), sql=f.sql.rpartition(".")[2], spelled=None)
            for f, name in zip(fields, names, strict=True)
        )

    def _recursive(self, cte: n.With) -> tuple[str, Cte]:
        """WITH RECURSIVE, with a column for the depth; Trino fails beyond ten steps."""
        body = cte.query.body
        if not isinstance(body, n.SetOperation) or body.operator != "UNION" or not body.every:
            message = "Recursive reference outside of UNION ALL is not supported"
            raise self.context.error("NOT_SUPPORTED", cte, message)
        if cte.columns is None:
            raise self.context.error("MISSING_COLUMN_ALIASES", cte, "Recursive queries require column aliases")
        first_sql, first = self._body(body.left, None, Ordering())
        name, depth = self.context.unique("w"), self.context.unique("c")
        columns = self._renamed(cte, first)
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
        base = ", ".join(null_typed(replace(f, sql=f"{alias}.{_name(f)}").value) for f in first)
        moved = [replace(f, sql=f"{alias}.{_name(f)}").value for f in found]
        stepped = ", ".join(coerce(v, f.type).sql for v, f in zip(moved, first, strict=False))
        listed = ", ".join([_name(f) for f in columns] + [depth])
        reached = moved[-1].sql
        message = f"'Recursion depth limit exceeded ({RECURSION_LIMIT})'"
        checked = (
            f"CASE WHEN {reached} >= {RECURSION_LIMIT} THEN {fail('NOT_SUPPORTED', message, t.BOOLEAN)} ELSE true END"
        )
        sql = (
            f"{name}({listed}) AS (SELECT {base}, CAST(0 AS INTEGER) FROM ({first_sql}) AS {alias} UNION ALL"
            f" SELECT {stepped}, {reached} FROM ({step_sql}) AS {alias} WHERE {checked})"
        )
        return sql, Cte(name, columns)

    def _ordered(self, query: n.Query, outer: Scope | None) -> Planned:
        ordering = Ordering(
            query.order_by,
            self._count(query.offset_rows),
            self._count(query.limit),
            query.ties,
        )
        return self._body(query.body, outer, ordering)

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
        """ORDER BY and LIMIT of rows that have no columns but their own."""
        if ordering.is_empty:
            return sql, fields
        alias = self.context.unique("r")
        moved = tuple(replace(f, sql=f"{alias}.{_name(f)}") for f in fields)
        binder = self._binder(Scope(moved, outer), "ORDER BY clause")
        keys = [(operators.group_key(self._sort_key(item, moved, binder)), direction(item)) for item in ordering.items]
        names = ", ".join(f"{f.sql} AS {_name(f)}" for f in moved)
        return limited(self.context, f"SELECT {names}", f" FROM ({sql}) AS {alias}", keys, ordering, fields), fields

    def _sort_key(self, item: n.Sort, fields: Sequence[Field], binder: Binder) -> Value:
        place = ordinal(item.expression)
        if place is not None:
            if not 1 <= place <= len(fields):
                message = f"ORDER BY position {place} is not in select list"
                raise self.context.error("INVALID_COLUMN_REFERENCE", item, message)
            return fields[place - 1].value
        return binder.bind(item.expression)

    def _set_operation(self, body: n.SetOperation, outer: Scope | None) -> Planned:
        left_sql, left = self._body(body.left, outer, Ordering())
        right_sql, right = self._body(body.right, outer, Ordering())
        left, right = (tuple(f for f in fields if not f.hidden) for fields in (left, right))
        if len(left) != len(right):
            message = f"{body.operator} query has different number of fields: {len(left)}, {len(right)}"
            raise self.context.error("TYPE_MISMATCH", body, message)
        types = [common_type(a.type, b.type) for a, b in zip(left, right, strict=True)]
        names = [self.context.unique("c") for _ in left]
        fields: list[Field] = []
        for i, (type_, a, b) in enumerate(zip(types, left, right, strict=True), 1):
            if type_ is None:
                message = (
                    f"column {i} in {body.operator} query has incompatible types: {a.type.athena}, {b.type.athena}"
                )
                raise self.context.error("TYPE_MISMATCH", body, message)
            if not (body.every and body.operator == "UNION") and not has_trait(type_, "comparable"):
                message = f"column {i} in {body.operator} query is not comparable: {type_.athena}"
                raise self.context.error("TYPE_MISMATCH", body, message)
            fields.append(Field(a.name, (), type_, names[i - 1], a.spelled))
        sides = [self._converted(sql, side, fields, names) for sql, side in ((left_sql, left), (right_sql, right))]
        operator = f"{body.operator} ALL" if body.every else body.operator
        return f"{sides[0]} {operator} {sides[1]}", tuple(fields)

    def _converted(self, sql: str, side: Sequence[Field], fields: Sequence[Field], names: Sequence[str]) -> str:
        alias = self.context.unique("r")
        selected = ", ".join(
            f"{null_typed(coerce(Value(a.type, f'{alias}.{_name(a)}'), f.type))} AS {name}"
            for a, f, name in zip(side, fields, names, strict=True)
        )
        return f"(SELECT {selected} FROM ({sql}) AS {alias})"

    def _values(self, body: n.Values, outer: Scope | None) -> Planned:
        binder = self._binder(Scope((), outer), "VALUES")
        rows = [self._row(binder, row) for row in body.rows]
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
        fields = tuple(Field(None, (), column[0].type, name) for column, name in zip(columns, names, strict=True))
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


class SelectPlanner:
    """Plans one SELECT: its clauses in Trino's order, each with what it sees."""

    def __init__(self, queries: Queries, select: n.Select, outer: Scope | None) -> None:
        self._queries = queries
        self._context = queries.context
        self._select = select
        self._outer = outer
        self._windows = dict(select.windows)
        self._relation = self._from()
        self._scope = Scope(self._relation.fields, outer)
        self._grouped: Grouped | None = None

    def _from(self) -> Relation:
        if self._select.source is None:
            return Relation("", ())
        relations = Relations(
            self._context,
            self._outer,
            self._queries.ctes,
            lambda query, scope: self._queries.plan(query, scope),
            lambda table, node: views.plan_view(self._context, table, node, _plan_text),
            lambda scope, place: Binder(self._context, scope, self._queries.subquery, place=place),
        )
        return relations.plan(self._select.source)

    def plan(self, ordering: Ordering) -> Planned:
        """The SELECT with its ORDER BY and LIMIT."""
        select = self._select
        source = f" FROM {self._relation.sql}" if self._relation.sql else ""
        where = self._where()
        items = self._items()
        binder = self._behind(items, ordering)
        outputs: list[Field] = []
        selected: list[str] = []
        for expression, value, name, spelled in items.bound(binder):
            del expression
            column = self._context.unique("c")
            selected.append(f"{null_typed(value)} AS {column}")
            outputs.append(Field(name, (), value.type, column, spelled))
        if select.distinct:
            self._check_distinct(outputs)
        keys = self._sort_keys(ordering, items, outputs, binder)
        having = self._having(binder)
        if self._grouped is not None:
            source = f" FROM {self._grouped.sql(source, where)}"
            where = having
        head = f"SELECT {'DISTINCT ' if select.distinct else ''}{', '.join(selected)}"
        fields = tuple(outputs)
        return limited(self._context, head, f"{source}{where}", keys, ordering, fields), fields

    def _where(self) -> str:
        where = self._select.where
        if where is None:
            return ""
        binder = Binder(self._context, self._scope, self._queries.subquery, place="WHERE clause")
        condition = binder.condition(where, "WHERE clause")
        for read in self._relation.prunable:
            if read.table.partition_columns:
                prune(read, where, self._scope, lambda scope: Binder(self._context, scope, self._queries.subquery))
        return f" WHERE {condition.sql}"

    def _having(self, binder: Binder) -> str:
        having = self._select.having
        if having is None:
            return ""
        inner = binder.inside(binder.scope)
        inner.place = "HAVING clause"
        return f" WHERE {inner.condition(having, 'HAVING clause').sql}"

    def _items(self) -> Items:
        items = Items()
        for item in self._select.items:
            if isinstance(item, n.SelectItem):
                items.add(item.expression, item.alias, item.spelled)
            else:
                self._star(item, items)
        return items

    def _star(self, star: n.Star, items: Items) -> None:
        binder = Binder(self._context, self._scope, self._queries.subquery)
        base = star.base
        if base is None:
            if self._select.source is None:
                raise self._context.error(
                    "COLUMN_NOT_FOUND", star, "SELECT * not allowed in queries without FROM clause"
                )
            found = [f for f in self._relation.fields if not f.hidden]
        else:
            found = self._of_relation(base)
            if found is None:
                value = binder.bind(base)
                if value.type.name != "row":
                    raise self._context.error("TYPE_MISMATCH", star, "expected expression of type Row")
                found = [
                    Field(name or None, (), member, f"struct_extract({value.sql}, 'f{i}')")
                    for i, (name, member) in enumerate(value.type.fields, 1)
                ]
        names: Sequence[str | None] = [f.name for f in found]
        if star.columns:
            if len(star.columns) != len(found):
                message = "Column alias list does not match the number of columns"
                raise self._context.error("MISMATCHED_COLUMN_ALIASES", star, message)
            names = star.columns
        for f, name in zip(found, names, strict=True):
            items.add_field(f, name, star)

    def _of_relation(self, base: n.Expression) -> list[Field] | None:
        parts = qualified(base)
        if parts is None:
            return None
        scope: Scope | None = self._scope
        while scope is not None:
            found = [f for f in scope.fields if f.relation[-len(parts) :] == parts and not f.hidden]
            if found:
                return found
            scope = scope.parent
        return None

    def _behind(self, items: Items, ordering: Ordering) -> Binder:
        """The binder of the select list, HAVING and ORDER BY: behind a grouping if there is one."""
        select = self._select
        source = Binder(self._context, self._scope, self._queries.subquery, place="GROUP BY clause")
        expressions = [e for e in items.expressions if e is not None]
        sorts = [item.expression for item in ordering.items]
        having = [] if select.having is None else [select.having]
        if not select.group_by and not having and not any(_has_aggregate(e) for e in (*expressions, *sorts)):
            calls = Calls(windows=self._windows)
            return Binder(self._context, self._scope, self._queries.subquery, place="SELECT clause", calls=calls)
        sets = [tuple(self._group_key(e, items) for e in some) for some in
                grouping_sets(select.group_by, distinct=select.group_distinct)]  # fmt: skip
        simple = all(group.simple for group in select.group_by)
        self._grouped = Grouped(self._context, source, sets[0] if simple else ())
        if not simple:
            self._grouped.group_by_sets(sets)
        return self._grouped.binder(self._windows, "SELECT clause")

    def _group_key(self, expression: n.Expression, items: Items) -> n.Expression:
        place = ordinal(expression)
        if place is None:
            return expression
        if not 1 <= place <= len(items.expressions):
            message = f"GROUP BY position {place} is not in select list"
            raise self._context.error("INVALID_COLUMN_REFERENCE", expression, message)
        return items.node(place - 1)

    def _check_distinct(self, outputs: Sequence[Field]) -> None:
        for f in outputs:
            if not has_trait(f.type, "comparable"):
                message = f"DISTINCT can only be applied to comparable types (actual: {f.type.athena})"
                raise self._context.error("TYPE_MISMATCH", self._select, message)

    def _sort_keys(
        self, ordering: Ordering, items: Items, outputs: Sequence[Field], binder: Binder
    ) -> list[tuple[str, str]]:
        keys: list[tuple[str, str]] = []
        for item in ordering.items:
            value = self._sort_key(item, items, outputs, binder)
            if not has_trait(value.type, "orderable"):
                message = f"Type {value.type.athena} is not orderable, and therefore cannot be used in ORDER BY"
                raise self._context.error("TYPE_MISMATCH", item, message)
            keys.append((operators.group_key(value), direction(item)))
        return keys

    def _sort_key(self, item: n.Sort, items: Items, outputs: Sequence[Field], binder: Binder) -> Value:
        """An ordinal, a column of the select list by its name, or an expression over them and the source."""
        expression = item.expression
        place = ordinal(expression)
        if place is not None:
            if not 1 <= place <= len(outputs):
                message = f"ORDER BY position {place} is not in select list"
                raise self._context.error("INVALID_COLUMN_REFERENCE", item, message)
            return outputs[place - 1].value
        if isinstance(expression, n.Name):
            named = [f for f in outputs if f.name == expression.name]
            if len({f.sql for f in named}) > 1:
                values = {items.canonical(i, self._scope) for i, f in enumerate(outputs) if f.name == expression.name}
                if len(values) > 1:
                    message = f"Column '{expression.spelled}' is ambiguous"
                    raise self._context.error("AMBIGUOUS_NAME", expression, message)
            if named:
                return named[0].value
        canonical = canonical_form(expression, self._scope)
        for i, f in enumerate(outputs):
            if items.canonical(i, self._scope) == canonical:
                return f.value
        if self._select.distinct:
            message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
            raise self._context.error("EXPRESSION_NOT_IN_DISTINCT", item, message)
        aliases = {f.name: expression for f, expression in zip(outputs, items.expressions, strict=True) if f.name}
        return binder.bind(_with_aliases(expression, aliases, self._scope))


class Items:
    """The select list: expressions of the query, or columns of `*`."""

    def __init__(self) -> None:
        self.expressions: list[n.Expression | None] = []
        self._fields: list[Field | None] = []
        self._names: list[tuple[str | None, str | None]] = []
        self._nodes: list[n.Node] = []

    def add(self, expression: n.Expression, alias: str | None, spelled: str | None) -> None:
        """An expression; without an alias, a name keeps its own."""
        if alias is None and isinstance(expression, (n.Name, n.Dereference)):
            alias, spelled = expression.name, expression.name
        self.expressions.append(expression)
        self._fields.append(None)
        self._names.append((alias, spelled))
        self._nodes.append(expression)

    def add_field(self, field: Field, name: str | None, node: n.Node) -> None:
        """A column of `*`."""
        parts = field.relation[-1:]
        expression: n.Expression | None = None
        if field.name is not None:
            expression = n.Name(field.name, field.name, offset=node.offset)
            if parts:
                expression = n.Dereference(n.Name(parts[0], parts[0], offset=node.offset), field.name, field.name,
                                           offset=node.offset)  # fmt: skip
        self.expressions.append(expression)
        self._fields.append(field)
        self._names.append((name, None))
        self._nodes.append(node)

    def node(self, index: int) -> n.Expression:
        """The expression of an item, for GROUP BY 1."""
        expression = self.expressions[index]
        if expression is None:
            raise TypeError("a column without a name cannot be grouped by its position")
        return expression

    def canonical(self, index: int, scope: Scope) -> object:
        """An item in comparable form."""
        field = self._fields[index]
        if field is not None:
            return ("column", field.sql)
        return canonical_form(self.expressions[index], scope)

    def bound(self, binder: Binder) -> list[tuple[n.Expression | None, Value, str | None, str | None]]:
        """Each item with its value, name and the name as it was spelled."""
        found: list[tuple[n.Expression | None, Value, str | None, str | None]] = []
        for expression, field, (name, spelled) in zip(self.expressions, self._fields, self._names, strict=True):
            if field is not None and (binder.override is None or expression is None):
                value = field.value
            elif expression is not None:
                value = binder.bind(expression)
            else:
                raise TypeError("an item is an expression or a column")
            found.append((expression, value, name, spelled))
        return found


def _with_aliases(node: n.Expression, aliases: Mapping[str, n.Expression | None], scope: Scope) -> n.Expression:
    """An expression of ORDER BY with the select list's aliases replaced by what they name."""

    def replacement(part: n.Node) -> n.Node | None:
        if isinstance(part, n.Name) and part.name in aliases:
            return aliases[part.name]
        return part if isinstance(part, (n.Dereference, n.Query, n.Lambda)) else None

    del scope
    found = replaced(node, replacement)
    if not isinstance(found, n.Expression):
        raise TypeError("an expression stays one")
    return found


def limited(
    context: Context,
    head: str,
    tail: str,
    keys: Sequence[tuple[str, str]],
    ordering: Ordering,
    fields: Sequence[Field],
) -> str:
    """A SELECT (`head`) from its sources (`tail`) with ORDER BY, OFFSET and LIMIT; WITH TIES goes by the rank."""
    if ordering.ties:
        return _with_ties(context, head, tail, keys, ordering, fields)
    order = f" ORDER BY {', '.join(key + way for key, way in keys)}" if keys else ""
    offset = f" OFFSET {ordering.offset}" if ordering.offset else ""
    limit = f" LIMIT {ordering.limit}" if ordering.limit else ""
    return f"{head}{tail}{order}{limit}{offset}"


def _with_ties(
    context: Context,
    head: str,
    tail: str,
    keys: Sequence[tuple[str, str]],
    ordering: Ordering,
    fields: Sequence[Field],
) -> str:
    if ordering.offset or head.startswith("SELECT DISTINCT"):
        raise context.error(
            "NOT_SUPPORTED", ordering.items[0], "The sandbox's Athena has no WITH TIES behind OFFSET or DISTINCT"
        )
    rank, inner, outer = context.unique("c"), context.unique("r"), context.unique("r")
    named = [(context.unique("c"), key, way) for key, way in keys]
    extra = "".join(f", {key} AS {name}" for name, key, _ in named)
    names = ", ".join(_name(f) for f in fields)
    order = ", ".join(name + way for name, _, way in named)
    ranked = f"SELECT {names}, rank() OVER (ORDER BY {order}) AS {rank} FROM ({head}{extra}{tail}) AS {inner}"
    return f"SELECT {names} FROM ({ranked}) AS {outer} WHERE {rank} <= {ordering.limit} ORDER BY {rank}"


def ordinal(node: n.Expression) -> int | None:
    """The position that an integer literal of GROUP BY or ORDER BY means."""
    return int(node.text) if isinstance(node, n.Literal) and node.kind == "integer" else None


def _has_aggregate(node: object) -> bool:
    return any(
        isinstance(part, n.Call) and part.over is None and (part.name == "grouping" or is_aggregate(part.name))
        for part in walked(node, stop=(n.Query,))
    )


def _refers(query: object, name: str) -> bool:
    return any(isinstance(part, n.Table) and part.parts == (name,) for part in walked(query))


def _deeper(body: n.Body, context: Context) -> n.Body:
    """The step of a recursion, with the depth as its last column."""
    if isinstance(body, n.Nested) and not body.query.ctes and not body.query.order_by and body.query.limit is None:
        return _deeper(body.query.body, context)
    if not isinstance(body, n.Select) or body.distinct or body.group_by:
        raise context.error("NOT_SUPPORTED", body, "The sandbox's Athena has no such step of a recursion")
    depth = n.Arithmetic("+", n.Name(_DEPTH, _DEPTH), n.Literal("integer", "1"))
    return replace(body, items=(*body.items, n.SelectItem(depth, None, None)))


def _name(field: Field) -> str:
    return field.sql.rpartition(".")[2]


def _plan_text(context: Context, text: str) -> Planned:
    return Queries(context, {}).plan(parse_query(text), None)


def plan_query(context: Context, query: n.Query) -> Planned:
    """A whole statement's SQL and columns."""
    return Queries(context, {}).plan(query, None)
