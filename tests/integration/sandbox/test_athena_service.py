"""Athena's API through the sandbox's endpoint, with the most common client: boto3."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.state import ACCESS_KEY, SECRET_KEY, StateDir
from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import Place, ask, new_place, worker


@pytest.fixture
def place(sandbox_server: SandboxServer, athena_worker: None) -> Place:
    return new_place(sandbox_server.endpoint_url)


def create_table(place: Place) -> None:
    """changes: gzipped JSON under hours projected since 2026, as the pipeline writes it; current: a view of it."""
    projection = {
        "projection.enabled": "true",
        "projection.hour.type": "date",
        "projection.hour.format": "yyyy-MM-dd-HH",
        "projection.hour.range": "2026-01-01-00,NOW",
        "projection.hour.interval": "1",
        "projection.hour.interval.unit": "HOURS",
        "storage.location.template": f"s3://{place.name}/changes/hour=${{hour}}/",
    }
    columns = {"k": "string", "version": "bigint", "total": "decimal(18,2)", "op": "string"}
    place.glue.create_table(
        DatabaseName=place.name,
        TableInput={
            "Name": "changes",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": projection,
            "PartitionKeys": [{"Name": "hour", "Type": "string"}],
            "StorageDescriptor": {
                "Location": f"s3://{place.name}/changes/",
                "Columns": [{"Name": name, "Type": type_} for name, type_ in columns.items()],
                "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
            },
        },
    )
    definition = {
        "originalSql": "SELECT k, version, total FROM (SELECT *, row_number() OVER"
        " (PARTITION BY k ORDER BY version DESC) AS recency FROM changes) WHERE recency = 1 AND op <> 'REMOVE'",
        "catalog": "awsdatacatalog",
        "schema": place.name,
        "columns": [
            {"name": "k", "type": "varchar"},
            {"name": "version", "type": "bigint"},
            {"name": "total", "type": "decimal(18,2)"},
        ],
    }
    encoded = base64.b64encode(json.dumps(definition).encode()).decode()
    place.glue.create_table(
        DatabaseName=place.name,
        TableInput={
            "Name": "current",
            "TableType": "VIRTUAL_VIEW",
            "ViewOriginalText": f"/* Presto View: {encoded} */",
            "ViewExpandedText": "/* Presto View */",
            "StorageDescriptor": {"Columns": [{"Name": "k", "Type": "string"}], "SerdeInfo": {}},
        },
    )


def test_a_view_without_a_serde_cannot_be_read(place: Place) -> None:
    """As in Athena: https://github.com/hashicorp/terraform-provider-aws/issues/28517."""
    create_table(place)
    view: dict[str, Any] = place.glue.get_table(DatabaseName=place.name, Name="current")["Table"]
    kept = ("Name", "TableType", "ViewOriginalText", "ViewExpandedText")
    bare = {"StorageDescriptor": {"Columns": view["StorageDescriptor"]["Columns"]}}
    place.glue.update_table(DatabaseName=place.name, TableInput={name: view[name] for name in kept} | bare)
    execution = place.finished(place.start('SELECT * FROM "current"'))
    assert execution["Status"]["State"] == "FAILED"
    assert (
        execution["Status"]["StateChangeReason"]
        == "HIVE_METASTORE_ERROR: Table storage descriptor is missing SerDe info"
    )


def test_a_view_over_projected_partitions_follows_the_objects(place: Place) -> None:
    create_table(place)
    assert place.rows('SELECT * FROM "current"') == [["k", "version", "total"]]
    place.put_rows("changes/hour=2026-01-01-05/a.gz", {"k": "a", "version": 1, "total": "0.10", "op": "INSERT"})
    place.put_rows("changes/hour=2025-12-31-23/a.gz", {"k": "z", "version": 1, "total": "0.10", "op": "INSERT"})
    assert place.rows('SELECT * FROM "current"')[1:] == [["a", "1", "0.10"]]
    place.put_rows(
        "changes/hour=2026-01-01-06/b.gz",
        {"k": "a", "version": 2, "total": 12345678901234.56, "op": "MODIFY"},
        {"k": "b", "version": 1, "total": None, "op": "INSERT"},
        {"k": "c", "version": 1, "total": "1", "op": "REMOVE"},
    )
    assert place.rows('SELECT * FROM "current" ORDER BY k')[1:] == [["a", "2", "12345678901234.56"], ["b", "1", None]]
    assert place.rows("SELECT count(*), max(version) FROM changes WHERE hour = '2026-01-01-05'")[1:] == [["1", "1"]]


