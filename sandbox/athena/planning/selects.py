"""SELECT: the clauses in Trino's order, each with the names that it sees.

Source of the rules: trino 435, core/trino-main/src/main/java/io/trino/sql/analyzer/StatementAnalyzer.java.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.athena.functions.signature import has_trait
from sandbox.athena.planning import operators, views
from sandbox.athena.planning.aggregation import Grouped, canonical_form, grouping_sets
from sandbox.athena.planning.calls import Calls, is_aggregate
from sandbox.athena.planning.correlation import Correlation, check_rows
from sandbox.athena.planning.expressions import Binder
from sandbox.athena.planning.guards import Guards
from sandbox.athena.planning.items import SelectItems, with_aliases
from sandbox.athena.planning.jsonreadings import Readings
from sandbox.athena.planning.names import qualified
from sandbox.athena.planning.ordering import Ordering, limited, ordinal, sort_keys
from sandbox.athena.planning.pruning import ObjectValues
from sandbox.athena.planning.relations import Relation, Relations
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.scans import conditions
from sandbox.athena.planning.scope import Field, Scope
from sandbox.athena.planning.typed import null_typed
from sandbox.athena.planning.unused import listed
from sandbox.athena.planning.windows import definitions, specified
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.queries import Queries

Planned = tuple[str, tuple[Field, ...]]

_NOT_IN_DISTINCT = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"


class SelectPlanner:
    """Plans one SELECT: its clauses in Trino's order, each with the names that it sees."""

    def __init__(self, queries: Queries, select: n.Select, outer: Scope | None) -> None:
        self._queries = queries
        self._context = queries.context
        self._select = select
        self._outer = outer
        self._windows = definitions(self._context, select.windows)
        before = len(self._context.outer_references)
        self._relation = self._from()
        if isinstance(select.source, n.Join):
            check_rows(self._context, select, outer, before)
        self._below = self._context.outer_references[before:]
        self._scope = Scope(self._relation.fields, outer)
        self._guards = Guards.of(self._relation.fields, filtered=self._relation.filtered or select.where is not None)
        self._grouped: Grouped | None = None

    def _from(self) -> Relation:
        if self._select.source is None:
            return Relation("", ())
        relations = Relations(
            self._context,
            self._outer,
            self._queries.ctes,
            lambda query, scope: self._queries.plan(query, scope),
            lambda table, node: views.plan_view(self._context, table, node, self._queries.view),
            lambda scope, place: Binder(self._context, scope, self._queries.subquery, place=place),
            _is_unnest_alone(self._select),
        )
        return relations.plan(self._select.source)

    def plan(self, ordering: Ordering) -> Planned:
        """The SELECT with its ORDER BY and LIMIT."""
        select = self._select
        source = f" FROM {self._relation.sql}" if self._relation.sql else ""
        readings = Readings(select, self._scope.fields, self._outer, ordering)
        self._scope.fields = readings.in_where
        where = self._where()
        self._scope.fields = readings.behind
        items = self._items()
        binder = self._behind(items, ordering)
        for window in self._windows.values():
            specified(binder, window)
        outputs: list[Field] = []
        selected, texts, row = list[str](), list[str](), list[Value]()
        of_objects = self._of_objects() if self._keeps_rows(ordering) else None
        if self._grouped is not None:
            self._guards = self._grouped.guards(self._guards, filtered=select.having is not None)
        for expression, value, name, spelled in items.bound(binder):
            column = self._context.unique("c")
            selected.append(f"{null_typed(value)} AS {column}")
            origin, text = readings.output(binder.scope, expression, value)
            if text is not None:
                parsed = self._context.unique("c")
                texts.append(f"{text.sql} AS {parsed}")
                text = replace(text, sql=parsed)
            place = None if of_objects is None or text is not None else of_objects.of(expression, value)
            output = Field(name, (), value.type, column, spelled, origin=origin, parsed=text, of_object=place)
            outputs.append(replace(output, guarded=not ordering.limit and self._guards.guard(value.sql)))
            row.append(value)
        if select.distinct:
            self._check_distinct(outputs)
        keys = sort_keys(self._context, ordering, lambda item: self._sort_key(item, items, outputs, binder))
        having = self._having(binder)
        if self._grouped is not None:
            source = f" FROM {self._grouped.sql(source, where)}"
            where = having
        if texts and (select.distinct or ordering.ties):
            outputs = [replace(f, parsed=None) for f in outputs]
        elif texts:
            self._context.droppable.update(name for f in outputs for name in f.columns[1:])
            selected += texts
        columns = f"{operators.distinct(row)} {', '.join(selected)}" if select.distinct else listed(selected)
        head = f"SELECT {columns}"
        if not _is_unnest_alone(select):
            Correlation(self._context, select, self._scope, self._grouped is not None, self._below).check(ordering)
        fields = tuple(outputs)
        return limited(self._context, head, f"{source}{where}", keys, ordering, fields), fields

    def _where(self) -> str:
        where, scans = self._select.where, self._relation.unplaced
        if where is None:
            return f" WHERE {conditions(scans)}" if scans else ""
        binder = Binder(self._context, self._scope, self._queries.subquery, place="WHERE clause")
        condition = binder.condition(where, "WHERE clause", Guards.seen(self._scope))
        self._of_objects().prune(where)
        return f" WHERE {conditions(scans, condition.sql)}"

    def _of_objects(self) -> ObjectValues:
        return ObjectValues(self._scope, lambda scope: Binder(self._context, scope, self._queries.subquery))

    def _keeps_rows(self, ordering: Ordering) -> bool:
        """Whether a row of the result is one of the sources' that WHERE keeps, whichever other rows there are."""
        calls = (part for part in walked(self._select.items) if isinstance(part, n.Call))
        plain = self._grouped is None and not self._select.distinct and ordering.is_empty
        return plain and all(call.over is None for call in calls)

    def _having(self, binder: Binder) -> str:
        having = self._select.having
        if having is None:
            return ""
        inner = binder.inside(binder.scope)
        inner.place = "HAVING clause"
        return f" WHERE {inner.condition(having, 'HAVING clause', self._guards).sql}"

    def _items(self) -> SelectItems:
        items = SelectItems()
        for item in self._select.items:
            if isinstance(item, n.SelectItem):
                items.add(item.expression, item.alias, item.spelled)
            else:
                self._star(item, items)
        return items

    def _star(self, star: n.Star, items: SelectItems) -> None:
        binder = Binder(self._context, self._scope, self._queries.subquery)
        base = star.base
        if base is None:
            if self._select.source is None:
                raise self._context.error(
                    "COLUMN_NOT_FOUND", star, "SELECT * not allowed in queries without FROM clause"
                )
            found = [f for f in self._relation.fields if not f.hidden]
        else:
            parts = qualified(base)
            found = None if parts is None else self._of_relation(parts)
            if found is None:
                value = self._starred(base, binder)
                if value.type.name != "row":
                    raise self._context.error("TYPE_MISMATCH", star, "expected expression of type Row")
                found = [
                    Field(name or None, (), member, f"struct_extract({value.sql}, 'f{i}')")
                    for i, (name, member) in enumerate(value.type.fields, 1)
                ]
        names: Sequence[tuple[str | None, str | None]] = [(f.name, f.spelled) for f in found]
        if star.columns:
            if len(star.columns) != len(found):
                message = "Column alias list does not match the number of columns"
                raise self._context.error("MISMATCHED_COLUMN_ALIASES", star, message)
            names = list(zip(star.columns, star.spelled, strict=True))
        for f, (name, spelled) in zip(found, names, strict=True):
            items.add_field(f, name, spelled, star)

    def _starred(self, base: n.Expression, binder: Binder) -> Value:
        """The value of a row before `.*`; a name must begin with its relation's."""
        parts = qualified(base)
        is_column = parts is None or any(
            any(f.name == parts[count] and f.type.name == "row" for f in self._of_relation(parts[:count]) or ())
            for count in range(1, len(parts))
        )
        if not is_column:
            message = f"Unable to resolve reference {'.'.join(parts or ())}"
            raise self._context.error("TABLE_NOT_FOUND", base, message)
        return binder.bind(base)

    def _of_relation(self, parts: tuple[str, ...]) -> list[Field] | None:
        scope: Scope | None = self._scope
        while scope is not None:
            found = [f for f in scope.fields if f.relation[-len(parts) :] == parts and not f.hidden]
            if found:
                return found
            scope = scope.parent
        return None

    def _behind(self, items: SelectItems, ordering: Ordering) -> Binder:
        """The binder of the select list, HAVING and ORDER BY: after the grouping if there is one."""
        select = self._select
        source = Binder(self._context, self._scope, self._queries.subquery, place="GROUP BY clause")
        expressions = [e for e in items.expressions if e is not None]
        sorts = [item.expression for item in ordering.items]
        having = [] if select.having is None else [select.having]
        if not select.group_by and not having and not any(_has_aggregate(e) for e in (*expressions, *sorts)):
            calls = Calls(windows=self._windows)
            return Binder(self._context, self._scope, self._queries.subquery, place="SELECT clause", calls=calls)
        called = walked((*expressions, *sorts), stop=(n.Query,))
        if not select.group_by and any(isinstance(part, n.Call) and part.name == "grouping" for part in called):
            message = "A GROUPING() operation can only be used with a corresponding GROUP BY clause"
            raise self._context.error("MISSING_GROUP_BY", select, message)
        for group in select.group_by:
            if not group.simple:
                self._check_columns(group, source)
        sets = [tuple(self._group_key(e, items) for e in some) for some in grouping_sets(select.group_by)]
        simple = all(group.simple for group in select.group_by)
        self._grouped = Grouped(self._context, source, sets[0] if simple else ())
        if not simple:
            self._grouped.group_by_sets(sets, distinct=select.group_distinct)
        return self._grouped.binder(self._windows, "SELECT clause")

    def _check_columns(self, group: n.Grouping, source: Binder) -> None:
        """Check that the elements of ROLLUP, CUBE and GROUPING SETS are columns."""
        for expression in dict.fromkeys(e for some in group.sets for e in some):
            parts = qualified(expression)
            if not (isinstance(expression, n.Literal) and expression.kind == "integer"):
                source.bind(expression)
            if parts is None or source.column(parts, expression) is None:
                message = "GROUP BY expression must be a column reference"
                raise self._context.error("INVALID_COLUMN_REFERENCE", expression, message)

    def _group_key(self, expression: n.Expression, items: SelectItems) -> n.Expression:
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

    def _sort_key(self, item: n.Sort, items: SelectItems, outputs: Sequence[Field], binder: Binder) -> Value:
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
            if len(named) > 1:
                message = f"Column '{expression.spelled}' is ambiguous"
                raise self._context.error("AMBIGUOUS_NAME", expression, message)
            if named:
                return named[0].value
        names = {f.name for f in outputs}
        self._check_aggregates(expression, names)
        parts = walked(expression, stop=(n.Query, n.Dereference, n.Lambda))
        if self._select.distinct and any(isinstance(part, n.Name) and part.name in names for part in parts):
            # Such a name is the result's column, so the expression is not one of the select list.
            raise self._context.error("EXPRESSION_NOT_IN_DISTINCT", item, _NOT_IN_DISTINCT)
        canonical = canonical_form(expression, self._scope)
        for i, f in enumerate(outputs):
            if items.canonical(i, self._scope) == canonical:
                return f.value
        if self._select.distinct:
            raise self._context.error("EXPRESSION_NOT_IN_DISTINCT", item, _NOT_IN_DISTINCT)
        aliases = {f.name: expression for f, expression in zip(outputs, items.expressions, strict=True) if f.name}
        return binder.bind(with_aliases(expression, aliases))

    def _check_aggregates(self, expression: n.Expression, outputs: set[str | None]) -> None:
        """Check that no aggregate of ORDER BY has a name of the select list, which hides the source's column."""
        for call in walked(expression, stop=(n.Query,)):
            if not _is_aggregate_call(call):
                continue
            for part in walked(call, stop=(n.Query, n.Dereference, n.Lambda)):
                if isinstance(part, n.Name) and part.name in outputs:
                    if isinstance(call, n.Call) and call.name == "grouping":
                        message = "Invalid reference to output of SELECT clause from grouping() expression in ORDER BY"
                        raise self._context.error("INVALID_ARGUMENTS", part, message)
                    message = "Invalid reference to output projection attribute from ORDER BY aggregation"
                    raise self._context.error("COLUMN_NOT_FOUND", part, message)


def _has_aggregate(node: object) -> bool:
    return any(_is_aggregate_call(part) for part in walked(node, stop=(n.Query,)))


def _is_aggregate_call(node: n.Node) -> bool:
    return isinstance(node, n.Call) and node.over is None and (node.name == "grouping" or is_aggregate(node.name))


def _is_unnest_alone(select: n.Select) -> bool:
    """SELECT … FROM UNNEST(…) with nothing else: the form in which Trino takes columns of the query around it."""
    source = select.source.relation if isinstance(select.source, n.Aliased) else select.source
    clauses = (select.where, select.having, *select.group_by, *select.windows)
    calls = [part for part in walked(select.items, stop=(n.Query,)) if isinstance(part, n.Call)]
    return (
        isinstance(source, n.Unnest)
        and not select.distinct
        and all(clause is None for clause in clauses)
        and all(call.filter is None and call.over is None for call in calls)
    )
