"""FROM: tables, views, subqueries, UNNEST and joins become DuckDB's FROM items with columns of unique names.

Source of the rules: trino 435, core/trino-main/src/main/java/io/trino/sql/analyzer/StatementAnalyzer.java.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sandbox.athena import types as t
from sandbox.athena.catalogue import CATALOG, CatalogueTable
from sandbox.athena.coercions import common_type
from sandbox.athena.conversions import coerce
from sandbox.athena.planning import operators, stored
from sandbox.athena.planning.calls import is_aggregate
from sandbox.athena.planning.context import OuterReference, PlanningContext
from sandbox.athena.planning.expressions import Binder
from sandbox.athena.planning.guards import Guards, selects_of_one
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.scans import ScanUse, conditions
from sandbox.athena.planning.scope import Field, OfObject, Scope
from sandbox.athena.sql import identifier
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

PATH = "$path"


@dataclass(frozen=True)
class Relation:
    """A FROM item: its SQL, its columns, and the aliases of its scans.

    The query around it has the conditions on the objects of those that are `unplaced`. `filtered` is whether the
    condition of an inner join selects rows of one of its sides.
    """

    sql: str
    fields: tuple[Field, ...]
    scans: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    filtered: bool = False


@dataclass(frozen=True)
class Cte:
    """A common table expression: the DuckDB name of its rows, and its columns."""

    sql: str
    fields: tuple[Field, ...]


@dataclass
class Relations:
    """Plans FROM items. `query` plans a subquery, `view` a view, `ctes` are the names of WITH; `alone` is whether the
    FROM item is all of its query, so that it may be an UNNEST of columns around it.
    """

    context: PlanningContext
    outer: Scope | None
    ctes: Mapping[str, Cte]
    query: Callable[[n.Query, Scope | None], tuple[str, tuple[Field, ...]]]
    view: Callable[[CatalogueTable, n.Table], tuple[str, tuple[Field, ...]]]
    binder: Callable[[Scope, str], Binder]
    alone: bool = False
    using: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def plan(self, node: n.Relation, left: tuple[Field, ...] = ()) -> Relation:
        """A relation; `left` are the columns that UNNEST and LATERAL see."""
        match node:
            case n.Table():
                return self._table(node)
            case n.Aliased():
                return self._aliased(node, left)
            case n.Sampled():
                return self._sampled(node, left)
            case n.Derived():
                scope = Scope(left, self.outer) if node.lateral else self.outer
                sql, fields = self.query(node.query, scope)
                return self._subselect(sql, fields, lateral=node.lateral)
            case n.Unnest():
                return self._unnest(node, left)
            case n.Join():
                return self._join(node, left)
            case _:
                raise self.context.error("NOT_SUPPORTED", node, "The sandbox's Athena has no such relation")

    def _subselect(self, sql: str, fields: tuple[Field, ...], *, lateral: bool = False) -> Relation:
        alias = self.context.unique("r")
        self.context.droppable.update(f.column for f in fields)
        moved = tuple(replace(f.within(alias), relation=()) for f in fields if not f.hidden)
        return Relation(f"{'LATERAL ' if lateral else ''}({sql}) AS {alias}", moved)

    def _table(self, node: n.Table) -> Relation:
        *qualifier, name = node.parts
        cte = self.ctes.get(name) if not qualifier else None
        if cte is not None:
            alias = self.context.unique("r")
            fields = tuple(replace(f.within(alias), relation=(name,)) for f in cte.fields)
            return Relation(f"{cte.sql} AS {alias}", fields)
        if node.version is not None:
            raise self.context.error("NOT_SUPPORTED", node, "The sandbox's Athena has no time travel of this table")
        table, database = self._found(node), (qualifier or [self.context.database])[-1]
        relation = (CATALOG.lower(), database, name)
        if table.view is not None:
            sql, fields = self.view(table, node)
            planned = self._subselect(sql, fields)
            return replace(planned, fields=tuple(replace(f, relation=relation) for f in planned.fields))
        return self._scan(table, relation)

    def _found(self, node: n.Table) -> CatalogueTable:
        *qualifier, name = node.parts
        database = qualifier[-1] if qualifier else self.context.database
        if len(qualifier) == 2 and qualifier[0] not in {CATALOG.lower(), "hive"}:
            raise self.context.error("CATALOG_NOT_FOUND", node, f"Catalog '{qualifier[0]}' does not exist")
        table = self.context.table(database, name)
        if table is not None:
            return table
        if not self.context.catalogue.has_database(database):
            raise self.context.error("SCHEMA_NOT_FOUND", node, f"Schema '{database}' does not exist")
        message = f"Table '{CATALOG.lower()}.{database}.{name}' does not exist"
        raise self.context.error("TABLE_NOT_FOUND", node, message)

    def _scan(self, table: CatalogueTable, relation: tuple[str, ...]) -> Relation:
        alias = self.context.unique("r")
        read = self.context.read(table)
        of_object = {
            column.name: OfObject(read, stored.physical(identifier(column.name), column.type), column.name)
            for column in table.partition_columns
        }
        fields = tuple(
            Field(
                *(column.name, relation, column.type, f"{alias}.{identifier(column.name)}"),
                origin="stored",
                of_object=of_object.get(column.name),
            )
            for column in table.all_columns
        )
        path = Field(
            *(PATH, relation, t.VARCHAR, f"{alias}.{identifier(PATH)}"),
            hidden=True,
            of_object=OfObject(read, identifier(PATH), has_path=True),
        )
        selected = [stored.physical(identifier(column.name), column.type) for column in table.all_columns]
        if all(sql == identifier(column.name) for sql, column in zip(selected, table.all_columns, strict=True)):
            self.context.uses[alias] = ScanUse(read.alias)
            return Relation(f"{read.alias} AS {alias}", (*fields, path), (alias,), (alias,))
        columns = ", ".join(
            f"{sql} AS {identifier(column.name)}" for sql, column in zip(selected, table.all_columns, strict=True)
        )
        self.context.uses[alias] = ScanUse(read.alias, has_place=False)
        return Relation(f"(SELECT {columns}, {identifier(PATH)} FROM {read.alias}) AS {alias}", (*fields, path))

    def _aliased(self, node: n.Aliased, left: tuple[Field, ...]) -> Relation:
        planned = self.plan(node.relation, left)
        shown = [f for f in planned.fields if not f.hidden]
        names: list[tuple[str | None, str | None]] = [(f.name, f.spelled) for f in shown]
        if node.columns is not None:
            if len(node.columns) != len(shown):
                message = (
                    f"Column alias list has {len(node.columns)} entries but '{node.alias}' has {len(shown)} columns"
                    " available"
                )
                raise self.context.error("MISMATCHED_COLUMN_ALIASES", node, message)
            names = list(zip(node.columns, node.spelled or node.columns, strict=True))
        fields = tuple(
            replace(f, name=name, relation=(node.alias,), spelled=spelled)
            for f, (name, spelled) in zip(shown, names, strict=True)
        )
        hidden = tuple(replace(f, relation=(node.alias,)) for f in planned.fields if f.hidden)
        return replace(planned, fields=(*fields, *hidden))

    def _sampled(self, node: n.Sampled, left: tuple[Field, ...]) -> Relation:
        """A random sample of the rows: BERNOULLI selects single rows, SYSTEM blocks of adjacent rows."""
        planned = self.plan(node.relation, left)
        given = node.percentage
        if isinstance(given, n.Name):
            message = "Sample percentage cannot contain column references"
            raise self.context.error("EXPRESSION_NOT_CONSTANT", given, message)
        value = self.binder(Scope(()), "TABLESAMPLE").bind(given)
        if value.is_null:
            raise self.context.error("INVALID_ARGUMENTS", given, "Sample percentage cannot be NULL")
        if not isinstance(given, (n.Literal, n.Negative)) or isinstance(node.relation, (n.Join, n.Unnest)):
            raise self.context.error("NOT_SUPPORTED", given, "The sandbox's Athena takes a number of a table only")
        if value.type.name not in {"integer", "bigint", "decimal", "double"}:
            raise self.context.error("TYPE_MISMATCH", given, "Sample percentage should be a numeric expression")
        percentage = float(given.text) if isinstance(given, n.Literal) else -1.0
        if not 0 <= percentage <= 100:
            bound = "less than or equal to 100" if percentage > 0 else "greater than or equal to 0"
            raise self.context.error("NUMERIC_VALUE_OUT_OF_RANGE", given, f"Sample percentage must be {bound}")
        self._without_place(planned.unplaced)
        return replace(planned, sql=f"{planned.sql} TABLESAMPLE {node.method}({percentage} PERCENT)", unplaced=())

    def _unnest(self, node: n.Unnest, left: tuple[Field, ...]) -> Relation:
        binder = self.binder(Scope(left, self.outer), "UNNEST")
        arrays: list[tuple[str, list[t.Type]]] = []
        for expression in node.expressions:
            value = binder.bind(expression)
            if value.type.name == "array":
                members = value.type.element.members if value.type.element.name == "row" else (value.type.element,)
                arrays.append((value.sql, list(members)))
            elif value.type.name == "map":
                arrays.append((f"map_keys({value.sql})", [value.type.key]))
                arrays.append((f"map_values({value.sql})", [value.type.value]))
            else:
                raise self.context.error("INVALID_FUNCTION_ARGUMENT", node, f"Cannot unnest type: {value.type.athena}")
        correlated = binder.scope.used_outer and self.outer is not None and not left
        if correlated and not (self.alone and self.outer is not None and self.outer.unnested):
            raise self.context.error("NOT_SUPPORTED", node, "Given correlated subquery is not supported")
        return self._unnested(node, arrays, [binder.bind(e) for e in node.expressions])

    def _unnested(self, node: n.Unnest, arrays: list[tuple[str, list[t.Type]]], values: list[Value]) -> Relation:
        alias, inner = self.context.unique("r"), self.context.unique("u")
        rows, columns, fields = list[str](), list[str](), list[Field]()
        index = 0
        for value in values:
            is_rows = value.type.name == "array" and value.type.element.name == "row"
            for sql, types in arrays[index : index + (2 if value.type.name == "map" else 1)]:
                index += 1
                element = self.context.unique("c")
                rows.append(f"unnest({sql}) AS {element}")
                for i, type_ in enumerate(types, 1):
                    name = self.context.unique("c")
                    member = f"struct_extract({inner}.{element}, 'f{i}')" if is_rows else f"{inner}.{element}"
                    columns.append(f"{member} AS {name}")
                    label = value.type.element.fields[i - 1][0] or None if is_rows else None
                    fields.append(Field(label, (), type_, f"{alias}.{name}", origin="stored"))
        if node.ordinality:
            longest = ", ".join(f"coalesce(len({sql}), 0)" for sql, _ in arrays)
            element, name = self.context.unique("c"), self.context.unique("c")
            rows.append(f"unnest(generate_series(1, greatest({longest}, 0))) AS {element}")
            columns.append(f"{inner}.{element} AS {name}")
            fields.append(Field(None, (), t.BIGINT, f"{alias}.{name}"))
        body = f"SELECT {', '.join(columns)} FROM (SELECT {', '.join(rows)}) AS {inner}"
        return Relation(f"LATERAL ({body}) AS {alias}", tuple(fields))

    def _join(self, node: n.Join, left: tuple[Field, ...]) -> Relation:
        first = self.plan(node.left, left)
        before, seen = len(self.context.outer_references), (*left, *first.fields)
        second = self.plan(node.right, seen)
        own = [r for r in self.context.outer_references[before:] if r.found.fields is seen]
        is_lateral = second.sql.startswith("LATERAL ")
        if is_lateral and node.kind not in {"CROSS", "INNER", "LEFT"}:
            if any(f.sql in second.sql for f in first.fields):
                message = f"LATERAL reference not allowed in {node.kind} JOIN"
                raise self.context.error("INVALID_COLUMN_REFERENCE", node.right, message)
            message = f"{node.kind} JOIN involving UNNEST or LATERAL is only supported as CROSS or LEFT JOIN ON TRUE"
            raise self.context.error("NOT_SUPPORTED", node, message)
        if node.kind not in {"CROSS", "INNER", "LEFT"}:
            first = self._with_nulls(first)
        if node.kind not in {"CROSS", "INNER", "RIGHT"}:
            second = self._with_nulls(second)
        if node.using:
            return self._using(node, first, second)
        fields = (*first.fields, *second.fields)
        if node.condition is None:
            return self._joined(node, "CROSS", first, second, "", fields)
        scope = Scope((*left, *fields) if left else fields, self.outer, closed=node.kind != "INNER")
        binder = self.binder(scope, "JOIN clause")
        condition = binder.condition(node.condition, "JOIN ON clause", Guards.seen(scope))
        if is_lateral and condition.sql != "true" and not _takes_condition(node.right, own):
            message = f"{node.kind} JOIN involving UNNEST or LATERAL is only supported with condition ON TRUE"
            raise self.context.error("NOT_SUPPORTED", node, message)
        return self._joined(node, node.kind, first, second, condition.sql, fields)

    def _joined(
        self, node: n.Join, kind: str, first: Relation, second: Relation, condition: str, fields: tuple[Field, ...]
    ) -> Relation:
        """A join, whose ON has the conditions on the objects of a side to which it adds rows of NULLs."""
        placed, unplaced = tuple[str, ...](), (*first.unplaced, *second.unplaced)
        match kind:
            case "LEFT":
                placed, unplaced = second.unplaced, first.unplaced
            case "RIGHT":
                placed, unplaced = first.unplaced, second.unplaced
            case "FULL":
                self._without_place(unplaced)
                unplaced = ()
            case _:
                pass
        right = f"({second.sql})" if isinstance(node.right, n.Join) else second.sql
        on = conditions(placed, condition)
        sql = f"{first.sql} {kind} JOIN {right}{f' ON {on}' if on else ''}"
        # Trino pushes a condition around an outer join to its side before that of ON.
        filtered = first.filtered or second.filtered or (kind == "INNER" and selects_of_one(condition))
        return Relation(sql, fields, (*first.scans, *second.scans), unplaced, filtered)

    def _using(self, node: n.Join, first: Relation, second: Relation) -> Relation:
        """The joined columns once, without a relation's name, followed by all others."""
        equal_columns, merged, used = list[str](), list[Field](), set[str]()
        for name in node.using:
            sides = [Scope(relation.fields).local((name,)) for relation in (first, second)]
            if sides[0] is None or sides[1] is None:
                message = f"Column '{name}' is missing from {'left' if sides[0] is None else 'right'} side of join"
                raise self.context.error("COLUMN_NOT_FOUND", node, message)
            a, b = sides[0].value, sides[1].value
            common, equal = common_type(a.type, b.type), operators.compare("=", a, b)
            if common is None or equal is None:
                message = f"Column types of left and right side of join do not match for '{name}'"
                raise self.context.error("TYPE_MISMATCH", node, message)
            equal_columns.append(equal.sql)
            sql = f"coalesce({coerce(a, common).sql}, {coerce(b, common).sql})"
            merged.append(Field(name, (), common, sql))
            used |= {sides[0].sql, sides[1].sql}
        rest = tuple(f for f in (*first.fields, *second.fields) if f.sql not in used)
        kind = "INNER" if node.kind == "CROSS" else node.kind
        return self._joined(node, kind, first, second, " AND ".join(equal_columns), (*merged, *rest))

    def _with_nulls(self, relation: Relation) -> Relation:
        """A relation to which an outer join adds rows of NULLs."""
        for alias in relation.scans:
            self.context.uses[alias].has_nulls = True
        return replace(relation, fields=tuple(f.of_rows() for f in relation.fields))

    def _without_place(self, aliases: tuple[str, ...]) -> None:
        """Note that there is no place for the conditions of these scans on their objects."""
        for alias in aliases:
            self.context.uses[alias].has_place = False


def _bare(node: n.Relation) -> n.Relation:
    return _bare(node.relation) if isinstance(node, (n.Aliased, n.Sampled)) else node


def _takes_condition(node: n.Relation, own: Sequence[OuterReference]) -> bool:
    """Return whether a LATERAL query may be joined ON a condition: if it names the other side, in its WHERE only.

    Source: trino 435, TransformCorrelatedJoinToJoin; the rules for one row of aggregates need ON TRUE.
    """
    relation = _bare(node)
    select = relation.query.body if isinstance(relation, n.Derived) else None
    if not own:
        return isinstance(relation, n.Derived)
    if not isinstance(select, n.Select) or select.source is None or any(r.place != "WHERE clause" for r in own):
        return False
    calls = [part for part in walked((select.items, select.having), stop=(n.Query,)) if isinstance(part, n.Call)]
    return bool(select.group_by) or not any(call.over is None and is_aggregate(call.name) for call in calls)
