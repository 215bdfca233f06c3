"""Iceberg tables by Athena's statements, beside pyiceberg as another writer."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.athena.commands import icebergs
from sandbox.athena.iceberg import Iceberg
from sandbox.athena.objects import Objects, S3Object
from sandbox.athena.statements.forms import Vacuum
from sandbox.athena.statements.tokens import Name
from sandbox.state import client
from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import Place, new_place
from tests.integration.sandbox.iceberg_tables import catalog_of, changed, create, failure


@pytest.fixture(scope="module")
def place(sandbox_server: SandboxServer, athena_worker: None) -> Place:
    """One database for the module; each test names its tables apart."""
    return new_place(sandbox_server.endpoint_url)


@pytest.mark.parametrize(
    ("by", "why"),
    [("bucket(0, id)", "number of buckets: 0 (must be > 0)"), ("truncate(0, name)", "truncate width: 0 (must be > 0)")],
)
def test_a_transform_of_none_is_refused(by: str, why: str, place: Place) -> None:
    """As the Iceberg library of Trino does; apache/iceberg api/.../transforms/Bucket.java, Truncate.java."""
    table = f"CREATE TABLE none (id bigint, name string) PARTITIONED BY ({by}) LOCATION 's3://{place.name}/none/' "
    status = place.finished(place.start(f"{table}TBLPROPERTIES ('table_type' = 'ICEBERG')"))["Status"]
    assert status["StateChangeReason"].startswith("INVALID_TABLE_PROPERTY")
    assert why in status["StateChangeReason"]


def test_a_table_is_created_filled_and_travelled_in(place: Place) -> None:
    create(place, "travelled")
    assert place.rows("SELECT id, name, total FROM travelled ORDER BY id")[1:] == [["1", "a", "1.50"], ["2", "b", None]]
    ((first, operation),) = place.rows('SELECT snapshot_id, operation FROM "travelled$snapshots"')[1:]
    assert operation == "append"
    place.rows("INSERT INTO travelled (id, name) VALUES (3, 'c')")
    assert place.rows("SELECT count(*) FROM travelled")[1:] == [["3"]]
    assert place.rows(f"SELECT count(*) FROM travelled FOR VERSION AS OF {first}")[1:] == [["2"]]
    past = "FOR TIMESTAMP AS OF TIMESTAMP '2000-01-01 00:00:00 UTC'"
    assert failure(place, f"SELECT * FROM travelled {past}").startswith("INVALID_ARGUMENTS: No version history")
    assert failure(place, "SELECT * FROM travelled FOR VERSION AS OF 5").startswith(
        "INVALID_ARGUMENTS: Iceberg snapshot"
    )
    history = place.rows('SELECT is_current_ancestor FROM "travelled$history"')[1:]
    assert history == [["true"], ["true"]]
    files = place.rows('SELECT sum(record_count) FROM "travelled$files"')[1:]
    assert files == [["3"]]
    assert place.rows("OPTIMIZE travelled REWRITE DATA USING BIN_PACK") == []
    assert place.rows("VACUUM travelled") == []
    assert place.rows("SELECT id FROM travelled ORDER BY id")[1:] == [["1"], ["2"], ["3"]]


def test_rows_are_changed(place: Place) -> None:
    create(place, "changed")
    assert changed(place, "UPDATE changed SET total = coalesce(total, 0) + 1, name = name || '!' WHERE id = 2") == 1
    assert changed(place, "DELETE FROM changed WHERE name = 'a'") == 1
    assert place.rows("SELECT id, name, total FROM changed")[1:] == [["2", "b!", "1.00"]]
    source = "(SELECT * FROM (VALUES (2, 'gone', true), (3, 'new', false), (4, 'skip', true)) AS v(id, name, flag))"
    merge = (
        f"MERGE INTO changed AS t USING {source} AS s ON t.id = s.id WHEN MATCHED AND s.flag THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET name = s.name "
        "WHEN NOT MATCHED AND NOT s.flag THEN INSERT (id, name) VALUES (s.id, s.name)"
    )
    assert changed(place, merge) == 2
    assert place.rows("SELECT id, name, total FROM changed")[1:] == [["3", "new", None]]
    double = "(SELECT * FROM (VALUES (3, 'x'), (3, 'y')) AS v(id, name))"
    twice = f"MERGE INTO changed t USING {double} s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name"
    assert failure(place, twice).startswith("MERGE_TARGET_ROW_MULTIPLE_MATCHES")
    assert changed(place, "DELETE FROM changed WHERE id = 99") == 0


def test_a_write_has_a_hundred_partitions_at_most(place: Place) -> None:
    """https://github.com/aws/aws-sdk-pandas/issues/3172; of the rows of one statement, not of the table."""
    location = f"LOCATION 's3://{place.name}/wide/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    place.rows(f"CREATE TABLE wide (id int, at timestamp) PARTITIONED BY (day(at), id) {location}")
    rows = "SELECT CAST(n / 50 AS integer), TIMESTAMP '2026-01-01 00:00:00' + (n % 50) * INTERVAL '25' HOUR FROM"
    for first, last in ((0, 99), (100, 100)):
        count = last - first + 1
        assert changed(place, f"INSERT INTO wide {rows} UNNEST(sequence({first}, {last})) AS t(n)") == count
    many = f"INSERT INTO wide {rows} UNNEST(sequence(101, 201)) AS t(n)"
    assert failure(place, many).startswith("ICEBERG_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers")
    assert failure(place, "UPDATE wide SET id = id + 1").startswith("ICEBERG_TOO_MANY_OPEN_PARTITIONS")
    assert place.rows("SELECT count(*) FROM wide")[1:] == [["101"]]