def test_the_result_is_in_the_bucket_and_described(place: Place) -> None:
    execution = place.finished(
        place.start("SELECT 1 AS a, CAST(2.5 AS decimal(5,2)) AS b, 'x,\"y' AS c, NULL AS d, '' AS e")
    )
    assert execution["StatementType"] == "DML"
    assert execution["WorkGroup"] == place.name
    assert execution["Statistics"]["DataScannedInBytes"] == 0
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{place.name}/results/{execution['QueryExecutionId']}.csv"
    key = location.removeprefix(f"s3://{place.name}/")
    body = place.s3.get_object(Bucket=place.name, Key=key)["Body"].read()
    assert body == b'"a","b","c","d","e"\n"1","2.50","x,""y",,""\n'
    assert place.s3.head_object(Bucket=place.name, Key=key + ".metadata")["ContentLength"] > 0
    result = place.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    types = [(c["Name"], c["Type"], c["Precision"], c["Scale"]) for c in result["ResultSetMetadata"]["ColumnInfo"]]
    assert types[:3] == [("a", "integer", 10, 0), ("b", "decimal", 5, 2), ("c", "varchar", 4, 0)]
    assert result["Rows"][1]["Data"][2:] == [{"VarCharValue": 'x,"y'}, {}, {"VarCharValue": ""}]


def test_pages(place: Place) -> None:
    execution = place.finished(place.start("SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x) ORDER BY x"))
    execution_id = execution["QueryExecutionId"]
    first = place.athena.get_query_results(QueryExecutionId=execution_id)
    assert len(first["ResultSet"]["Rows"]) == 1000
    assert first["UpdateCount"] == 0
    pages = place.athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution_id, PaginationConfig={"PageSize": 700}
    )
    rows = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows == ["x", *map(str, range(1, 2501))]
    with pytest.raises(ClientError, match="MaxResults"):
        place.athena.get_query_results(QueryExecutionId=execution_id, MaxResults=1001)
    with pytest.raises(ClientError, match="Malformed nextPageToken nonsense"):
        place.athena.get_query_results(QueryExecutionId=execution_id, NextToken="nonsense")


def test_statements_that_are_no_select(place: Place) -> None:
    create_table(place)
    assert place.rows("SHOW TABLES") == [["changes"], ["current"]]
    assert place.rows("SHOW TABLES 'ch*'") == [["changes"]]
    assert [place.name] in place.rows("SHOW DATABASES")
    columns = ["k", "version", "total", "op", "hour"]
    assert place.rows("SHOW COLUMNS IN changes") == [[f"{name:<20}"] for name in columns]
    described = [row[0] for row in place.rows("DESCRIBE changes")]
    assert described[2] == f"{'total':<20}\t{'decimal(18,2)':<20}\t{'':<20}"
    assert [str(line).split()[0] for line in described[:5]] == columns
    assert described[5:9] == ["\t \t ", "# Partition Information\t \t ", described[7], "\t \t "]
    assert place.rows("DESCRIBE current") == [["k\tvarchar"], ["version\tbigint"], ["total\tdecimal(18,2)"]]
    assert (
        place.rows("CREATE OR REPLACE VIEW v AS SELECT k, sum(total) AS total, now() AS at FROM changes GROUP BY k")
        == []
    )
    assert place.rows("SELECT * FROM v") == [["k", "total", "at"]]
    assert place.rows("SHOW VIEWS") == [["current"], ["v"]]
    assert "sum(total) AS total" in " ".join(str(row[0]) for row in place.rows("SHOW CREATE VIEW v"))
    stored = place.glue.get_table(DatabaseName=place.name, Name="v")["Table"]
    assert [c["Type"] for c in stored["StorageDescriptor"]["Columns"]][:2] == ["string", "decimal(38,2)"]
    taken = place.finished(place.start("CREATE VIEW v AS SELECT 1 AS a"))["Status"]
    assert taken["StateChangeReason"].startswith("ALREADY_EXISTS")
    for columns, code in (("1", "MISSING_COLUMN_NAME"), ("1 AS a, 2 AS A", "DUPLICATE_COLUMN_NAME")):
        refused = place.finished(place.start(f"CREATE OR REPLACE VIEW v AS SELECT {columns}"))["Status"]
        assert refused["StateChangeReason"].startswith(f"{code}: line 1:1: Column name")
    assert place.rows("DROP VIEW v") == []
    assert place.rows("DROP VIEW IF EXISTS v") == []
    unsupported = place.finished(place.start("VACUUM changes"))["Status"]
    assert unsupported["StateChangeReason"].startswith("NOT_SUPPORTED: Modifying Hive table rows is only")
    with pytest.raises(ClientError, match="Entity Not Found"):
        place.start("DESCRIBE absent")


