"""Athena's named queries, prepared statements and data catalogues through boto3."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import shared_client


@pytest.fixture
def group(sandbox_server: SandboxServer) -> Iterator[tuple[Any, str]]:
    """Athena's client and a separate workgroup for each test."""
    athena, name = shared_client("athena", sandbox_server.endpoint_url), f"front-{uuid.uuid4().hex[:8]}"
    athena.create_work_group(Name=name)
    yield athena, name
    athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def test_named_queries_are_listed_in_pages_and_read_together(group: tuple[Any, str]) -> None:
    athena, name = group
    ids = {
        athena.create_named_query(Name=f"q{i}", Database="db", QueryString=f"SELECT {i}", WorkGroup=name)[
            "NamedQueryId"
        ]
        for i in range(3)
    }
    paginator = athena.get_paginator("list_named_queries")
    pages = list(paginator.paginate(WorkGroup=name, PaginationConfig={"PageSize": 2}))
    assert [len(page["NamedQueryIds"]) for page in pages] == [2, 1]
    assert {id_ for page in pages for id_ in page["NamedQueryIds"]} == ids
    found = athena.batch_get_named_query(NamedQueryIds=[*ids, "absent"])
    assert {query["Name"] for query in found["NamedQueries"]} == {"q0", "q1", "q2"}
    assert [query["NamedQueryId"] for query in found["UnprocessedNamedQueryIds"]] == ["absent"]
    with pytest.raises(ClientError, match="WorkGroup is not found"):
        athena.create_named_query(Name="q", Database="db", QueryString="SELECT 1", WorkGroup="absent")


def test_a_prepared_statement_belongs_to_its_workgroup(group: tuple[Any, str]) -> None:
    athena, name = group
    statement = {"StatementName": "by_id", "WorkGroup": name}
    athena.create_prepared_statement(**statement, QueryStatement="SELECT ?", Description="one")
    with pytest.raises(ClientError, match="already exists"):
        athena.create_prepared_statement(**statement, QueryStatement="SELECT 2")
    athena.update_prepared_statement(**statement, QueryStatement="SELECT 1 + ?")
    found = athena.get_prepared_statement(**statement)["PreparedStatement"]
    assert (found["QueryStatement"], found["WorkGroupName"]) == ("SELECT 1 + ?", name)
    assert "Description" not in found
    assert [s["StatementName"] for s in athena.list_prepared_statements(WorkGroup=name)["PreparedStatements"]] == [
        "by_id"
    ]
    assert athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"] == []
    batch = athena.batch_get_prepared_statement(PreparedStatementNames=["by_id", "absent"], WorkGroup=name)
    assert [s["StatementName"] for s in batch["PreparedStatements"]] == ["by_id"]
    assert [s["StatementName"] for s in batch["UnprocessedPreparedStatementNames"]] == ["absent"]
    athena.delete_prepared_statement(**statement)
    with pytest.raises(athena.exceptions.ResourceNotFoundException):
        athena.get_prepared_statement(**statement)


def test_every_account_has_the_catalogue_of_glue(group: tuple[Any, str]) -> None:
    athena, _ = group
    name = f"hive-{uuid.uuid4().hex[:8]}"
    own = athena.get_data_catalog(Name="awsdatacatalog")["DataCatalog"]
    assert (own["Name"], own["Type"]) == ("AwsDataCatalog", "GLUE")
    athena.create_data_catalog(Name=name, Type="HIVE", Parameters={"metadata-function": "arn"})
    listed = {c["CatalogName"]: c["Type"] for c in athena.list_data_catalogs()["DataCatalogsSummary"]}
    assert listed.items() >= {"AwsDataCatalog": "GLUE", name: "HIVE"}.items()
    with pytest.raises(ClientError, match="already exists"):
        athena.create_data_catalog(Name=name, Type="HIVE")
    athena.delete_data_catalog(Name=name)
    with pytest.raises(ClientError, match="was not found"):
        athena.get_data_catalog(Name=name)


def test_the_engine_is_version_3(group: tuple[Any, str]) -> None:
    athena, _ = group
    versions = athena.list_engine_versions()["EngineVersions"]
    assert {version["EffectiveEngineVersion"] for version in versions} == {"Athena engine version 3"}
