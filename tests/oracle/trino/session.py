"""The sandbox's Athena in this process as the other side of the oracle, with the same table `s`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb

from sandbox.athena.errors import SYSTEM, ApiError, StatementError
from sandbox.athena.results import csv_page
from tests.athena_lake import Lake
from tests.oracle.trino.engine import Answer, table

_NAME = re.compile(r"^([A-Z][A-Z_]+): ")


class Sandbox:
    """The sandbox's Athena over a lake in a directory, whose only table is `s`."""

    def __init__(self, directory: Path) -> None:
        described = table()
        names = [column["name"] for column in described["columns"]]
        self.lake = Lake(directory)
        self.lake.table("s", {column["name"]: column["glue"] for column in described["columns"]})
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in described["rows"]]
        self.lake.rows("s/rows.json", *rows)

    def ask(self, sql: str) -> Answer:
        """Return the result of one statement; a failure of the sandbox itself is CRASHED."""
        try:
            outcome = self.lake.run(sql)
        except StatementError as error:
            if error.category == SYSTEM:
                return Answer(error="CRASHED", message=error.reason)
            name = _NAME.match(error.reason)
            return Answer(error=name[1] if name else "GENERIC_INTERNAL_ERROR", message=error.reason)
        except ApiError as error:
            return Answer(error="SYNTAX_ERROR", message=error.message)
        except (duckdb.Error, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
            return Answer(error="CRASHED", message=f"{type(error).__name__}: {error}")
        page = csv_page(self.lake.result, None, outcome.rows + 1).rows[1:]
        rows = tuple(tuple(datum.get("VarCharValue") for datum in row["Data"]) for row in page)
        return Answer(tuple((column["Name"], column["Type"]) for column in outcome.columns), rows)
