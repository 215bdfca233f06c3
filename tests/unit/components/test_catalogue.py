from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.explain.graph import Graph
from components.settings import Settings
from tests.unit.components.running import Record
from transform.schema import TABLE

SERDES = {
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    "json-gzip": "org.openx.data.jsonserde.JsonSerDe",
}


def change_log(program: Graph) -> Any:
    (table,) = [
        table.inputs
        for table in program.of("aws:glue/catalogTable:CatalogTable")
        if table.inputs["name"] == TABLE.change_log
    ]
    return table


def test_the_tables_columns_are_the_schemas(program: Graph) -> None:
    columns = change_log(program)["storageDescriptor"]["columns"]
    assert [(column["name"], column["type"], column["comment"]) for column in columns] == [
        (column.name, column.type, column.comment) for column in TABLE.change_log_columns
    ]


def test_a_partition_is_there_as_soon_as_its_hour_begins(program: Graph, settings: Settings) -> None:
    table = change_log(program)
    (key,) = table["partitionKeys"]
    assert (key["name"], key["type"]) == ("arrival_hour", "string")
    projection = {name: text for name, text in table["parameters"].items() if name.startswith("projection.")}
    assert projection == {
        "projection.enabled": "true",
        "projection.arrival_hour.type": "date",
        "projection.arrival_hour.format": "yyyy-MM-dd-HH",
        "projection.arrival_hour.range": f"{settings.arrival_from},NOW",
        "projection.arrival_hour.interval": "1",
        "projection.arrival_hour.interval.unit": "HOURS",
    }


def test_the_projection_finds_what_firehose_writes(program: Graph) -> None:
    template = change_log(program)["parameters"]["storage.location.template"]
    firehose = program.one("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream").inputs[
        "extendedS3Configuration"
    ]
    written = re.sub(r"!\{timestamp:yyyy-MM-dd-HH\}", "2026-11-22-15", firehose["prefix"])
    read = template.replace("${arrival_hour}", "2026-11-22-15")
    assert read == f"s3://{program.outputs['bucket_name']}/{written}"


@pytest.mark.parametrize("format_", SERDES)
def test_the_table_is_read_as_it_is_written(format_: str, record: Record) -> None:
    table = change_log(record("dev", {"lakeFormat": format_, "bufferSizeMb": "64"}))
    descriptor = table["storageDescriptor"]
    assert descriptor["serDeInfo"]["serializationLibrary"] == SERDES[format_]
    assert descriptor["compressed"] == (format_ == "json-gzip")
    assert table["parameters"]["classification"] == format_.partition("-")[0]
    assert table["tableType"] == "EXTERNAL_TABLE"


def test_the_crawler_never_rewrites_the_typed_table(program: Graph) -> None:
    crawler = program.one("aws:glue/crawler:Crawler").inputs
    assert crawler["tablePrefix"] + TABLE.change_log != TABLE.change_log
    (target,) = crawler["s3Targets"]
    assert target["path"] == change_log(program)["storageDescriptor"]["location"]
    # One table a folder below the bucket, whatever its partitions look like.
    assert json.loads(crawler["configuration"])["Grouping"]["TableLevelConfiguration"] == 2


def test_the_crawler_runs_when_it_was_chosen_to(program: Graph, settings: Settings) -> None:
    assert program.one("aws:glue/crawler:Crawler").inputs.get("schedule", "") == settings.crawler_schedule
