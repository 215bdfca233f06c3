"""The syntax tree of a query. Every node has its offset in the text, which comparisons ignore."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.athena.types import Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of a query."""

    offset: int = field(default=0, compare=False)


class Expression(Node):
    """A node that has a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """null, boolean, string, integer, decimal, double or binary, by `kind`, with its text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class TypedLiteral(Expression):
    """DATE '2024-03-05', DECIMAL '1.5': a type's name in lower case and a text."""

    type_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Interval(Expression):
    """INTERVAL [+|-] 'text' start [TO end]; units in capitals."""

    negative: bool
    text: str
    start: str
    end: str | None


@dataclass(frozen=True, slots=True)
class Parameter(Expression):
    """The n-th ? of the text, from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A name, in lower case unless it is quoted; Trino's comparison of names ignores their case."""

    name: str
    spelled: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Dereference(Expression):
    """base.name"""

    base: Expression
    name: str
    spelled: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    """-operand, or +operand, which is the operand if it is a number."""

    sign: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Arithmetic(Expression):
    """left + - * / % right"""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Concat(Expression):
    """left || right"""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Comparison(Expression):
    """left = <> < <= > >= right, or IS DISTINCT FROM."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Quantified(Expression):
    """left operator ALL|ANY|SOME (query)"""

    operator: str
    quantifier: str
    left: Expression
    query: Query


@dataclass(frozen=True, slots=True)
class Logical(Expression):
    """AND or OR of terms."""

    operator: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """NOT operand"""

    operand: Expression


@dataclass(frozen=True, slots=True)
class IsNull(Expression):
    """operand IS NULL"""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Between(Expression):
    """operand BETWEEN low AND high"""

    operand: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class InList(Expression):
    """operand IN (items)"""

    operand: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class InQuery(Expression):
    """operand IN (query)"""

    operand: Expression
    query: Query


@dataclass(frozen=True, slots=True)
class Like(Expression):
    """operand LIKE pattern [ESCAPE escape]"""

    operand: Expression
    pattern: Expression
    escape: Expression | None


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    """EXISTS (query)"""

    query: Query


@dataclass(frozen=True, slots=True)
class Subquery(Expression):
    """(query) as a value"""

    query: Query


@dataclass(frozen=True, slots=True)
class Case(Expression):
    """CASE [operand] WHEN … THEN … [ELSE default] END"""

    operand: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Cast(Expression):
    """CAST or TRY_CAST (safe)"""

    operand: Expression
    type: Type
    safe: bool


@dataclass(frozen=True, slots=True)
class Extract(Expression):
    """EXTRACT(field FROM operand); the field in capitals"""

    part: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class AtTimeZone(Expression):
    """operand AT TIME ZONE zone"""

    operand: Expression
    zone: Expression


@dataclass(frozen=True, slots=True)
class Subscript(Expression):
    """base[index]"""

    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Array(Expression):
    """ARRAY[items]"""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Row(Expression):
    """(a, b) or ROW(a, b)"""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Lambda(Expression):
    """(parameters) -> body"""

    parameters: tuple[str, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class JsonCall(Expression):
    """JSON_EXISTS(on error), JSON_VALUE(on empty, on error) or JSON_QUERY(wrapper, quotes, on empty, on error).

    `clauses` are the words of these, or of their defaults; `on_empty` and `on_error` are the expressions of DEFAULT.
    """

    name: str
    operand: Expression
    path: str
    passing: tuple[tuple[str, Expression], ...]
    returning: Type | None
    clauses: tuple[str, ...]
    on_empty: Expression | None
    on_error: Expression | None


@dataclass(frozen=True, slots=True)
class JsonItem(Node):
    """A value inside JSON_ARRAY or JSON_OBJECT; `encoding` is that of FORMAT JSON: JSON, UTF8, UTF16 or UTF32."""

    value: Expression
    encoding: str


@dataclass(frozen=True, slots=True)
class JsonBuilding(Expression):
    """JSON_ARRAY or JSON_OBJECT, which has a key for each item; `absent` omits NULLs."""

    name: str
    keys: tuple[Expression, ...]
    items: tuple[JsonItem, ...]
    absent: bool
    unique: bool
    returning: Type | None
    encoding: str


@dataclass(frozen=True, slots=True)
class Sort(Node):
    """An item of ORDER BY; NULLs are last unless `nulls_first`."""

    expression: Expression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Frame(Node):
    """ROWS, RANGE or GROUPS between two bounds, each a kind and, for n PRECEDING and FOLLOWING, a value."""

    unit: str
    start: tuple[str, Expression | None]
    end: tuple[str, Expression | None]


@dataclass(frozen=True, slots=True)
class Window(Node):
    """A window: the name of the window that it extends, partition, order and frame."""

    base: str | None
    partition_by: tuple[Expression, ...]
    order_by: tuple[Sort, ...]
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function call: the name in lower case; `star` for count(*); `over` a window or the name of one."""

    name: str
    arguments: tuple[Expression, ...]
    star: bool = False
    distinct: bool = False
    order_by: tuple[Sort, ...] = ()
    filter: Expression | None = None
    nulls: str = ""
    over: Window | str | None = None


