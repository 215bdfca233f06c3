"""Athena's statements other than queries, from the text to the catalogue and the bucket."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import Place, new_place


@pytest.fixture(scope="module")
def place(sandbox_server: SandboxServer, athena_worker: None) -> Place:
    """One database for the module; each test names its tables apart."""
    return new_place(sandbox_server.endpoint_url)


def failure(place: Place, sql: str) -> str:
    status = place.finished(place.start(sql))["Status"]
    assert status["State"] == "FAILED", sql
    assert "\n" not in status["StateChangeReason"]
    return status["StateChangeReason"]


def keys(place: Place, prefix: str) -> list[str]:
    return [o["Key"] for o in place.s3.list_objects_v2(Bucket=place.name, Prefix=prefix).get("Contents", ())]


def table(place: Place, name: str) -> dict[str, Any]:
    return place.glue.get_table(DatabaseName=place.name, Name=name)["Table"]


ROWS = """SELECT * FROM (VALUES
    (1, 'a', CAST('1.50' AS decimal(10, 2)), TIMESTAMP '2026-01-01 10:00:00', ARRAY['x', 'y'], 'p'),
    (2, 'b', NULL, NULL, NULL, 'q'),
    (3, 'it''s', CAST('-0.01' AS decimal(10, 2)), TIMESTAMP '2026-01-02 00:00:00.5', ARRAY[], NULL)
) AS t(n, s, d, at, list, part)"""


@pytest.mark.parametrize(("format_", "compression"), [("PARQUET", "ZSTD"), ("JSON", "GZIP"), ("JSON", "NONE")])
def test_a_table_from_a_query_reads_as_the_query(place: Place, format_: str, compression: str) -> None:
    name = f"ctas_{format_}_{compression}".lower()
    options = f"format = '{format_}', write_compression = '{compression}', partitioned_by = ARRAY['part']"
    execution = place.finished(place.start(f"CREATE TABLE {name} WITH ({options}) AS {ROWS}"))
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    id_ = execution["QueryExecutionId"]
    assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://{place.name}/results/tables/{id_}"
    result = place.athena.get_query_results(QueryExecutionId=id_)
    assert (result["UpdateCount"], result["ResultSet"]["Rows"]) == (3, [])
    manifest = execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{place.name}/")
    files = place.s3.get_object(Bucket=place.name, Key=manifest)["Body"].read().decode().split()
    assert sorted(files) == [f"s3://{place.name}/{key}" for key in keys(place, f"results/tables/{id_}/")]
    expected = place.rows(f"SELECT * FROM ({ROWS}) ORDER BY n")
    assert place.rows(f"SELECT * FROM {name} ORDER BY n") == expected
    partitions = ["part=__HIVE_DEFAULT_PARTITION__", "part=p", "part=q"]
    assert place.rows(f"SHOW PARTITIONS {name}") == [[partition] for partition in partitions]
    assert place.rows(f"SELECT n FROM {name} WHERE part = 'q'")[1:] == [["2"]]


def test_a_view_that_was_read_before_follows_each_change_of_what_it_reads(place: Place) -> None:
    for name, number in (("one", 1), ("one_more", 2)):
        place.rows(f"CREATE TABLE {name} WITH (format = 'PARQUET') AS SELECT {number} AS n")
    place.rows("CREATE VIEW numbers AS SELECT n FROM one UNION ALL SELECT n FROM one_more")
    read = "SELECT n FROM numbers ORDER BY n"
    assert place.rows(read)[1:] == place.rows(read)[1:] == [["1"], ["2"]]
    place.rows("DROP TABLE one")
    failed = place.finished(place.start(read))["Status"]["StateChangeReason"]
    assert failed == f"TABLE_NOT_FOUND: Table 'awsdatacatalog.{place.name}.one' does not exist"
    place.rows("CREATE TABLE one WITH (format = 'PARQUET') AS SELECT 10 AS n")
    assert place.rows(read)[1:] == [["2"], ["10"]]
    place.rows("CREATE OR REPLACE VIEW numbers AS SELECT n + 1 AS n FROM one_more")
    assert place.rows(read)[1:] == [["3"]]
    found = place.glue.get_tables(DatabaseName=place.name, Expression="one$|num")["TableList"]
    assert {table["Name"] for table in found} == {"numbers", "one"}


def test_what_a_table_from_a_query_must_not_be(place: Place) -> None:
    create = "CREATE TABLE refused WITH ({}) AS SELECT 1 AS a, 'x' AS b"
    left = "You may need to manually clean the data at location"
    for properties, reason in {
        "format = 'ORC'": "NOT_SUPPORTED: format ORC",
        "colour = 'red'": "INVALID_TABLE_PROPERTY: line 1:1: Catalog 'awsdatacatalog' table property 'colour'",
        "partitioned_by = ARRAY['a']": "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns",
        "bucketed_by = ARRAY['c'], bucket_count = 2": "INVALID_TABLE_PROPERTY: Bucketing columns [c] not present",
        f"external_location = 's3://{place.name}/elsewhere/'": "The Create Table As Select query failed because",
    }.items():
        found = failure(place, create.format(properties))
        assert found.startswith(reason)
        assert left in found
    assert failure(place, "CREATE TABLE refused AS SELECT 1").startswith("MISSING_COLUMN_NAME: line 1:1")
    assert failure(place, "CREATE TABLE refused AS SELECT NULL AS a").startswith("COLUMN_TYPE_UNKNOWN")
    assert failure(place, "CREATE TABLE nowhere.t AS SELECT 1 AS a").startswith("SCHEMA_NOT_FOUND: Database nowhere")
    many = "SELECT 1 AS a, x AS p FROM UNNEST(sequence(1, 101)) AS t(x)"
    many = f"CREATE TABLE refused WITH (partitioned_by = ARRAY['p']) AS {many}"
    assert failure(place, many).startswith("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers")
    assert ["refused"] not in place.rows("SHOW TABLES")


def test_buckets_are_hives(place: Place) -> None:
    """Of Integer 1, 2, 3 the hash is the number; of 'a' it is 97: java.lang.String.hashCode over the bytes."""
    place.rows(
        "CREATE TABLE buckets WITH (bucketed_by = ARRAY['n'], bucket_count = 2) AS SELECT * FROM (VALUES 1, 2, 3) t(n)"
    )
    read = place.rows('SELECT "$path", array_agg(n ORDER BY n) FROM buckets GROUP BY 1 ORDER BY 2')[1:]
    assert [(str(path)[-5:], numbers) for path, numbers in read] == [("00001", "[1, 3]"), ("00000", "[2]")]
    assert table(place, "buckets")["StorageDescriptor"]["NumberOfBuckets"] == 2


def test_rows_are_inserted(place: Place) -> None:
    place.rows(
        "CREATE TABLE target WITH (format = 'PARQUET', partitioned_by = ARRAY['day']) AS "
        "SELECT 1 AS n, CAST('a' AS varchar) AS s, DATE '2026-01-01' AS day"
    )
    assert place.rows("INSERT INTO target VALUES (2, 'b', DATE '2026-01-01'), (3, NULL, DATE '2026-01-02')") == []
    place.rows("INSERT INTO target (day, n) SELECT DATE '2026-01-03', n * 10 FROM target WHERE n = 1")
    assert place.rows("SELECT n, s, day FROM target ORDER BY n")[1:] == [
        ["1", "a", "2026-01-01"],
        ["2", "b", "2026-01-01"],
        ["3", None, "2026-01-02"],
        ["10", None, "2026-01-03"],
    ]
    assert len(place.rows("SHOW PARTITIONS target")) == 3
    wrong = failure(place, "INSERT INTO target SELECT 'x', 'y', DATE '2026-01-01'")
    assert wrong.startswith(
        "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [integer, varchar,"
    )
    assert "If a data manifest file was generated at" in wrong
    assert failure(place, "INSERT INTO absent VALUES 1").startswith("TABLE_NOT_FOUND: line 1:1")
    id_ = place.start("INSERT INTO target SELECT 1, 'a', DATE '2026-01-01' WHERE false")
    execution = place.finished(id_)
    assert "DataManifestLocation" not in execution["Statistics"]
    assert place.athena.get_query_results(QueryExecutionId=id_)["UpdateCount"] == 0


def test_rows_are_unloaded_where_nothing_is(place: Place) -> None:
    unload = f"UNLOAD ({ROWS}) TO 's3://{place.name}/unloaded/' WITH (format = 'TEXTFILE', field_delimiter = ',')"
    assert failure(place, unload).startswith("NOT_SUPPORTED: TEXTFILE with a column of type array")
    unload = unload.replace("SELECT *", "SELECT n, s, d, at")
    execution = place.finished(place.start(unload))
    assert execution["SubstatementType"] == "UNLOAD"
    (key,) = keys(place, "unloaded/")
    content = gzip.decompress(place.s3.get_object(Bucket=place.name, Key=key)["Body"].read()).decode()
    assert sorted(content.splitlines()) == [
        "1,a,1.50,2026-01-01 10:00:00.000",
        r"2,b,\N,\N",
        "3,it's,-0.01,2026-01-02 00:00:00.500",
    ]
    assert failure(place, unload).startswith("HIVE_PATH_ALREADY_EXISTS")


def test_an_external_table_of_delimited_text(place: Place) -> None:
    body = "n;s;list;d\n1;a\\;b;x|y;1.5\n\\N;;;no\n3;c\n"
    place.s3.put_object(Bucket=place.name, Key="text/a.csv", Body=body.encode())
    place.rows(
        "CREATE EXTERNAL TABLE text (n int COMMENT 'a number', s string, list array<string>, d decimal(5,2))\n"
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\;' ESCAPED BY '\\\\' COLLECTION ITEMS TERMINATED BY '|'\n"
        f"LOCATION 's3://{place.name}/text/' TBLPROPERTIES ('skip.header.line.count' = '1')".replace("'\\;'", "';'")
    )
    assert place.rows("SELECT * FROM text")[1:] == [
        ["1", "a;b", "[x, y]", "1.50"],
        [None, "", "[]", None],
        ["3", "c", None, None],
    ]
    shown = [str(row[0]) for row in place.rows("SHOW CREATE TABLE text")]
    assert shown[:2] == [f"CREATE EXTERNAL TABLE `{place.name}.text`(", "  `n` int COMMENT 'a number', "]
    assert "  'field.delim'=';', " in shown
    assert place.rows("SHOW TBLPROPERTIES text ('skip.header.line.count')") == [["1"]]


def test_an_external_table_of_quoted_csv(place: Place) -> None:
    body = '1,"a, ""b""",2.5,20454,1767225600500\n'
    place.s3.put_object(Bucket=place.name, Key="quoted/a.csv", Body=body.encode())
    serde = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('separatorChar' = ',')"
    columns = "n int, s string, x double, day date, at timestamp"
    place.rows(f"CREATE EXTERNAL TABLE quoted ({columns}) {serde} LOCATION 's3://{place.name}/quoted/'")
    assert place.rows("SELECT * FROM quoted")[1:] == [["1", 'a, "b"', "2.5", "2026-01-01", "2026-01-01 00:00:00.500"]]
    place.s3.put_object(Bucket=place.name, Key="quoted/b.csv", Body=b"x,a,1,1,1\n")
    assert failure(place, "SELECT * FROM quoted").startswith("HIVE_BAD_DATA: Error parsing field value 'x' for field 0")
    assert failure(place, "INSERT INTO quoted SELECT * FROM quoted").startswith("NOT_SUPPORTED: INSERT INTO is not")


