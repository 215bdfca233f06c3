"""A crawler, started through the sandbox's endpoint, records the columns of the objects."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.crawlers.service import Crawlers
from sandbox.crawlers.writer import CrawlCounts
from sandbox.state import client
from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import Place, new_place, worker

_WAIT_S = 60.0
_ROLE = "arn:aws:iam::123456789012:role/crawler"


@pytest.fixture(scope="module")
def crawlers(sandbox_server: SandboxServer) -> Iterator[SandboxServer]:
    """The server with the crawlers' worker beside it."""
    with worker("sandbox.crawlers", sandbox_server.endpoint_url, sandbox_server.state):
        yield sandbox_server


@pytest.fixture
def place(crawlers: SandboxServer) -> Place:
    return new_place(crawlers.endpoint_url)


def create(place: Place, name: str, targets: dict[str, Any], **options: Any) -> str:
    crawler = f"{place.name}-{name}"
    place.glue.create_crawler(
        Name=crawler, Role=_ROLE, DatabaseName=options.pop("DatabaseName", place.name), Targets=targets, **options
    )
    return crawler


def crawl(place: Place, crawler: str) -> dict[str, Any]:
    """Run a crawler to its end; return its final description."""
    place.glue.start_crawler(Name=crawler)
    deadline = time.monotonic() + _WAIT_S
    while (described := place.glue.get_crawler(Name=crawler)["Crawler"])["State"] != "READY":
        assert time.monotonic() < deadline, described
        threading.Event().wait(0.02)
    return described


def columns(place: Place, table: str) -> dict[str, str]:
    described = place.glue.get_table(DatabaseName=place.name, Name=table)["Table"]
    return {column["Name"]: column["Type"] for column in described["StorageDescriptor"]["Columns"]}


def partitions(place: Place, table: str) -> list[list[str]]:
    pages = place.glue.get_paginator("get_partitions").paginate(DatabaseName=place.name, TableName=table)
    return sorted(partition["Values"] for page in pages for partition in page["Partitions"])


def s3(place: Place, folder: str = "orders") -> dict[str, Any]:
    return {"S3Targets": [{"Path": f"s3://{place.name}/{folder}/"}]}


def test_a_table_grows_with_its_objects(place: Place) -> None:
    place.put_rows("orders/hour=05/a.json.gz", {"id": "a", "n": 1, "s": "x", "t": "y"})
    crawler = create(place, "grow", s3(place), TablePrefix="observed_")
    assert crawl(place, crawler)["LastCrawl"]["Status"] == "COMPLETED"
    assert columns(place, "observed_orders") == {"id": "string", "n": "int", "s": "string", "t": "string"}
    assert partitions(place, "observed_orders") == [["05"]]
    described = place.glue.get_table(DatabaseName=place.name, Name="observed_orders")["Table"]
    assert described["PartitionKeys"] == [{"Name": "hour", "Type": "string"}]
    assert described["Parameters"]["classification"] == "json"
    assert described["Parameters"]["UPDATED_BY_CRAWLER"] == crawler
    wider = {"id": "b", "n": 2**40, "s": "x", "t": None, "extra": {"x": True}}
    place.put_rows("orders/hour=06/a.json.gz", wider)
    crawl(place, crawler)
    grown = {"id": "string", "n": "bigint", "s": "string", "t": "string", "extra": "struct<x:boolean>"}
    assert columns(place, "observed_orders") == grown
    assert partitions(place, "observed_orders") == [["05"], ["06"]]


def test_the_policy_may_be_not_to_update(place: Place) -> None:
    place.put_rows("orders/hour=05/a.json.gz", {"id": "a"})
    policy = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    crawler = create(place, "log", s3(place), SchemaChangePolicy=policy)
    crawl(place, crawler)
    place.put_rows("orders/hour=06/a.json.gz", {"id": "b", "more": 1})
    place.s3.delete_object(Bucket=place.name, Key="orders/hour=05/a.json.gz")
    crawl(place, crawler)
    assert columns(place, "orders") == {"id": "string"}
    assert partitions(place, "orders") == [["05"], ["06"]]


def test_what_is_gone_is_deleted_or_marked(place: Place) -> None:
    for folder in ("kept", "dropped"):
        place.put_rows(f"{folder}/day=1/a.json.gz", {"id": "a"})
        place.put_rows(f"{folder}/day=2/a.json.gz", {"id": "a"})
    delete = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"}
    deleting = create(place, "delete", s3(place, "dropped"), SchemaChangePolicy=delete)
    marking = create(place, "mark", s3(place, "kept"))
    crawl(place, deleting)
    crawl(place, marking)
    place.s3.delete_object(Bucket=place.name, Key="dropped/day=1/a.json.gz")
    for day in (1, 2):
        place.s3.delete_object(Bucket=place.name, Key=f"kept/day={day}/a.json.gz")
    crawl(place, deleting)
    crawl(place, marking)
    assert partitions(place, "dropped") == [["2"]]
    kept = place.glue.get_table(DatabaseName=place.name, Name="kept")["Table"]
    assert "DEPRECATED_BY_CRAWLER" in kept["Parameters"]
    place.s3.delete_object(Bucket=place.name, Key="dropped/day=2/a.json.gz")
    crawl(place, deleting)
    tables = place.glue.get_tables(DatabaseName=place.name)["TableList"]
    assert [table["Name"] for table in tables] == ["kept"]


def test_a_table_of_the_catalogue_as_target(place: Place) -> None:
    place.put_rows("t/a.json.gz", {"id": "a", "n": 1.5})
    table = {
        "Name": "mine",
        "Parameters": {"own": "kept"},
        "StorageDescriptor": {
            "Location": f"s3://{place.name}/t/",
            "Columns": [{"Name": "id", "Type": "string"}],
            "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
        },
    }
    place.glue.create_table(DatabaseName=place.name, TableInput=table)
    configuration = {"Version": 1.0, "CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}}
    targets = {"CatalogTargets": [{"DatabaseName": place.name, "Tables": ["mine"]}]}
    crawl(place, create(place, "catalogue", targets, Configuration=json.dumps(configuration)))
    assert columns(place, "mine") == {"id": "string", "n": "double"}
    assert place.glue.get_table(DatabaseName=place.name, Name="mine")["Table"]["Parameters"]["own"] == "kept"


def test_a_crawl_that_fails_shows_as_stopped(place: Place) -> None:
    crawler = create(place, "fail", {"S3Targets": [{"Path": "s3://no-such-bucket-anywhere/x/"}]})
    assert crawl(place, crawler)["LastCrawl"]["Status"] == "STOPPED"


def test_refusals(place: Place) -> None:
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        place.glue.start_crawler(Name="missing")


def test_a_schedule_starts_its_crawler(crawlers: SandboxServer) -> None:
    """Of crawlers with a simulated clock, next to the worker, whose clock does not reach this schedule."""
    place = new_place(crawlers.endpoint_url)
    crawler = create(place, "scheduled", s3(place), Schedule="cron(30 5 * * ? 2199)")
    started: list[str] = []

    def run(definition: Any) -> CrawlCounts:
        started.append(definition["Name"])
        return CrawlCounts()

    mine = Crawlers(client("glue", crawlers.endpoint_url), run)
    at = datetime(2199, 3, 1, 5, 29)
    mine.start_due(at)
    mine.start_due(at + timedelta(seconds=59))
    assert started == []
    mine.start_due(at + timedelta(seconds=61))
    mine.join(_WAIT_S)
    mine.start_due(at + timedelta(seconds=119))
    mine.join(_WAIT_S)
    assert started == [crawler]
    assert place.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]["Status"] == "COMPLETED"
