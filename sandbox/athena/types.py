"""Types with their three names: Glue's (Hive's), Athena's (Trino's) and DuckDB's.

`parse` accepts a type in any of the three spellings; a `Type` formats itself in each. The values of ColumnInfo are
those of Athena's GetQueryResults. `coercions` has the rules between types.

A value of a query has the DuckDB type `Type.physical`:

boolean, integers, real, double, decimal(p,s), date, time, timestamp(p)   DuckDB's type of that meaning
varchar(n), json                   VARCHAR; a json value is its canonical text (Trino's json_format)
char(n)                            VARCHAR without trailing spaces; its length and its text have them
varbinary                          BLOB
ipaddress                          BLOB of 16 bytes
hyperloglog, tdigest               BLOB, the bytes in which Trino writes it
interval day to second             BIGINT, milliseconds
interval year to month             INTEGER, months
timestamp(p) with time zone        STRUCT(instant TIMESTAMP, zone VARCHAR): UTC, and a zone's name or +hh:mm
array(T), map(K,V)                 T[], MAP(K, V)
row(...)                           STRUCT(f1 ..., f2 ...): by position, because names may repeat or be missing
unknown                            INTEGER (the type of a bare NULL)

A stored column (`Type.duckdb`) differs in rows, which keep their names; the planner converts it where it is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

_NAMES = {
    **{
        name: name
        for name in (
            *("varchar", "char", "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double"),
            *("decimal", "date", "time", "timestamp", "timestamp with time zone", "interval day to second"),
            *("interval year to month", "varbinary", "json", "uuid", "ipaddress", "hyperloglog", "tdigest", "array"),
            *("map", "row", "unknown"),
        )
    },
    "string": "varchar",
    "text": "varchar",
    "bool": "boolean",
    "utinyint": "smallint",
    "usmallint": "integer",
    "int": "integer",
    "uinteger": "bigint",
    "long": "bigint",
    "ubigint": "bigint",
    "hugeint": "bigint",  # DuckDB's sum of integers; Athena's is a bigint
    "uhugeint": "bigint",
    "float": "real",
    "numeric": "decimal",
    "timestamp_s": "timestamp",
    "timestamp_ms": "timestamp",
    "timestamp_ns": "timestamp",
    "timestamptz": "timestamp with time zone",
    "interval": "interval day to second",
    "binary": "varbinary",
    "blob": "varbinary",
    "struct": "row",
    '"null"': "unknown",
    "null": "unknown",
}
_DUCKDB = {
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "real": "FLOAT",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "interval day to second": "INTERVAL",
    "varbinary": "BLOB",
    "ipaddress": "BLOB",
    "hyperloglog": "BLOB",
    "tdigest": "BLOB",
    "unknown": "VARCHAR",
}
_PHYSICAL = {
    "json": "VARCHAR",
    "timestamp with time zone": "STRUCT(instant TIMESTAMP, zone VARCHAR)",
    "interval day to second": "BIGINT",
    "interval year to month": "INTEGER",
    "unknown": "INTEGER",
}
_SPELLED = {"hyperloglog": "HyperLogLog"}
_GLUE = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary", "row": "struct"}
_PRECISION = {
    "varchar": 2147483647,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varbinary": 1073741824,
}
INTEGERS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
"""Integer types, with the precision of each in decimal arithmetic."""

_TOKEN = re.compile(
    r'\s*("(?:[^"]|"")*"|timestamp with time zone|interval day to second|interval year to month'
    r"|[^\s(),<>:\[\]]+|[(),<>:\[\]])",
    re.IGNORECASE,
)


class ColumnInfo(TypedDict):
    """A column of a result in GetQueryResults's form."""

    CatalogName: str
    SchemaName: str
    TableName: str
    Name: str
    Label: str
    Type: str
    Precision: int
    Scale: int
    Nullable: str
    CaseSensitive: bool