def test_partitions_and_columns_are_altered(place: Place) -> None:
    location = f"s3://{place.name}/altered/"
    place.rows(
        "CREATE EXTERNAL TABLE altered (n int) PARTITIONED BY (day string, hour int) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{location}'"
    )
    place.put_rows("altered/day=a/hour=1/x.gz", {"n": 1, "m": "one"})
    place.put_rows("elsewhere/x.gz", {"n": 2, "m": "two"})
    add = "ALTER TABLE altered ADD {} PARTITION (day = 'a', hour = 1) PARTITION (day = 'b', hour = 10) LOCATION "
    add += f"'s3://{place.name}/elsewhere/'"
    place.rows(add.format(""))
    assert "AlreadyExistsException" in failure(place, add.format(""))
    assert place.rows(add.format("IF NOT EXISTS")) == []
    assert place.rows("SELECT * FROM altered ORDER BY n")[1:] == [["1", "a", "1"], ["2", "b", "10"]]
    place.rows("ALTER TABLE altered ADD COLUMNS (m string COMMENT 'more')")
    assert place.rows("SELECT m FROM altered ORDER BY m")[1:] == [["one"], ["two"]]
    place.rows("ALTER TABLE altered PARTITION (day = 'b', hour = 10) RENAME TO PARTITION (day = 'c', hour = 11)")
    place.rows(f"ALTER TABLE altered PARTITION (day = 'c', hour = 11) SET LOCATION 's3://{place.name}/nothing/'")
    assert place.rows("SELECT day FROM altered")[1:] == [["a"]]
    place.rows("ALTER TABLE altered DROP PARTITION (hour >= 11)")
    assert place.rows("SHOW PARTITIONS altered") == [["day=a/hour=1"]]
    assert failure(place, "ALTER TABLE altered DROP PARTITION (day = 'z')").startswith("FAILED: SemanticException")
    assert place.rows("ALTER TABLE altered DROP IF EXISTS PARTITION (day = 'z')") == []
    place.rows("ALTER TABLE altered REPLACE COLUMNS (m string, n bigint)")
    place.rows("ALTER TABLE altered SET TBLPROPERTIES ('colour' = 'red')")
    assert table(place, "altered")["Parameters"]["colour"] == "red"
    assert place.rows("SHOW COLUMNS IN altered")[0] == [f"{'m':<20}"]
    assert "Table cannot be renamed" in failure(place, "ALTER TABLE altered RENAME TO other")
    assert "mismatched input 'COLUMN'" in failure(place, "ALTER TABLE altered DROP COLUMN m")
    assert place.rows("DROP TABLE altered") == []
    assert keys(place, "altered/") == ["altered/day=a/hour=1/x.gz"]


