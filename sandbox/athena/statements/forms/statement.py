"""A statement as a value: its kinds, the file of its result, and what several have in common.

`sort` is GetQueryExecution's SubstatementType and `kind` its StatementType. Both, and which file a statement's result
is, are as aoyagikouhei/athena-local measured them on Athena (docs/api.md, docs/result-files.md).
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
    """The file that a statement's result is, by its name behind the output location."""

    CSV = "{id}.csv"
    TEXT = "{id}.txt"
    NONE = "{id}"
    TABLE = "tables/{id}"


@dataclass(frozen=True)
class Statement:
    """A recognised statement."""

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
    """A partition that is named in a statement: its columns' values as text, and its location if one is given."""

    values: tuple[tuple[str, str], ...]
    location: str = ""
