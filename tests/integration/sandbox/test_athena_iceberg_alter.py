"""ALTER TABLE, SHOW CREATE TABLE and OPTIMIZE of Iceberg tables, beside what pyiceberg reads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import Place, new_place
from tests.integration.sandbox.iceberg_tables import catalog_of, changed, create, failure


@pytest.fixture(scope="module")
def place(sandbox_server: SandboxServer, athena_worker: None) -> Place:
    """One database for the module; each test names its tables apart."""
    return new_place(sandbox_server.endpoint_url)


def described(place: Place, name: str) -> tuple[list[Any], list[Any], dict[str, str]]:
    table = catalog_of(place).load_table((place.name, name))
    fields = [(str(field.transform), table.schema().find_field(field.source_id).name) for field in table.spec().fields]
    return [(f.name, str(f.field_type), f.doc) for f in table.schema().fields], fields, table.properties


def test_the_columns_of_a_table_evolve(place: Place) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html."""
    create(place, "evolved")
    place.rows("ALTER TABLE evolved ADD COLUMNS (qty int COMMENT 'how many', tags array<string>)")
    assert changed(place, "INSERT INTO evolved (id, name, qty, tags) VALUES (3, 'c', 7, ARRAY['x'])") == 1
    place.rows("ALTER TABLE evolved CHANGE COLUMN qty qty bigint FIRST")
    place.rows("ALTER TABLE evolved CHANGE total total decimal(12,2) AFTER id")
    assert (
        changed(place, "UPDATE evolved SET qty = 5000000000, total = CAST(9999999999.99 AS decimal(12,2)) WHERE id = 2")
        == 1
    )
    assert place.rows("SELECT * FROM evolved ORDER BY id") == [
        ["qty", "id", "total", "name", "at", "tags"],
        [None, "1", "1.50", "a", "2026-01-01 00:00:00.123", None],
        ["5000000000", "2", "9999999999.99", "b", None, None],
        ["7", "3", None, "c", None, "[x]"],
    ]
    place.rows("ALTER TABLE evolved DROP COLUMN tags")
    assert place.rows("SHOW COLUMNS IN evolved") == [[f"{name:20}"] for name in ("qty", "id", "total", "name", "at")]
    columns, _, _ = described(place, "evolved")
    assert columns[:3] == [("qty", "long", "how many"), ("id", "long", None), ("total", "decimal(12, 2)", None)]
    for change, error in (
        ("ADD COLUMNS (qty int)", "COLUMN_ALREADY_EXISTS"),
        ("ADD COLUMNS (tags int)", "NOT_SUPPORTED: column tags would be replaced"),
        ("DROP COLUMN nothing", "COLUMN_NOT_FOUND"),
        ("DROP COLUMN name", "NOT_SUPPORTED: Cannot drop partition field"),
        ("CHANGE COLUMN qty qty int", "NOT_SUPPORTED: Cannot change column type"),
        ("CHANGE COLUMN total total decimal(8,2)", "NOT_SUPPORTED: Cannot change column type"),
        ("CHANGE COLUMN qty number bigint", "NOT_SUPPORTED: column qty would be renamed"),
        ("CHANGE COLUMN qty qty bigint AFTER nothing", "COLUMN_NOT_FOUND"),
        ("REPLACE COLUMNS (id bigint)", "NOT_SUPPORTED"),
        (f"SET LOCATION 's3://{place.name}/other/'", "NOT_SUPPORTED"),
        ("SET TBLPROPERTIES ('owner' = 'me')", "NOT_SUPPORTED: Unsupported table property key: owner"),
    ):
        assert failure(place, f"ALTER TABLE evolved {change}").startswith(error)
    assert described(place, "evolved")[0] == columns


def test_a_table_is_renamed_with_its_rows(place: Place) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-alter-table-rename.html."""
    create(place, "before")
    create(place, "taken")
    assert failure(place, "ALTER TABLE before RENAME TO taken").startswith("TABLE_ALREADY_EXISTS")
    assert failure(place, "ALTER TABLE before RENAME TO nowhere.after").startswith("SCHEMA_NOT_FOUND")
    place.rows("ALTER TABLE before RENAME TO after")
    assert place.rows("SELECT id FROM after ORDER BY id")[1:] == [["1"], ["2"]]
    assert failure(place, "SELECT 1 FROM before").startswith("TABLE_NOT_FOUND")


def test_show_create_table_creates_the_table_again(place: Place) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-show-create-table.html; its lines as in
    https://github.com/aws/aws-sdk-pandas/issues/3222.
    """
    columns = "`id` bigint COMMENT 'its key', at timestamp, parts array<struct<a:int,b:string>>, total decimal(9,1)"
    settings = "'table_type' = 'ICEBERG', 'vacuum_max_snapshot_age_seconds' = '7'"
    location = f"LOCATION 's3://{place.name}/shown/' TBLPROPERTIES ({settings})"
    by = "PARTITIONED BY (day(at), bucket(4, id), truncate(2, total), total)"
    place.rows(f"CREATE TABLE shown ({columns}) {by} {location}")
    first = described(place, "shown")
    statement = "\n".join(str(line) for (line,) in place.rows("SHOW CREATE TABLE shown"))
    assert statement.splitlines() == [
        f"CREATE TABLE {place.name}.shown (",
        "  id bigint COMMENT 'its key',",
        "  at timestamp,",
        "  parts array<struct<a:int,b:string>>,",
        "  total decimal(9,1))",
        "PARTITIONED BY (day(`at`), bucket(4, `id`), truncate(2, `total`), `total`)",
        f"LOCATION 's3://{place.name}/shown'",
        "TBLPROPERTIES (",
        "  'table_type'='iceberg',",
        "  'write_compression'='zstd',",
        "  'format'='parquet',",
        "  'vacuum_max_snapshot_age_seconds'='7'",
        ");",
    ]
    place.rows("DROP TABLE shown")
    place.rows(statement.replace(f"{place.name}.", ""))
    assert described(place, "shown") == first
    with catalog_of(place).load_table((place.name, "shown")).transaction() as transaction:
        transaction.set_properties(team="sales")
    assert failure(place, "SHOW CREATE TABLE shown").startswith("UNSUPPORTED")


def test_a_table_that_athena_does_not_create(place: Place) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html."""
    iceberg = f"LOCATION 's3://{place.name}/not/' TBLPROPERTIES ('table_type' = 'ICEBERG'"
    external = failure(place, f"CREATE EXTERNAL TABLE not_made (id int) {iceberg})")
    assert external.endswith("External keyword not supported for table type ICEBERG")
    assert failure(place, f"CREATE TABLE not_made (id int) {iceberg}, 'format' = 'orc')").startswith("NOT_SUPPORTED")


def test_optimize_takes_conditions_on_what_is_partitioned_by(place: Place) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/optimize-statement.html."""
    create(place, "packed")
    assert place.rows("OPTIMIZE packed REWRITE DATA USING BIN_PACK WHERE name = 'a' AND id > 0") == []
    refused = failure(place, "OPTIMIZE packed REWRITE DATA USING BIN_PACK WHERE name = 'a' OR total > 1")
    assert refused.startswith("NOT_SUPPORTED: Unexpected FilterNode")
