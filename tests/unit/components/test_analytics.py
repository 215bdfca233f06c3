from __future__ import annotations

import sqlglot
from sqlglot import expressions

from components import queries, view
from components.catalogue import PARTITION
from components.explain.graph import Graph
from components.settings import Settings
from transform.schema import TABLE, Column, KeyAttribute, LakeTable


def test_no_client_overrides_the_workgroup(program: Graph, settings: Settings) -> None:
    configuration = program.one("aws:athena/workgroup:Workgroup").inputs["configuration"]
    assert configuration["enforceWorkgroupConfiguration"]
    assert configuration["publishCloudwatchMetricsEnabled"]
    assert configuration["engineVersion"] == {"selectedEngineVersion": "Athena engine version 3"}
    limit = settings.query_scan_limit_gb * 10**9
    assert configuration.get("bytesScannedCutoffPerQuery", 0) == limit


def test_results_are_encrypted_in_the_lake(program: Graph, settings: Settings) -> None:
    results = program.one("aws:athena/workgroup:Workgroup").inputs["configuration"]["resultConfiguration"]
    assert results["outputLocation"] == f"s3://{program.outputs['bucket_name']}/query-results/"
    if settings.customer_managed_keys:
        key = program.one("aws:kms/key:Key").state["arn"]
        assert results["encryptionConfiguration"] == {"encryptionOption": "SSE_KMS", "kmsKeyArn": key}
    else:
        assert results["encryptionConfiguration"] == {"encryptionOption": "SSE_S3"}


def test_the_views_are_in_the_catalogue(program: Graph) -> None:
    tables = {table.inputs["name"]: table.inputs for table in program.of("aws:glue/catalogTable:CatalogTable")}
    for one in view.views(TABLE):
        table = tables[one.name]
        assert table["tableType"] == "VIRTUAL_VIEW"
        assert table["parameters"] == {"presto_view": "true", "comment": "Presto View"}
        assert table["viewOriginalText"] == one.encoded(str(program.outputs["database_name"]))
        assert [column["name"] for column in table["storageDescriptor"]["columns"]] == [
            column.name for column in one.columns
        ]


def test_every_table_of_the_catalogue_has_a_serde(program: Graph) -> None:
    """Athena reads no table without one, and no view: https://github.com/hashicorp/terraform-provider-aws/issues/28517.

    The provider leaves out a block without a value, so there must be one.
    """
    for table in program.of("aws:glue/catalogTable:CatalogTable"):
        serde = table.inputs["storageDescriptor"]["serDeInfo"]
        assert serde["serializationLibrary"], table.urn
    (view_,) = [one for one in program.of("aws:glue/catalogTable:CatalogTable") if one.inputs["name"] == TABLE.view]
    assert view_.inputs["storageDescriptor"]["serDeInfo"] == {"name": "-", "serializationLibrary": "-"}


def test_the_saved_queries_are_the_workgroups(program: Graph) -> None:
    saved = {query.inputs["name"]: query.inputs for query in program.of("aws:athena/namedQuery:NamedQuery")}
    assert {name: query["query"] for name, query in saved.items()} == {
        query.name: query.sql for query in queries.saved(TABLE)
    }
    assert {query["database"] for query in saved.values()} == {program.outputs["database_name"]}


OTHER = LakeTable(
    "reading",
    "reading_changes",
    "readings",
    KeyAttribute("meter", "S"),
    KeyAttribute("at", "N"),
    (Column("meter", "string", ("meter",), ""), Column("at", "bigint", ("at",), "")),
)


def test_a_saved_query_asks_only_for_what_there_is_whatever_the_table() -> None:
    for table in (TABLE, OTHER):
        there_are = {table.change_log, *(one.name for one in view.views(table))}
        columns = {column.name for column in (*table.change_log_columns, *view.history(table).columns)} | {PARTITION}
        for query in queries.saved(table):
            (parsed,) = sqlglot.parse(query.sql, read="trino")
            assert parsed is not None
            named = {part.alias for part in parsed.find_all(expressions.CTE)}
            assert {source.name for source in parsed.find_all(expressions.Table)} <= there_are | named
            made = {alias.alias for alias in parsed.find_all(expressions.Alias)}
            assert {column.name for column in parsed.find_all(expressions.Column)} <= columns | made, query.name
