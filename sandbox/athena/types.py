"""Types with their three names: Glue's (Hive's), Athena's (Trino's) and DuckDB's.

`parse` accepts a type in any of the three spellings; a `Type` formats itself in each. The values of ColumnInfo are
those of Athena's GetQueryResults.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypedDict

_NAMES = {
    "string": "varchar",
    "text": "varchar",
    "varchar": "varchar",
    "char": "char",
    "boolean": "boolean",
    "bool": "boolean",
    "tinyint": "tinyint",
    "utinyint": "smallint",
    "smallint": "smallint",
    "usmallint": "integer",
    "int": "integer",
    "integer": "integer",
    "uinteger": "bigint",
    "long": "bigint",
    "bigint": "bigint",
    "ubigint": "bigint",
    "hugeint": "bigint",  # DuckDB's sum of integers; Athena's is a bigint
    "uhugeint": "bigint",
    "float": "real",
    "real": "real",
    "double": "double",
    "decimal": "decimal",
    "numeric": "decimal",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamp_s": "timestamp",
    "timestamp_ms": "timestamp",
    "timestamp_ns": "timestamp",
    "timestamp with time zone": "timestamp with time zone",
    "timestamptz": "timestamp with time zone",
    "interval": "interval day to second",
    "binary": "varbinary",
    "varbinary": "varbinary",
    "blob": "varbinary",
    "json": "json",
    "uuid": "uuid",
    "array": "array",
    "map": "map",
    "struct": "row",
    "row": "row",
    '"null"': "unknown",
    "null": "unknown",
    "unknown": "unknown",
}
_DUCKDB = {
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "real": "FLOAT",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "interval day to second": "INTERVAL",
    "varbinary": "BLOB",
    "unknown": "VARCHAR",
}
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

_TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|timestamp with time zone|[^\s(),<>:\[\]]+|[(),<>:\[\]])', re.IGNORECASE)


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
    def athena(self) -> str:
        """Athena's form in messages and in DESCRIBE of a view: varchar(3), decimal(18,2), array(integer)."""
        if self.name == "row":
            return f"row({', '.join(f'{name} {type_.athena}'.strip() for name, type_ in self.fields)})"
        if self.fields:
            return f"{self.name}({', '.join(type_.athena for _, type_ in self.fields)})"
        if self.name == "decimal":
            return "decimal({},{})".format(*self.decimal)
        if self.name == "timestamp":
            return "timestamp(3)"
        if self.name == "timestamp with time zone":
            return "timestamp(3) with time zone"
        return f"{self.name}({self.arguments[0]})" if self.arguments else self.name

    @property
    def sql(self) -> str:
        """The form in Athena's SQL, in casts and schemas."""
        if self.name == "row":
            return f"row({', '.join(f'{_quoted(name)} {type_.sql}'.strip() for name, type_ in self.fields)})"
        if self.fields:
            return f"{self.name}({', '.join(type_.sql for _, type_ in self.fields)})"
        return self.name if self.name in {"timestamp", "timestamp with time zone"} else self.athena

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
            type_ = Type(name, () if name.startswith(("timestamp", "time")) else arguments)
        if name in {"timestamp", "time"} and self.peek().lower() == "with":
            for _ in range(3):
                self.take()
            type_ = Type("timestamp with time zone")
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