def test_a_change_replaces_only_the_files_that_it_touches(place: Place) -> None:
    columns = "id bigint, name string"
    location = f"LOCATION 's3://{place.name}/apart/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    place.rows(f"CREATE TABLE apart ({columns}) PARTITIONED BY (bucket(1, id)) {location}")
    for first in (1, 11, 21):
        place.rows(f"INSERT INTO apart VALUES ({first}, 'a'), ({first + 1}, 'b')")

    def paths() -> set[str | None]:
        return {row[0] for row in place.rows('SELECT file_path FROM "apart$files"')[1:]}

    before = paths()
    assert changed(place, "UPDATE apart SET name = 'c' WHERE id = 12") == 1
    assert len(before & paths()) == 2
    before = paths()
    assert changed(place, "DELETE FROM apart WHERE id IN (1, 2)") == 2
    assert paths() < before
    source = "(VALUES (21, 'd'), (31, 'e')) AS s(id, name)"
    merge = f"MERGE INTO apart t USING (SELECT * FROM {source}) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET"
    before = paths()
    assert changed(place, f"{merge} name = s.name WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name)") == 2
    assert len(before & paths()) == 1
    before = paths()
    assert changed(place, f"{merge} name = s.name || '!'") == 2
    place.rows("OPTIMIZE apart REWRITE DATA USING BIN_PACK WHERE id < 20")
    assert len(paths()) == len(before)
    rows = place.rows("SELECT id, name FROM apart ORDER BY id")[1:]
    assert rows == [["11", "a"], ["12", "c"], ["21", "d!"], ["22", "b"], ["31", "e!"]]
    assert place.rows("OPTIMIZE apart REWRITE DATA USING BIN_PACK") == []
    assert len(paths()) == 1
    operations = place.rows('SELECT operation FROM "apart$snapshots" ORDER BY committed_at')[1:]
    assert [operation for (operation,) in operations] == [*["append"] * 3, *["overwrite"] * 5]


