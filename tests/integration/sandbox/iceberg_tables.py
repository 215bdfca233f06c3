"""Helpers of the tests of Iceberg tables: statements, and pyiceberg beside them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sandbox.state import ACCESS_KEY, SECRET_KEY
from tests.integration.sandbox.athena_place import Place


def failure(place: Place, sql: str) -> str:
    status = place.finished(place.start(sql))["Status"]
    assert status["State"] == "FAILED", sql
    return status["StateChangeReason"]


def changed(place: Place, sql: str) -> int:
    """The number of rows that a statement changed."""
    id_ = place.start(sql)
    status = place.finished(id_)["Status"]
    assert status["State"] == "SUCCEEDED", status
    return place.athena.get_query_results(QueryExecutionId=id_)["UpdateCount"]


def create(place: Place, name: str) -> None:
    columns = "id bigint, name string, total decimal(10,2), at timestamp"
    place.rows(
        f"CREATE TABLE {name} ({columns}) PARTITIONED BY (name, bucket(2, id)) "
        f"LOCATION 's3://{place.name}/{name}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    values = "(1, 'a', CAST('1.50' AS decimal(10,2)), TIMESTAMP '2026-01-01 00:00:00.123456'), (2, 'b', NULL, NULL)"
    assert changed(place, f"INSERT INTO {name} VALUES {values}") == 2


def catalog_of(place: Place) -> Any:
    """pyiceberg's Glue catalogue, as any user has it."""
    keys = {"access-key-id": ACCESS_KEY, "secret-access-key": SECRET_KEY, "region": "eu-west-1"}
    keys["endpoint"] = place.athena.meta.endpoint_url
    settings = {f"{service}.{name}": value for service in ("glue", "s3") for name, value in keys.items()}
    return import_module("pyiceberg.catalog.glue").GlueCatalog("glue", **settings)