def test_databases(place: Place) -> None:
    name = place.name.replace("-", "_") + "_more"
    place.rows(f"CREATE DATABASE IF NOT EXISTS {name} COMMENT 'c' WITH DBPROPERTIES ('a' = '1')")
    place.rows(f"ALTER DATABASE {name} SET DBPROPERTIES ('b' = '2')")
    assert place.glue.get_database(Name=name)["Database"]["Parameters"] == {"a": "1", "b": "2"}
    assert "already exists" in failure(place, f"CREATE SCHEMA {name}")
    place.rows(f"CREATE TABLE {name}.t AS SELECT 1 AS n")
    assert "is not empty" in failure(place, f"DROP DATABASE {name}")
    place.rows(f"DROP DATABASE {name} CASCADE")
    assert place.rows(f"SHOW DATABASES LIKE '{name}'") == []
    assert "does not exist" in failure(place, f"DROP DATABASE {name}")
    assert place.rows(f"DROP DATABASE IF EXISTS {name}") == []


def test_statements_are_prepared_and_executed(place: Place) -> None:
    place.rows("PREPARE by_n FROM SELECT ? + 1 AS a, ? AS b")
    assert place.rows("EXECUTE by_n USING 41, 'x, y'") == [["a", "b"], ["42", "x, y"]]
    with pytest.raises(ClientError, match="Incorrect number of parameters"):
        place.start("EXECUTE by_n USING 1")
    place.rows("DEALLOCATE PREPARE by_n")
    with pytest.raises(ClientError, match="PreparedStatement by_n was not found"):
        place.start("EXECUTE by_n USING 1, 2")
    assert failure(place, "DEALLOCATE PREPARE by_n").startswith("NOT_FOUND")
    assert failure(place, "PREPARE p FROM DROP TABLE t").startswith("NOT_SUPPORTED: PREPARE takes SELECT")