@dataclass(frozen=True)
class Type:
    """A type by Athena's name.

    `arguments` are a length, or precision and scale; `fields` an array's
    element, a map's key and value, or a row's members by name.
    """

    name: str
    arguments: tuple[int, ...] = ()
    fields: tuple[tuple[str, Type], ...] = ()

    @property
    def decimal(self) -> tuple[int, int]:
        """Precision and scale of a decimal, with Hive's defaults."""
        precision, scale = (*self.arguments, 10, 0)[:2] if not self.arguments else (*self.arguments, 0)[:2]
        return precision, scale

    @property
    def precision(self) -> int:
        """Fractional digits of the seconds of a time or timestamp; Trino's default is 3."""
        return self.arguments[0] if self.arguments else 3

    @property
    def element(self) -> Type:
        """An array's element."""
        return self.fields[0][1]

    @property
    def key(self) -> Type:
        """A map's key."""
        return self.fields[0][1]

    @property
    def value(self) -> Type:
        """A map's value."""
        return self.fields[1][1]

    @property
    def members(self) -> tuple[Type, ...]:
        """The types of a row's members, or a function's parameters and, last, its result."""
        return tuple(type_ for _, type_ in self.fields)

    @property
    def physical(self) -> str:
        """DuckDB's type of a value in a query."""
        if self.name == "row":
            return f"STRUCT({', '.join(f'f{i} {type_.physical}' for i, type_ in enumerate(self.members, 1))})"
        if self.name == "array":
            return f"{self.element.physical}[]"
        if self.name == "map":
            return f"MAP({self.key.physical}, {self.value.physical})"
        return _PHYSICAL.get(self.name, self.duckdb)

    @property
    def athena(self) -> str:
        """Athena's form in messages and in DESCRIBE of a view: varchar(3), decimal(18,2), array(integer)."""
        if self.name == "row":
            return f"row({', '.join(f'{name} {type_.athena}'.strip() for name, type_ in self.fields)})"
        if self.fields:
            return f"{self.name}({', '.join(type_.athena for _, type_ in self.fields)})"
        if self.name == "decimal":
            return "decimal({},{})".format(*self.decimal)
        if self.name in {"timestamp", "time"}:
            return f"{self.name}({self.precision})"
        if self.name == "timestamp with time zone":
            return f"timestamp({self.precision}) with time zone"
        return f"{self.name}({self.arguments[0]})" if self.arguments else _SPELLED.get(self.name, self.name)

    @property
    def sql(self) -> str:
        """The form in Athena's SQL, in casts and schemas."""
        if self.name == "row":
            return f"row({', '.join(f'{_quoted(name)} {type_.sql}'.strip() for name, type_ in self.fields)})"
        if self.fields:
            return f"{self.name}({', '.join(type_.sql for _, type_ in self.fields)})"
        return self.name if self.name.startswith("time") and not self.arguments else self.athena

    @property
    def glue(self) -> str:
        """The Glue catalogue's form: string, decimal(18,2), array<int>, struct<a:int>."""
        name = _GLUE.get(self.name, self.name)
        if self.name == "row":
            return f"struct<{','.join(f'{field}:{type_.glue}' for field, type_ in self.fields)}>"
        if self.fields:
            return f"{name}<{','.join(type_.glue for _, type_ in self.fields)}>"
        if self.name == "decimal":
            return self.athena
        return f"{self.name}({self.arguments[0]})" if self.arguments and self.name in {"varchar", "char"} else name

    @property
    def duckdb(self) -> str:
        """DuckDB's form."""
        if self.name == "row":
            return f"STRUCT({', '.join(f'{_quoted(name)} {type_.duckdb}' for name, type_ in self.fields)})"
        if self.name == "array":
            return f"{self.fields[0][1].duckdb}[]"
        if self.name == "map":
            return f"MAP({self.fields[0][1].duckdb}, {self.fields[1][1].duckdb})"
        if self.name == "decimal":
            return "DECIMAL({}, {})".format(*self.decimal)
        return _DUCKDB.get(self.name, self.name.upper())

    def column_info(self, name: str) -> ColumnInfo:
        """This type as a result column named `name`."""
        precision, scale = self.decimal if self.name == "decimal" else (_PRECISION.get(self.name, 0), 0)
        if self.name in {"varchar", "char"} and self.arguments:
            precision = self.arguments[0]
        return {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": name,
            "Label": name,
            "Type": "float" if self.name == "real" else self.name,
            "Precision": precision,
            "Scale": scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": self.name in {"varchar", "char"},
        }


BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
SMALLINT = Type("smallint")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
UNKNOWN = Type("unknown")
DAY_TO_SECOND = Type("interval day to second")
YEAR_TO_MONTH = Type("interval year to month")
MAX_DECIMAL_PRECISION = 38


def decimal_of(precision: int, scale: int) -> Type:
    """decimal(precision,scale)."""
    return Type("decimal", (precision, scale))


def varchar_of(length: int | None) -> Type:
    """varchar(length), or varchar for None."""
    return VARCHAR if length is None else Type("varchar", (length,))


def timestamp_of(precision: int, *, zoned: bool = False) -> Type:
    """timestamp(precision), or the one with time zone."""
    return Type("timestamp with time zone" if zoned else "timestamp", () if precision == 3 else (precision,))


def time_of(precision: int) -> Type:
    """time(precision)."""
    return Type("time", () if precision == 3 else (precision,))


def array_of(element: Type) -> Type:
    """array(element)."""
    return Type("array", fields=(("element", element),))


def map_of(key: Type, value: Type) -> Type:
    """map(key, value)."""
    return Type("map", fields=(("key", key), ("value", value)))


def row_of(*members: Type, names: Sequence[str] = ()) -> Type:
    """row(...), with a name for each member, or anonymous."""
    return Type("row", fields=tuple(zip(names or [""] * len(members), members, strict=True)))


def function_of(*parameters_and_result: Type) -> Type:
    """The type of a lambda expression: its parameters, then its result."""
    return Type("function", fields=tuple(("", type_) for type_ in parameters_and_result))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if name else ""


def parse(text: str) -> Type:
    """Parse a type in Glue's, Athena's or DuckDB's spelling; raises ValueError for an unknown type."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens).replace(" ", "") != text.replace(" ", "").replace("\n", ""):
        raise ValueError(f"{text!r} is not a type")
    reader = _Reader(tokens, text)
    type_ = reader.type()
    if reader.peek():
        raise ValueError(f"{text!r} is not a type")
    return type_


class _Reader:
    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        if not token or (expected and token not in expected):
            raise ValueError(f"{self._text!r} is not a type")
        self._at += 1
        return token

    def type(self) -> Type:
        word = self.take().lower()
        name = _NAMES.get(word)
        if name is None:
            raise ValueError(f"{word!r} in {self._text!r} is not a type")
        if name == "row":
            type_ = Type(name, fields=self._members())
        elif name in {"array", "map"}:
            close = ">" if self.take("<", "(") == "<" else ")"
            fields = [("element" if name == "array" else "key", self.type())]
            if name == "map":
                self.take(",")
                fields.append(("value", self.type()))
            self.take(close)
            type_ = Type(name, fields=tuple(fields))
        else:
            arguments = self._arguments()
            type_ = Type(name, () if name.startswith("time") and arguments == (3,) else arguments)
        if name in {"timestamp", "time"} and self.peek().lower() in {"with", "without"}:
            zoned = self.peek().lower() == "with"
            for _ in range(3):
                self.take()
            type_ = Type(f"{name} with time zone" if zoned else name, type_.arguments)
        while self.peek() == "[":
            self.take("[")
            if self.peek() != "]":
                self.take()
            self.take("]")
            type_ = Type("array", fields=(("element", type_),))
        return type_

    def _arguments(self) -> tuple[int, ...]:
        if self.peek() != "(":
            return ()
        self.take("(")
        arguments: list[int] = []
        while True:
            number = self.take()
            if not number.isdecimal():
                raise ValueError(f"{self._text!r} is not a type")
            arguments.append(int(number))
            if self.take(",", ")") == ")":
                return tuple(arguments)

    def _members(self) -> tuple[tuple[str, Type], ...]:
        close = ">" if self.take("<", "(") == "<" else ")"
        members: list[tuple[str, Type]] = []
        while True:
            name = self.take()
            if self.peek() == ":":
                self.take(":")
            name = name[1:-1].replace('""', '"') if name.startswith('"') else name
            members.append((name, self.type()))
            if self.take(",", close) == close:
                return tuple(members)