def test_partitions_of_the_catalogue_are_repaired(place: Place) -> None:
    place.glue.create_table(
        DatabaseName=place.name,
        TableInput={
            "Name": "t",
            "PartitionKeys": [{"Name": "day", "Type": "date"}],
            "StorageDescriptor": {
                "Location": f"s3://{place.name}/t",
                "Columns": [{"Name": "n", "Type": "int"}],
                "SerdeInfo": {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
            },
        },
    )
    place.put_rows("t/day=2026-01-01/a.gz", {"n": 1})
    place.put_rows("t/day=2026-01-02/a.gz", {"n": 2})
    assert place.rows("SELECT * FROM t") == [["n", "day"]]
    assert "t:day=2026-01-01" in str(place.rows("MSCK REPAIR TABLE t")[0][0])
    assert place.rows("SHOW PARTITIONS t") == [["day=2026-01-01"], ["day=2026-01-02"]]
    assert place.rows("SELECT * FROM t WHERE day > DATE '2026-01-01'")[1:] == [["2", "2026-01-02"]]
    assert place.rows("MSCK REPAIR TABLE t") == []


def test_a_token_starts_one_query(place: Place) -> None:
    token = uuid.uuid4().hex * 2
    first = place.start("SELECT 1", ClientRequestToken=token)
    assert place.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        place.start("SELECT 2", ClientRequestToken=token)


def test_pyathena_reads_a_result_on_its_ordinary_configuration(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make test-athena-clients` runs more of PyAthena, and other clients."""
    environment = {"AWS_ENDPOINT_URL": place.athena.meta.endpoint_url, "AWS_DEFAULT_REGION": "eu-west-1"}
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    for name, value in (environment | keys).items():
        monkeypatch.setenv(name, value)
    connect: Any = import_module("pyathena").connect
    cursor = connect(work_group=place.name, schema_name=place.name, poll_interval=0.05).cursor()
    rows = cursor.execute("SELECT CAST('1.50' AS decimal(5, 2)), DATE '2026-01-01', 'it''s', NULL").fetchall()
    assert rows == [(Decimal("1.50"), date(2026, 1, 1), "it's", None)]
    assert cursor.execute("SELECT ? + 1", ["41"], paramstyle="qmark").fetchone() == (42,)


def test_parameters(place: Place) -> None:
    assert place.rows("SELECT ? AS a, ? AS b", ExecutionParameters=["'it''s'", "5"]) == [["a", "b"], ["it's", "5"]]
    assert place.rows("SELECT 5 -?", ExecutionParameters=["-1"])[1:] == [["6"]]
    injected = place.start("SELECT 1 WHERE 'x' = ?", ExecutionParameters=["'o1' OR 1=1"])
    assert place.finished(injected)["Status"]["State"] == "FAILED"


def test_refusals(place: Place) -> None:
    with pytest.raises(ClientError, match=r"InvalidRequestException.*mismatched input"):
        place.start("SELEC 1")
    with pytest.raises(ClientError, match="WorkGroup is not found"):
        place.athena.start_query_execution(QueryString="SELECT 1", WorkGroup="missing")
    with pytest.raises(ClientError, match="No output location provided"):
        place.athena.start_query_execution(QueryString="SELECT 1")
    with pytest.raises(ClientError, match="was not found"):
        place.athena.get_query_execution(QueryExecutionId=str(uuid.uuid4()))
    failed = place.finished(place.start("SELECT * FROM nothing"))
    assert failed["Status"]["StateChangeReason"] == (
        f"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{place.name}.nothing' does not exist"
    )
    error = failed["Status"]["AthenaError"]
    assert (error["ErrorCategory"], error["ErrorType"], error["Retryable"]) == (2, 1301, False)
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        place.athena.get_query_results(QueryExecutionId=failed["QueryExecutionId"])


def test_a_running_query_is_stopped(place: Place) -> None:
    # A sequence has at most 10,000 entries in Trino.
    a, b, c = (f"UNNEST(sequence(1, 10000)) AS {name}({name})" for name in "abc")
    endless = f"SELECT count(*) FROM {a} CROSS JOIN {b} CROSS JOIN {c}"
    execution_id = place.start(endless + " WHERE sqrt(a * 1e0) + sqrt(b * 1e0) + sqrt(c * 1e0) = -1")
    with pytest.raises(ClientError, match="has not yet finished"):
        place.athena.get_query_results(QueryExecutionId=execution_id)
    place.athena.stop_query_execution(QueryExecutionId=execution_id)
    ended = place.finished(execution_id)["Status"]
    assert ended["State"] == "CANCELLED", ended
    place.athena.stop_query_execution(QueryExecutionId=execution_id)


def test_executions_are_listed_by_workgroup(place: Place) -> None:
    ids = [place.start(f"SELECT {i}") for i in range(5)]
    pages = place.athena.get_paginator("list_query_executions").paginate(
        WorkGroup=place.name, PaginationConfig={"PageSize": 2}
    )
    assert [listed for page in pages for listed in page["QueryExecutionIds"]] == ids[::-1]
    unknown = str(uuid.uuid4())
    batch = place.athena.batch_get_query_execution(QueryExecutionIds=[ids[0], unknown])
    assert [execution["QueryExecutionId"] for execution in batch["QueryExecutions"]] == [ids[0]]
    assert [missing["QueryExecutionId"] for missing in batch["UnprocessedQueryExecutionIds"]] == [unknown]


def test_results_outlive_the_process(sandbox_server: SandboxServer, tmp_path: Any) -> None:
    """For a worker with a separate state directory, called over its socket like the front does."""
    state = StateDir(tmp_path)
    place = new_place(sandbox_server.endpoint_url)
    with worker("sandbox.athena", sandbox_server.endpoint_url, state):
        body = {"QueryString": "SELECT 42 AS answer", "WorkGroup": place.name}
        execution_id = ask(state, "StartQueryExecution", body)["QueryExecutionId"]
        while True:
            execution = ask(state, "GetQueryExecution", {"QueryExecutionId": execution_id})["QueryExecution"]
            if execution["Status"]["State"] == "SUCCEEDED":
                break
            assert execution["Status"]["State"] in {"QUEUED", "RUNNING"}, execution
            threading.Event().wait(0.02)
    record = state.path / "athena" / "results" / "killed.json"
    status = {**execution["Status"], "State": "RUNNING"}
    running = {**execution, "QueryExecutionId": "killed", "WorkGroup": "other", "Status": status}
    record.write_text(json.dumps({"execution": running, "columns": []}))
    with worker("sandbox.athena", sandbox_server.endpoint_url, state):
        again = ask(state, "GetQueryExecution", {"QueryExecutionId": execution_id})["QueryExecution"]
        rows = ask(state, "GetQueryResults", {"QueryExecutionId": execution_id})["ResultSet"]["Rows"]
        listed = ask(state, "ListQueryExecutions", {"WorkGroup": place.name})["QueryExecutionIds"]
        interrupted = json.loads(record.read_text())
    assert again == execution
    assert interrupted["execution"]["Status"]["State"] == "FAILED"
    assert rows[1] == {"Data": [{"VarCharValue": "42"}]}
    assert listed == [execution_id]