def test_a_query_is_explained(place: Place) -> None:
    assert place.rows("EXPLAIN (TYPE VALIDATE) SELECT 1") == [["Valid"], ["true"], [""]]
    assert place.rows("EXPLAIN SELECT 1")[0] == ["Query Plan"]
    assert failure(place, "EXPLAIN ANALYZE SELECT 1").startswith("NOT_SUPPORTED: EXPLAIN ANALYZE")
    assert failure(place, "EXPLAIN (TYPE VALIDATE) SELECT * FROM absent").startswith("TABLE_NOT_FOUND")


def test_functions_are_listed(place: Place) -> None:
    header, *rows = place.rows("SHOW FUNCTIONS LIKE 'bit_coun_'")
    assert header == ["Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description"]
    assert [row[:5] for row in rows] == [["bit_count", "bigint", "bigint, bigint", "scalar", "true"]]
    assert len(place.rows("SHOW FUNCTIONS")) > 300


def test_the_catalogue_is_described_by_athenas_own_calls(place: Place) -> None:
    place.rows(f"CREATE EXTERNAL TABLE described (n int) PARTITIONED BY (p string) LOCATION 's3://{place.name}/d/'")
    catalog = {"CatalogName": "AwsDataCatalog"}
    names = [
        d["Name"]
        for page in place.athena.get_paginator("list_databases").paginate(**catalog)
        for d in page["DatabaseList"]
    ]
    assert place.name in names
    found = place.athena.get_table_metadata(**catalog, DatabaseName=place.name, TableName="described")["TableMetadata"]
    assert (found["Columns"], found["PartitionKeys"]) == (
        [{"Name": "n", "Type": "int"}],
        [{"Name": "p", "Type": "string"}],
    )
    assert found["Parameters"]["location"] == f"s3://{place.name}/d/"
    listed = place.athena.list_table_metadata(**catalog, DatabaseName=place.name, Expression="descr.*")
    assert [t["Name"] for t in listed["TableMetadataList"]] == ["described"]
    with pytest.raises(place.athena.exceptions.MetadataException):
        place.athena.get_table_metadata(**catalog, DatabaseName=place.name, TableName="absent")
    with pytest.raises(place.athena.exceptions.MetadataException):
        place.athena.get_database(CatalogName="absent", DatabaseName=place.name)


