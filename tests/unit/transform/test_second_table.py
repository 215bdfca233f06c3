"""Pointed at a second, quite different table, the whole way works: rows, Glue columns, view."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from components.catalogue import Catalogue, CatalogueArgs
from components.explain import graph
from components.settings import Settings as StackSettings
from components.stage import Context
from components.view import current_state
from tests.property.transform.inventory import INVENTORY
from transform.batch import Record, Transform
from transform.settings import FunctionSettings


def event(sequence: int, op: str, moved: int, quantity: str, **members: Any) -> dict[str, Any]:
    image = {
        "sku#warehouse": {"B": "QS8x"},
        "moved": {"N": str(moved)},
        "quantity": {"N": quantity},
        "measures": {
            "M": {"weight": {"N": "1.25E-3"}, "box": {"M": {"depth": {"N": "40"}, "is fragile": {"BOOL": True}}}}
        },
        "counted_on": {"S": "2026-11-22"},
        **members,
    }
    change = {
        "ApproximateCreationDateTime": 1795356187 + sequence,
        "SequenceNumber": str(10**21 + sequence),
        "OldImage" if op == "REMOVE" else "NewImage": image,
    }
    return {"eventID": f"e-{sequence}", "eventName": op, "dynamodb": change}


EVENTS = [
    event(1, "INSERT", 10, "5"),
    event(2, "INSERT", 20, "99999999999999999999999999999999.000001"),
    event(3, "MODIFY", 10, "-0.000001", **{"größe €": {"S": "XL"}}),
    event(4, "INSERT", 30, "1"),
    event(5, "REMOVE", 30, "1"),
]


def lines() -> list[bytes]:
    records: list[Record] = [
        {"recordId": str(index), "data": base64.b64encode(json.dumps(event).encode()).decode()}
        for index, event in enumerate(EVENTS)
    ]
    answers, counters = Transform(INVENTORY, FunctionSettings()).answer(records)
    assert counters.mismatches == {}
    return [base64.b64decode(answer.get("data", "")) for answer in answers]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The change log as a reader has it: every object twice, the newest first."""
    path = tmp_path / "rows.json"
    path.write_bytes(b"".join(reversed(lines() * 2)))
    columns = ", ".join(f"'{column.name}': '{_duckdb_type(column.type)}'" for column in INVENTORY.change_log_columns)
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE VIEW {INVENTORY.change_log} AS "
            f"SELECT * FROM read_json('{path}', format='newline_delimited', columns={{{columns}}})"
        )
        yield connection


def _duckdb_type(type_: str) -> str:
    return "VARCHAR" if type_ == "string" else type_.upper()


def test_the_view_holds_the_last_state_of_each_key(lake: duckdb.DuckDBPyConnection) -> None:
    (query,) = sqlglot.transpile(current_state(INVENTORY).sql, read="athena", write="duckdb")
    rows = lake.sql(
        f"SELECT place, moved, quantity, weight, depth, fragile, note FROM ({query}) ORDER BY moved"
    ).fetchall()
    assert rows == [
        ("QS8x", 10, Decimal("-0.000001"), 0.00125, 40, True, "XL"),
        ("QS8x", 20, Decimal("99999999999999999999999999999999.000001"), 0.00125, 40, True, None),
    ]


def test_the_glue_columns_are_the_tables_own() -> None:
    def program() -> None:
        Catalogue("lake", CatalogueArgs("bucket", "arn:aws:s3:::bucket"), Context.of_stack(StackSettings(), INVENTORY))

    table = graph.record(program, "dev", {}).one("aws:glue/catalogTable:CatalogTable").inputs
    assert [(column["name"], column["type"]) for column in table["storageDescriptor"]["columns"]] == [
        (column.name, column.type) for column in INVENTORY.change_log_columns
    ]
    assert table["name"] == "movement_changes"
