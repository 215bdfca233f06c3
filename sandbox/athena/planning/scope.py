"""Names in a query: the visible fields at each place, by Trino's rules.

Source: trino 435, core/trino-main/src/main/java/io/trino/sql/analyzer/Scope.java and RelationType.java.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sandbox.athena.types import Type
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.context import Read

Origin = Literal["stored", "values", "unknown"]
"""Whether a column's values come from stored rows, or are those of VALUES, which Trino computes while it plans."""
Reading = Literal["spelled", "canonical", "either"]
"""The text that a cast of json_parse reads: as it is spelled, or what json_parse makes of it; `either`: not known."""


@dataclass(frozen=True, slots=True)
class ParsedText:
    """The text of a column that is json_parse of it: its SQL, and what a cast of the column reads.

    `direct`: the column is the last thing that its query computes.
    """

    sql: str
    direct: bool = False
    reading: Reading = "either"


@dataclass(frozen=True, slots=True)
class OfObject:
    """A value that all rows of an object have, so that a condition on it selects objects of the scan `read`.

    `sql` is over the object's partition columns, and over its path if `has_path`. `column` is the partition column that
    it is, if it is one.
    """

    read: Read
    sql: str
    column: str | None = None
    has_path: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a relation.

    It has a name in lower case (None without one), the parts of the relation's name, its type, and the SQL that refers
    to it. `spelled` is the name as it was written. A hidden field is not in `*`. `parsed` is None for a column that
    is not json_parse of a text. `of_object` is None for a column that differs between the rows of an object, and where
    there are more rows than those that the scan has, or other ones. `guarded` is set if its expression may fail for
    rows that a WHERE of its query leaves out.
    """

    name: str | None
    relation: tuple[str, ...]
    type: Type
    sql: str
    spelled: str | None = None
    hidden: bool = False
    origin: Origin = "unknown"
    parsed: ParsedText | None = None
    of_object: OfObject | None = field(default=None, compare=False)
    guarded: bool = field(default=False, compare=False)

    def renamed(self, name: str | None, relation: tuple[str, ...]) -> Field:
        """The same column under the name of a different relation."""
        return replace(self, name=name, relation=relation)

    def within(self, alias: str) -> Field:
        """The same column of a subquery with an alias."""
        text = self.parsed
        if text is not None:
            text = ParsedText(f"{alias}.{text.sql.rpartition('.')[2]}", text.direct)
        return replace(self, sql=f"{alias}.{self.column}", parsed=text)

    def indirect(self) -> Field:
        """The same column behind more that its query computes."""
        return self if self.parsed is None else replace(self, parsed=replace(self.parsed, direct=False))

    def of_rows(self) -> Field:
        """The same column of rows that a condition cannot select before they are made."""
        return self if self.of_object is None else replace(self, of_object=None)

    @property
    def columns(self) -> list[str]:
        """The names that a subquery must have for the column."""
        return [self.column] if self.parsed is None else [self.column, self.parsed.sql.rpartition(".")[2]]

    @property
    def column(self) -> str:
        """The column's name without its relation's."""
        return self.sql.rpartition(".")[2]

    @property
    def value(self) -> Value:
        """The column as an expression."""
        return Value(self.type, self.sql)


class AmbiguousNameError(Exception):
    """A name that several columns have."""


@dataclass
class Scope:
    """The columns that an expression sees, and those of the enclosing queries.

    `variables` are the parameters of lambda expressions. `used_outer` is set if a name is found in an enclosing scope.
    `unnested` is false if UNNEST in a subquery must not name these columns, as in IN. `closed` is set in ON of an outer
    join: neither its expressions nor its subqueries take a column of a query around them. `only_rows` is set for
    EXISTS, which needs no columns of its subquery.
    """

    fields: tuple[Field, ...] = ()
    parent: Scope | None = None
    variables: Mapping[str, Value] = field(default_factory=dict[str, Value])
    used_outer: bool = False
    unnested: bool = True
    closed: bool = False
    only_rows: bool = False

    def __post_init__(self) -> None:
        self.closed = self.closed or (self.parent is not None and self.parent.closed)

    def resolve(self, parts: tuple[str, ...]) -> tuple[Field, Scope] | None:
        """The column with a name, and the scope that has it; raises AmbiguousNameError."""
        found = self.local(parts)
        if found is not None:
            return found, self
        if self.parent is None or self.is_column(parts[0]):
            return None
        outer = self.parent.resolve(parts)
        if outer is not None:
            self.used_outer = True
        return outer

    def local(self, parts: tuple[str, ...]) -> Field | None:
        """The column with a name in this scope."""
        *qualifier, name = parts
        count = len(qualifier)
        found = [f for f in self.fields if f.name == name and (not count or f.relation[-count:] == tuple(qualifier))]
        if len(found) > 1:
            raise AmbiguousNameError
        return found[0] if found else None

    def is_column(self, name: str) -> bool:
        """Return whether a name without a qualifier is one of this scope's columns."""
        return any(f.name == name for f in self.fields)

    def variable(self, name: str) -> Value | None:
        """The parameter of a lambda expression."""
        return self.variables.get(name)

    def with_variables(self, variables: Mapping[str, Value]) -> Scope:
        """The scope of a lambda expression's body."""
        return replace(self, variables={**self.variables, **variables})