def test_a_table_from_a_query_and_what_it_must_not_be(place: Place) -> None:
    properties = f"table_type = 'ICEBERG', is_external = false, location = 's3://{place.name}/made/'"
    assert changed(place, f"CREATE TABLE made WITH ({properties}) AS SELECT 1 AS n, ARRAY['x'] AS list") == 1
    assert place.rows("SELECT * FROM made")[1:] == [["1", "[x]"]]
    assert failure(place, "DELETE FROM absent").startswith("TABLE_NOT_FOUND")
    place.rows(f"CREATE EXTERNAL TABLE hive (n int) LOCATION 's3://{place.name}/hive/'")
    assert failure(place, "DELETE FROM hive").startswith("NOT_SUPPORTED: Modifying Hive table rows")
    with pytest.raises(ClientError, match="No location was specified"):
        place.start("CREATE TABLE bare (n int) TBLPROPERTIES ('table_type' = 'ICEBERG')")


def test_another_writer_is_neither_overwritten_nor_overlooked(place: Place) -> None:
    create(place, "shared")
    theirs = catalog_of(place).load_table((place.name, "shared"))
    assert theirs.scan().to_arrow().num_rows == 2
    place.rows("DELETE FROM shared WHERE id = 1")
    late = theirs.scan().to_arrow()
    exceptions: Any = import_module("pyiceberg.exceptions")
    with pytest.raises((exceptions.CommitFailedException, exceptions.ValidationException)):
        theirs.overwrite(late)
    theirs.refresh()
    theirs.append(late.slice(0, 1))
    assert place.rows("SELECT count(*) FROM shared")[1:] == [["2"]]
    raw = place.glue.get_table(DatabaseName=place.name, Name="shared")["Table"]
    given = {"Name": "shared", "Parameters": raw["Parameters"]}
    with pytest.raises(place.glue.exceptions.ConcurrentModificationException):
        place.glue.update_table(DatabaseName=place.name, TableInput=given, VersionId=str(int(raw["VersionId"]) - 1))


def test_a_renamed_column_is_refused(place: Place) -> None:
    create(place, "renamed")
    theirs = catalog_of(place).load_table((place.name, "renamed"))
    with theirs.update_schema() as schema:
        schema.rename_column("total", "amount")
    assert failure(place, "SELECT * FROM renamed").startswith("NOT_SUPPORTED: renamed's column amount was renamed")


