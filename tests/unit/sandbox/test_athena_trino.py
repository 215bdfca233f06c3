"""The sandbox's Athena answers as Trino does, or says that it cannot: recorded statements.

`tests/oracle/trino/answers.jsonl` has the answers of Trino 435 (io.trino:trino-main from Maven Central, in process,
session zone UTC, November 2026) on the table `tests/oracle/trino/table.json`; Trino 398 gave the same to the first 528.
Rows are compared as text, unordered unless the statement has ORDER BY.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.athena.errors import ApiError, StatementError
from tests.athena_lake import Lake

ORACLE = Path(__file__).parents[2] / "oracle" / "trino"
OTHERWISE = {
    # The order of a map's entries: of another hash table than the one that results are shown from.
    "SELECT histogram(status), map_agg(seq, status), multimap_agg(op, seq) FROM s WHERE order_id='o2'": "wrong",
    # The catalogue in memory has no information_schema; the integration tests read it.
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 's' ORDER BY ordinal_position":
        "SCHEMA_NOT_FOUND",
}  # fmt: skip
REFUSED = frozenset({"NOT_SUPPORTED", "FUNCTION_NOT_FOUND"})
SHARE = 0.975


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    lake = Lake(tmp_path_factory.mktemp("trino"))
    table = json.loads((ORACLE / "table.json").read_text())
    lake.table("s", {column["name"]: column["glue"] for column in table["columns"]})
    names = [column["name"] for column in table["columns"]]
    lake.rows("s/a.json", *(dict(zip(names, row, strict=True)) for row in table["rows"]))
    yield lake
    lake.store.close()


def answer(lake: Lake, sql: str) -> list[list[str | None]] | str:
    """The rows of a statement, or its error's name."""
    try:
        return lake.query(sql)
    except StatementError as error:
        return error.name
    except ApiError:
        return "SYNTAX_ERROR"


def verdict(found: list[list[str | None]] | str, recorded: dict[str, Any]) -> str:
    """same, wrong, or the error's name."""
    if isinstance(found, str):
        return "same" if found == recorded.get("error") else found
    if "error" in recorded:
        return "wrong"
    ordered = "ORDER BY" in recorded["sql"].upper()
    rows: tuple[list[Any], list[Any]] = (found, recorded["rows"])
    ours, theirs = rows if ordered else (sorted(side, key=repr) for side in rows)
    return "same" if ours == theirs else "wrong"


def test_statements_are_answered_as_trino_answers_them(lake: Lake) -> None:
    recorded = [json.loads(line) for line in (ORACLE / "answers.jsonl").read_text().splitlines()]
    verdicts = {one["sql"]: verdict(answer(lake, one["sql"]), one) for one in recorded}
    otherwise = {sql: found for sql, found in verdicts.items() if found != "same" and found not in REFUSED}
    assert otherwise.items() <= OTHERWISE.items()
    same = sum(found == "same" for found in verdicts.values())
    assert same / len(verdicts) >= SHARE
