"""Glue's catalogue and crawlers."""

from __future__ import annotations

from typing import Any

from sandbox.deploy.registry import Created, New, handles
from sandbox.deploy.shapes import fill


@handles("aws:glue/catalogDatabase:CatalogDatabase")
def catalog_database(new: New) -> Created:
    """Create a database of the catalogue."""
    name = new.physical_name()
    catalog = new.inputs.text("catalogId") or new.aws.account_id
    shape = new.aws.api("glue").request_shape("create_database").members["DatabaseInput"]
    database = fill(shape, new.inputs) | {"Name": name}
    new.create("glue", "create_database", CatalogId=catalog, DatabaseInput=database)
    arn = new.aws.arn("glue", f"database/{name}")
    return Created(f"{catalog}:{name}", {"name": name, "arn": arn, "catalogId": catalog})


@handles("aws:glue/catalogTable:CatalogTable")
def catalog_table(new: New) -> Created:
    """Create a table or a view of the catalogue, with its partition indexes."""
    inputs = new.inputs
    name, database = new.physical_name(), inputs.require("databaseName")
    catalog = inputs.text("catalogId") or new.aws.account_id
    arguments: dict[str, Any] = {}
    if indexes := inputs.blocks("partitionIndices"):
        arguments["PartitionIndexes"] = [
            {"IndexName": index.require("indexName"), "Keys": index.strings("keys")} for index in indexes
        ]
    shape = new.aws.api("glue").request_shape("create_table").members["TableInput"]
    table = fill(shape, inputs) | {"Name": name}
    new.create("glue", "create_table", CatalogId=catalog, DatabaseName=database, TableInput=table, **arguments)
    arn = new.aws.arn("glue", f"table/{database}/{name}")
    return Created(f"{catalog}:{database}:{name}", {"name": name, "arn": arn, "catalogId": catalog})


@handles("aws:glue/crawler:Crawler")
def crawler(new: New) -> Created:
    """Create a crawler of S3 or catalogue targets."""
    name = new.physical_name()
    shape = new.aws.api("glue").request_shape("create_crawler").members["Targets"]
    targets = {"s3Targets": "S3Targets", "catalogTargets": "CatalogTargets"}
    described = {
        member: [fill(shape.members[member].member, target) for target in new.inputs.blocks(given)]
        for given, member in targets.items()
        if given in new.inputs
    }
    new.create(
        "glue",
        "create_crawler",
        names={"securityConfiguration": "CrawlerSecurityConfiguration"},
        Name=name,
        Targets=described,
    )
    return Created(name, {"name": name, "arn": new.aws.arn("glue", f"crawler/{name}")})
