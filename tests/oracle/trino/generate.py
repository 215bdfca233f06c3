"""Statements of a typed grammar, drawn at random from a seed."""

from __future__ import annotations

import re
from random import Random

from tests.oracle.trino.grammar import AGGREGATES, COLUMNS, IGNORING_NULLS, LITERALS, RULES, WINDOWS, WORDS

_HOLE = re.compile(r"\{(\w+)\}|<(\w+)>")
_KEYS = ("order_id", "status", "customer", "op", "active", "day", "date_trunc('month', changed_at)", "quantity")
_TOTAL_ORDER = "order_id, seq"
_NUMBERS = ("int", "big", "dec", "dbl")
_TYPES = tuple(RULES)


class Generator:
    """Draws statements; the same seed gives the same ones."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._rows = False

    def statement(self) -> str:
        """One query over constants, over `s` or over both."""
        often = (self._constants, self._rows_of_s, self._groups)
        shapes = (*often, *often, self._window, self._union, self._values, self._unnested, self._derived)
        return self._random.choice(shapes)()

    def expression(self, type_: str, depth: int) -> str:
        """An expression of a type of the grammar, at most `depth` calls deep."""
        if type_ == "any":
            type_ = self._random.choice(_TYPES)
        leaves = LITERALS.get(type_, [])
        columns = COLUMNS.get(type_, []) if self._rows else []
        if depth <= 0 or self._random.random() < 0.2:
            chosen = columns if columns and (not leaves or self._random.random() < 0.6) else leaves
            return self._random.choice(chosen or leaves)
        return self._filled(self._random.choice(RULES[type_]), depth - 1)

    def _filled(self, template: str, depth: int) -> str:
        def fill(hole: re.Match[str]) -> str:
            type_, word = hole.groups()
            if word is not None:
                return self._random.choice(WORDS[word])
            inner = self.expression(type_, depth)
            return f"({inner})" if " " in inner and not inner.endswith("'") else inner

        return _HOLE.sub(fill, template)

    def _any(self, depth: int = 2) -> str:
        return self.expression(self._random.choice(_TYPES), self._random.randint(1, depth))

    def _selected(self, most: int = 3) -> str:
        items = [self._any() for _ in range(self._random.randint(1, most))]
        if self._random.random() < 0.3:
            items.append(f"typeof({items[0]})")
        return ", ".join(items)

    def _constants(self) -> str:
        self._rows = False
        return f"SELECT {self._selected()}"

    def _rows_of_s(self) -> str:
        self._rows = True
        where = f" WHERE {self.expression('bool', 2)}" if self._random.random() < 0.4 else ""
        order = f" ORDER BY {_TOTAL_ORDER}" if self._random.random() < 0.4 else ""
        limit = f" LIMIT {self._random.randint(0, 4)}" if order and self._random.random() < 0.4 else ""
        return f"SELECT {_TOTAL_ORDER}, {self._selected()} FROM s{where}{order}{limit}"

    def _groups(self) -> str:
        self._rows = True
        aggregates = [self._filled(self._random.choice(AGGREGATES), 1) for _ in range(self._random.randint(1, 2))]
        key = self._random.choice(_KEYS)
        if self._random.random() < 0.5:
            return f"SELECT {', '.join(aggregates)} FROM s"
        having = f" HAVING count(*) > {self._random.randint(0, 2)}" if self._random.random() < 0.2 else ""
        by = "1" if self._random.random() < 0.5 else key
        return f"SELECT {key}, {', '.join(aggregates)} FROM s GROUP BY {by}{having}"

    def _window(self) -> str:
        self._rows = True
        function = self._filled(self._random.choice(WINDOWS), 1)
        nulls = self._random.choice(WORDS["nulls"]) if function.startswith(IGNORING_NULLS) else ""
        frame = self._random.choice(WORDS["frame"]) if not function.startswith(("row_number", "rank")) else ""
        part = self._random.choice(["", "PARTITION BY order_id ", "PARTITION BY status "])
        over = f"OVER ({part}ORDER BY {_TOTAL_ORDER} {frame})"
        return f"SELECT {_TOTAL_ORDER}, {function}{nulls} {over} FROM s"

    def _mixed(self) -> list[str]:
        return [self.expression(self._random.choice(_NUMBERS), 1) for _ in range(self._random.randint(2, 3))]

    def _union(self) -> str:
        self._rows = False
        parts = [f"SELECT {item} AS x" for item in self._mixed()]
        kind = self._random.choice([" UNION ALL ", " UNION ", " EXCEPT ", " INTERSECT "])
        return f"SELECT x, typeof(x), x / 3 FROM ({kind.join(parts)}) t"

    def _values(self) -> str:
        self._rows = False
        rows = ", ".join(self._mixed())
        outer = self._random.choice(
            ["x", "sum(x)", "avg(x)", "max(x)", "x * 2, x / 7", "typeof(x)", "CAST(x AS varchar)"]
        )
        return f"SELECT {outer} FROM (VALUES {rows}) t(x)"

    def _unnested(self) -> str:
        self._rows = True
        source, names, shown = self._random.choice(
            [
                (self.expression("astr", 1), "v", "v, length(v)"),
                (self.expression("aint", 1), "v", "v, v / 2"),
                (self.expression("map", 1), "k, v", "k, v * 1.5"),
                (self.expression("adec", 1), "v", "v, v / 3"),
            ]
        )
        ordinality = self._random.random() < 0.3
        suffix = " WITH ORDINALITY" if ordinality else ""
        names += ", n" if ordinality else ""
        shown += ", n" if ordinality else ""
        return f"SELECT {_TOTAL_ORDER}, {shown} FROM s CROSS JOIN UNNEST({source}){suffix} AS u({names})"

    def _derived(self) -> str:
        self._rows = True
        inner = self.expression(self._random.choice(_NUMBERS), 2)
        outer = self._random.choice(["x", "x / 3", "x + 1.5", "CAST(x AS varchar)", "x * rate", "coalesce(x, price)"])
        form = self._random.choice(
            [
                "WITH t AS (SELECT *, {inner} AS x FROM s) SELECT order_id, seq, {outer} FROM t",
                "SELECT order_id, seq, {outer} FROM (SELECT *, {inner} AS x FROM s) a JOIN s b USING (order_id, seq)"
                if outer in {"x", "x / 3", "x + 1.5", "CAST(x AS varchar)"}
                else "SELECT order_id, seq, {outer} FROM (SELECT *, {inner} AS x FROM s) a",
                "SELECT order_id, avg({outer}), sum({outer}) FROM (SELECT *, {inner} AS x FROM s) a GROUP BY order_id"
                if not outer.startswith("CAST")
                else "SELECT order_id, max({outer}) FROM (SELECT *, {inner} AS x FROM s) a GROUP BY order_id",
            ]
        )
        return form.format(inner=inner, outer=outer)