def test_a_partitioned_table_is_described(place: Place) -> None:
    """The columns of trino 435, io.trino.plugin.iceberg.FilesTable, ManifestsTable, PartitionTable, RefsTable."""
    place.rows(
        "CREATE TABLE parted (id bigint, total decimal(10,2), country string, at timestamp) "
        f"PARTITIONED BY (country, day(at)) LOCATION 's3://{place.name}/parted/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    assert place.rows('SELECT count(*) FROM "parted$partitions"')[1:] == [["0"]]
    place.rows(
        "INSERT INTO parted VALUES (1, DECIMAL '1.50', 'de', TIMESTAMP '2026-01-01 10:00:00'), "
        "(2, DECIMAL '-2.25', 'de', TIMESTAMP '2026-01-01 11:30:00.5'), "
        "(3, NULL, NULL, TIMESTAMP '2026-01-02 00:00:00')"
    )
    place.rows("INSERT INTO parted VALUES (4, DECIMAL '7.00', 'de', TIMESTAMP '2026-01-01 09:00:00')")

    partitions = place.rows(
        "SELECT partition.country, partition.at_day, record_count, file_count, total_size > 0, data.id.min, "
        "data.id.max, data.total.min, data.total.null_count, data.at.min "
        'FROM "parted$partitions" ORDER BY record_count DESC'
    )[1:]
    assert partitions == [
        ["de", "2026-01-01", "3", "2", "true", "1", "4", "-2.25", "0", "2026-01-01 09:00:00.000"],
        [None, "2026-01-02", "1", "1", "true", "3", "3", None, "1", "2026-01-02 00:00:00.000"],
    ]
    names = place.rows('SELECT * FROM "parted$files"')[0]
    assert [name for name in names if name is not None and "count" in name] == [
        "record_count", "value_counts", "null_value_counts", "nan_value_counts",
    ]  # fmt: skip
    bounds = place.rows(
        "SELECT partition.country, value_counts[1], lower_bounds[1], upper_bounds[2], split_offsets[1], equality_ids "
        'FROM "parted$files" WHERE record_count = 2'
    )[1:]
    assert bounds == [["de", "2", "1", "1.50", "4", None]]
    manifests = place.rows(
        "SELECT added_data_files_count, added_rows_count, deleted_rows_count, partition_summaries[1].lower_bound, "
        'partition_summaries[1].contains_null FROM "parted$manifests" ORDER BY added_rows_count'
    )[1:]
    assert manifests == [["1", "1", "0", "de", "false"], ["2", "3", "0", "de", "true"]]
    refs = place.rows('SELECT name, type, snapshot_id, max_reference_age_in_ms FROM "parted$refs"')[1:]
    newest = place.rows("""SELECT snapshot_id, summary['added-records'] FROM "parted$snapshots" ORDER BY 1""")[1:]
    assert refs[0][:2] + refs[0][3:] == ["main", "BRANCH", None]
    assert [refs[0][2], "1"] in newest
    assert failure(place, 'SELECT * FROM "parted$properties"').startswith("NOT_SUPPORTED: The sandbox's Athena has no")
    assert failure(place, 'SELECT * FROM "parted$nothing"').startswith("TABLE_NOT_FOUND")


def test_vacuum_keeps_the_loaded_rows_of_the_files_that_snapshots_have(place: Place) -> None:
    create(place, "swept")
    assert changed(place, "UPDATE swept SET total = 3 WHERE id = 2") == 1
    assert changed(place, "DELETE FROM swept WHERE id = 1") == 1
    iceberg, kept = Iceberg({}), list[tuple[str, str, set[S3Object]]]()
    vars(iceberg)["catalog"] = catalog_of(place)
    found = SimpleNamespace(database=place.name, name="swept", objects=())

    def table_of(database: str, name: str) -> object:
        del database, name
        return found

    def keep(database: str, table: str, files: set[S3Object]) -> None:
        kept.append((database, table, files))

    catalogue = SimpleNamespace(iceberg=iceberg, table=table_of)
    objects = Objects(client("s3", place.athena.meta.endpoint_url))
    engine: Any = SimpleNamespace(catalogue=catalogue, objects=objects, runner=SimpleNamespace(keep=keep))
    session: Any = SimpleNamespace(database=place.name)
    statement = Vacuum(Name("", "", "swept"))

    icebergs.vacuum(engine, statement, session)
    table = iceberg.load(place.name, "swept")
    files = [iceberg.files(table, snapshot.snapshot_id) for snapshot in table.snapshots()]
    assert len({file for each in files for file in each}) == 3
    assert kept == [(place.name, "swept", {file for each in files for file in each})]

    place.rows("ALTER TABLE swept SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds' = '0')")
    icebergs.vacuum(engine, statement, session)
    assert kept[1:] == [(place.name, "swept", set(files[-1]))]
    assert len(files[-1]) == 1


def keys(place: Place, prefix: str) -> set[str]:
    listed = place.s3.list_objects_v2(Bucket=place.name, Prefix=prefix).get("Contents", ())
    return {f"s3://{place.name}/{entry['Key']}" for entry in listed}


def files_of(place: Place, name: str) -> set[str]:
    """The files that pyiceberg finds from a table's current metadata on."""
    table = catalog_of(place).load_table((place.name, name))
    inspected = table.inspect
    return {
        table.metadata_location,
        *inspected.metadata_log_entries()["file"].to_pylist(),
        *(snapshot.manifest_list for snapshot in table.snapshots()),
        *inspected.all_manifests()["path"].to_pylist(),
        *inspected.all_files()["file_path"].to_pylist(),
    }


def test_vacuum_deletes_what_no_snapshot_has_any_more(place: Place) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html."""
    create(place, "cleared")
    for total in (3, 4, 5):
        assert changed(place, f"UPDATE cleared SET total = {total} WHERE id = 2") == 1
    place.s3.put_object(Bucket=place.name, Key="cleared/data/orphan.parquet", Body=b"of a writer that failed")
    before = keys(place, "cleared/")
    place.rows("VACUUM cleared")
    assert keys(place, "cleared/") == before
    for kept, snapshots in ((2, 2), (1, 1)):
        settings = f"'vacuum_max_snapshot_age_seconds' = '0', 'vacuum_min_snapshots_to_keep' = '{kept}'"
        place.rows(f"ALTER TABLE cleared SET TBLPROPERTIES ({settings})")
        place.rows("VACUUM cleared")
        assert place.rows('SELECT count(*) FROM "cleared$snapshots"')[1:] == [[str(snapshots)]]
        assert keys(place, "cleared/") == files_of(place, "cleared")
    assert place.rows("SELECT id, total FROM cleared ORDER BY id")[1:] == [["1", "1.50"], ["2", "5.00"]]
    place.rows("ALTER TABLE cleared SET TBLPROPERTIES ('vacuum_max_metadata_files_to_keep' = '0')")
    place.rows("VACUUM cleared")
    assert len([key for key in keys(place, "cleared/metadata/") if key.endswith(".metadata.json")]) == 1
    assert place.rows("SELECT count(*) FROM cleared")[1:] == [["2"]]


def test_the_properties_of_a_new_table_are_kept(place: Place) -> None:
    given = "'vacuum_max_snapshot_age_seconds' = '0', 'table_type' = 'ICEBERG', 'format' = 'parquet'"
    place.rows(f"CREATE TABLE given (id int) LOCATION 's3://{place.name}/given/' TBLPROPERTIES ({given})")
    assert catalog_of(place).load_table((place.name, "given")).properties["vacuum_max_snapshot_age_seconds"] == "0"


def test_vacuum_needs_a_folder(place: Place) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html."""
    place.s3.create_bucket(Bucket=f"{place.name}-root", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    location = f"LOCATION 's3://{place.name}-root/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    place.rows(f"CREATE TABLE rooted (id int) {location}")
    assert failure(place, "VACUUM rooted").endswith(f"Path missing in file system location: s3://{place.name}-root")


@pytest.mark.parametrize("by", ["DROP TABLE {}.{}", "DROP DATABASE {} CASCADE"])
def test_a_dropped_iceberg_table_takes_its_objects_along(by: str, place: Place) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-drop-table.html and
    querying-iceberg-additional-operations.html; those of another table are the user's.
    """
    database, prefix = f"{place.name}_dropped".replace("-", "_"), "one" if "TABLE" in by else "all"
    place.rows(f"CREATE DATABASE {database}")
    iceberg = "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    place.rows(f"CREATE TABLE {database}.gone (id int) LOCATION 's3://{place.name}/{prefix}/gone/' {iceberg}")
    place.rows(f"INSERT INTO {database}.gone VALUES 1, 2")
    other = "(id int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
    place.rows(f"CREATE EXTERNAL TABLE {database}.stays {other} LOCATION 's3://{place.name}/{prefix}/gone-not/'")
    place.put_rows(f"{prefix}/gone-not/x.gz", {"id": 1})
    assert len(keys(place, f"{prefix}/gone/")) > 3
    place.rows(by.format(database, "gone"))
    assert keys(place, f"{prefix}/") == {f"s3://{place.name}/{prefix}/gone-not/x.gz"}
    if "CASCADE" not in by:
        place.rows(f"DROP DATABASE {database} CASCADE")
    assert keys(place, f"{prefix}/") == {f"s3://{place.name}/{prefix}/gone-not/x.gz"}