class Relation(Node):
    """An element of FROM."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table(Relation):
    """A table by its name's parts; `version` is (VERSION|TIMESTAMP, expression) of FOR … AS OF."""

    parts: tuple[str, ...]
    version: tuple[str, Expression] | None = None


@dataclass(frozen=True, slots=True)
class Derived(Relation):
    """(query) in FROM, or LATERAL (query)"""

    query: Query
    lateral: bool


@dataclass(frozen=True, slots=True)
class Unnest(Relation):
    """UNNEST(expressions) [WITH ORDINALITY]"""

    expressions: tuple[Expression, ...]
    ordinality: bool


@dataclass(frozen=True, slots=True)
class Aliased(Relation):
    """relation AS alias(columns), which are also as spelled"""

    relation: Relation
    alias: str
    columns: tuple[str, ...] | None
    spelled: tuple[str, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Sampled(Relation):
    """relation TABLESAMPLE method (percentage); the method is BERNOULLI or SYSTEM."""

    relation: Relation
    method: str
    percentage: Expression


@dataclass(frozen=True, slots=True)
class Join(Relation):
    """A join: CROSS, INNER, LEFT, RIGHT or FULL; a condition or USING columns, or neither."""

    kind: str
    left: Relation
    right: Relation
    condition: Expression | None
    using: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    """expression [AS alias]"""

    expression: Expression
    alias: str | None
    spelled: str | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Star(Node):
    """* or base.*, with column aliases for the latter, which are also as Trino shows them"""

    base: Expression | None
    columns: tuple[str, ...]
    spelled: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Grouping(Node):
    """An element of GROUP BY: the grouping sets that it denotes, each of expressions."""

    sets: tuple[tuple[Expression, ...], ...]
    simple: bool


class Body(Node):
    """The part of a query before ORDER BY."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Select(Body):
    """SELECT … FROM … WHERE … GROUP BY … HAVING … WINDOW …"""

    distinct: bool
    items: tuple[SelectItem | Star, ...]
    source: Relation | None
    where: Expression | None
    group_by: tuple[Grouping, ...]
    group_distinct: bool
    having: Expression | None
    windows: tuple[tuple[str, Window], ...]


@dataclass(frozen=True, slots=True)
class Values(Body):
    """VALUES rows"""

    rows: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class SetOperation(Body):
    """left UNION|INTERSECT|EXCEPT [ALL] right"""

    operator: str
    every: bool
    left: Body
    right: Body


@dataclass(frozen=True, slots=True)
class Nested(Body):
    """A parenthesized query in the position of a SELECT."""

    query: Query


@dataclass(frozen=True, slots=True)
class With(Node):
    """A common table expression, whose columns are also as spelled"""

    name: str
    columns: tuple[str, ...] | None
    query: Query
    spelled: tuple[str, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Fetch(Node):
    """FETCH FIRST, whose number of rows is the query's limit; `ties` is WITH TIES."""

    ties: bool


@dataclass(frozen=True, slots=True)
class Query(Node):
    """A query. `limit` is a number, a parameter or None; `fetch` is None for LIMIT."""

    recursive: bool
    ctes: tuple[With, ...]
    body: Body
    order_by: tuple[Sort, ...]
    offset_rows: Expression | None
    limit: Expression | None
    fetch: Fetch | None