def test_a_result_is_reused(place: Place) -> None:
    reuse = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}}
    first = place.finished(place.start("SELECT random() AS r", **reuse))
    again = place.finished(place.start("SELECT random() AS r", **reuse))
    other = place.finished(place.start("SELECT random() AS r"))
    reused = [e["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] for e in (first, again, other)]
    assert reused == [False, True, False]
    ids = [e["QueryExecutionId"] for e in (first, again, other)]
    rows = [place.athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"][1] for id_ in ids]
    assert rows[0] == rows[1] != rows[2]
    statistics = place.athena.get_query_runtime_statistics(QueryExecutionId=ids[0])["QueryRuntimeStatistics"]
    assert statistics["Rows"]["OutputRows"] == 1
    assert statistics["Timeline"]["TotalExecutionTimeInMillis"] >= 0


def test_the_context_names_a_database_in_back_quotes(place: Place) -> None:
    """As awswrangler sends it: awswrangler/athena/_executions.py."""
    id_ = place.athena.start_query_execution(
        QueryString="SHOW TABLES", WorkGroup=place.name, QueryExecutionContext={"Database": f"`{place.name}`"}
    )["QueryExecutionId"]
    assert place.finished(id_)["Status"]["State"] == "SUCCEEDED"


def test_the_catalogue_is_queried_as_information_schema(place: Place) -> None:
    columns = "n decimal(5,2), at timestamp"
    location = f"s3://{place.name}/i/"
    place.rows(f"CREATE EXTERNAL TABLE informed ({columns}) PARTITIONED BY (day date) LOCATION '{location}'")
    place.rows("CREATE VIEW informed_view AS SELECT n FROM informed")
    own = f"WHERE table_schema = '{place.name}' AND table_name LIKE 'informed%'"
    assert place.rows(f"SELECT table_name, table_type FROM information_schema.tables {own} ORDER BY 1")[1:] == [
        ["informed", "BASE TABLE"],
        ["informed_view", "VIEW"],
    ]
    listed = (
        f"SELECT column_name, ordinal_position, data_type FROM information_schema.columns {own} ORDER BY table_name, 2"
    )
    assert place.rows(listed)[1:] == [
        ["n", "1", "decimal(5,2)"],
        ["at", "2", "timestamp(3)"],
        ["day", "3", "date"],
        ["n", "1", "decimal(5,2)"],
    ]
    assert place.rows(f"SELECT view_definition FROM information_schema.views {own}")[1:] == [["SELECT n FROM informed"]]
    schemata = "SELECT schema_name FROM information_schema.schemata"
    assert [place.name] in place.rows(schemata)
    place.rows("ALTER TABLE informed ADD PARTITION (day = '2026-01-02') PARTITION (day = '2026-01-01')")
    assert place.rows('SELECT max(day) FROM "informed$partitions"')[1:] == [["2026-01-02"]]
