"""Readers of Athena and Glue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back.reading import Resource, reads, tags_of


@reads("aws:athena/namedQuery:NamedQuery")
def named_query(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.athena.get_named_query(NamedQueryId=it.id)["NamedQuery"]
    return found | {"query": found["QueryString"]}


@reads("aws:athena/workgroup:Workgroup")
def workgroup(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.athena.get_work_group(WorkGroup=it.id)["WorkGroup"]
    encryption = found["Configuration"]["ResultConfiguration"].get("EncryptionConfiguration", {})
    encryption["kmsKeyArn"] = encryption.get("KmsKey")
    tags = aws.athena.list_tags_for_resource(ResourceARN=aws.arn("athena", f"workgroup/{it.id}"))["Tags"]
    return found | {"tags": tags_of(tags)}


@reads("aws:glue/catalogDatabase:CatalogDatabase")
def database(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.glue.get_database(Name=it.inputs["name"])["Database"]
    tags = aws.glue.get_tags(ResourceArn=aws.arn("glue", f"database/{found['Name']}"))["Tags"]
    return found | {"tags": tags}


@reads("aws:glue/catalogTable:CatalogTable")
def catalog_table(aws: Aws, it: Resource) -> Mapping[str, Any]:
    return aws.glue.get_table(DatabaseName=it.inputs["databaseName"], Name=it.inputs["name"])["Table"]


@reads("aws:glue/crawler:Crawler")
def crawler(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.glue.get_crawler(Name=it.id)["Crawler"]
    tags = aws.glue.get_tags(ResourceArn=aws.arn("glue", f"crawler/{it.id}"))["Tags"]
    schedule = found.get("Schedule", {}).get("ScheduleExpression")
    return found | {"schedule": schedule, "tags": tags, **found["Targets"]}
