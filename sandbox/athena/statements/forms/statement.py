"""A statement as a value: its kinds, the file of its result, and the parts that several share.

`sort` is GetQueryExecution's SubstatementType and `kind` its StatementType. Both, and the file of a statement's result,
are as measured on Athena by aoyagikouhei/athena-local (docs/api.md, docs/result-files.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class StatementKind(Enum):
    """GetQueryExecution's StatementType."""

    DML = "DML"
    DDL = "DDL"
    UTILITY = "UTILITY"


class Output(Enum):
    """The file of a statement's result, by its name below the output location."""

    CSV = "{id}.csv"
    TEXT = "{id}.txt"
    NONE = "{id}"
    TABLE = "tables/{id}"


@dataclass(frozen=True)
class Statement:
    """A recognized statement."""

    kind: ClassVar[StatementKind] = StatementKind.UTILITY
    sort: ClassVar[str] = ""
    output: ClassVar[Output] = Output.TEXT


@dataclass(frozen=True)
class ColumnDefinition:
    """A column as Hive's DDL declares it; the type in Glue's spelling."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True)
class Partition:
    """A partition that a statement names: its columns' values as text, and its location if one is given."""

    values: tuple[tuple[str, str], ...]
    location: str = ""
