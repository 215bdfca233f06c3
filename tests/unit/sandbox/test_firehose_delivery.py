"""From records to objects: when they are put, what is in them, and what is acknowledged."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.firehose.catalog import CatalogError, GlueTable
from sandbox.firehose.config import Buffering, Conversion, ObjectDestination
from sandbox.firehose.delivery import BufferedDestination
from sandbox.firehose.errors import ProcessingFailure, error_line
from sandbox.firehose.parquet import Converter, column
from sandbox.firehose.records import BufferedRecord
from sandbox.streams import KinesisRecord

NOW = 1_535_365_805.0  # 2018-08-27 10:30:05 UTC


@dataclass
class Store:
    """S3 in memory; refuses the next `failures` puts."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    failures: int = 0
    keys: list[str] = field(default_factory=list[str])

    def put_object(self, **arguments: Any) -> Any:
        self.keys.append(arguments["Key"])
        if self.failures:
            self.failures -= 1
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "PutObject")
        self.objects[arguments["Key"]] = arguments

    @property
    def bodies(self) -> list[bytes]:
        return [arguments["Body"] for arguments in self.objects.values()]


@dataclass
class Bench:
    destination: ObjectDestination
    table: GlueTable | None = None
    store: Store = field(default_factory=Store)
    acknowledged: list[BufferedRecord] = field(default_factory=list[BufferedRecord])
    now: float = NOW

    def __post_init__(self) -> None:
        self.delivery = BufferedDestination(
            "orders", "1", self.destination, self.store, self.acknowledged.append, lambda: self.now, self.table
        )

    def step(self, seconds: float = 0.0) -> float:
        self.now += seconds
        return self.delivery.step()


def destination(**changes: Any) -> ObjectDestination:
    settings: dict[str, Any] = {
        "bucket": "lake",
        "prefix": "data/h=!{timestamp:yyyy-MM-dd-HH}/",
        "error_prefix": "errors/!{firehose:error-output-type}/",
        "buffering": Buffering(1000, 60.0),
        "compression": "UNCOMPRESSED",
        "extension": None,
        "timezone": "UTC",
    }
    return ObjectDestination(**(settings | changes))


def record(sequence: int = 1, at: float = NOW, data: bytes = b"") -> BufferedRecord:
    return BufferedRecord("shard", KinesisRecord(str(sequence), at, "key", data))


def test_an_object_is_put_when_its_buffer_is_old_enough() -> None:
    bench = Bench(destination())
    bench.delivery.add(record(), b"a\n")
    assert bench.step() == pytest.approx(60)
    assert bench.store.bodies == []
    bench.delivery.add(record(), b"b\n")
    bench.step(60)
    assert bench.store.bodies == [b"a\nb\n"]
    assert len(bench.acknowledged) == 2
    assert bench.delivery.is_empty


def test_an_object_is_put_when_its_buffer_is_full() -> None:
    bench = Bench(destination())
    bench.delivery.add(record(), b"x" * 1000)
    bench.step()
    assert [len(body) for body in bench.store.bodies] == [1000]


def test_an_interval_of_nothing_puts_at_once_and_then_rests() -> None:
    bench = Bench(destination(buffering=Buffering(1000, 0.0)))
    bench.delivery.add(record(), b"a")
    assert bench.step() == float("inf")
    assert bench.store.bodies == [b"a"]


def test_the_name_is_of_the_oldest_records_arrival() -> None:
    bench = Bench(destination(buffering=Buffering(1000, 0.0)))
    bench.delivery.add(record(at=NOW), b"a")
    bench.delivery.add(record(at=NOW - 3600), b"b")
    bench.step()
    (key,) = bench.store.objects
    assert key.startswith("data/h=2018-08-27-09/orders-1-2018-08-27-09-30-05-")
    assert bench.store.objects[key]["Bucket"] == "lake"
    assert bench.store.objects[key]["ContentType"] == "application/octet-stream"


def test_a_put_that_fails_is_made_again_under_the_same_key() -> None:
    bench = Bench(destination(buffering=Buffering(1000, 0.0)))
    bench.store.failures = 3
    bench.delivery.add(record(), b"a")
    bench.step()
    assert bench.acknowledged == []
    for _ in range(10):
        bench.step(10)
    assert len(bench.store.keys) == 4
    assert len(set(bench.store.keys)) == 1
    assert len(bench.acknowledged) == 1


def test_each_set_of_partition_keys_has_its_own_object() -> None:
    bench = Bench(destination(prefix="region=!{partitionKeyFromLambda:region}/", buffering=Buffering(1000, 0.0)))
    for region in ("EMEA", "APAC", "EMEA"):
        bench.delivery.add(record(), region.encode(), (("partitionKeyFromLambda:region", region),))
    bench.step()
    assert {key.split("/")[0]: value["Body"] for key, value in bench.store.objects.items()} == {
        "region=EMEA": b"EMEAEMEA",
        "region=APAC": b"APAC",
    }


def test_errors_go_under_the_error_prefix() -> None:
    bench = Bench(destination(buffering=Buffering(1000, 0.0)))
    failure = ProcessingFailure(b"raw", "Lambda.FunctionError", "failed", 4, 1, 2, "arn:lambda")
    bench.delivery.add_error(record(), "processing-failed", error_line(failure))
    bench.step()
    ((key, put),) = bench.store.objects.items()
    assert key.startswith("errors/processing-failed/orders-1-")
    document = json.loads(put["Body"])
    assert list(document) == [
        "rawData",
        "errorCode",
        "errorMessage",
        "attemptsMade",
        "arrivalTimestamp",
        "attemptEndingTimestamp",
        "lambdaARN",
    ]
    assert document["rawData"] == "cmF3"
    assert bench.delivery.counters.error_records == 1
    assert bench.delivery.counters.delivered == 0


def test_gzip_has_its_extension_and_encoding() -> None:
    bench = Bench(destination(compression="GZIP", buffering=Buffering(1000, 0.0)))
    bench.delivery.add(record(), b"a\n")
    bench.step()
    ((key, put),) = bench.store.objects.items()
    assert key.endswith(".gz")
    assert put["ContentEncoding"] == "gzip"
    assert gzip.decompress(put["Body"]) == b"a\n"


def test_zip_holds_one_file() -> None:
    bench = Bench(destination(compression="ZIP", extension=".pack", buffering=Buffering(1000, 0.0)))
    bench.delivery.add(record(), b"a\n")
    bench.step()
    ((key, put),) = bench.store.objects.items()
    assert key.endswith(".pack")
    with zipfile.ZipFile(io.BytesIO(put["Body"])) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [b"a\n"]


CONVERSION = Conversion("lake", "orders", "eu-west-1", "123456789012", "LATEST", "arn:role", "SNAPPY", True, {})


class Table(GlueTable):
    """A table of one column, or what is wrong with it."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__("http://127.0.0.1:9", CONVERSION)
        self.error = error

    def converter(self) -> Converter:
        if self.error is not None:
            raise self.error
        return Converter([column("n", "int")], "SNAPPY")


def test_a_row_that_can_not_be_converted_fails_alone() -> None:
    bench = Bench(destination(buffering=Buffering(1000, 0.0)), Table())
    good, bad = record(1), record(2)
    bench.delivery.add(good, b'{"n":1}\n')
    bench.delivery.add(bad, b'{"n":"x"}\n')
    bench.step()
    assert bench.acknowledged == [good]
    bench.step()
    assert bench.acknowledged == [good, bad]

    parquet, errors = sorted(bench.store.objects, key=lambda key: key.startswith("errors/"))
    assert parquet.endswith(".parquet")
    assert bench.store.objects[parquet]["Body"][:4] == b"PAR1"
    assert errors.startswith("errors/format-conversion-failed/")
    document = json.loads(bench.store.objects[errors]["Body"])
    assert list(document) == [
        "attemptsMade",
        "arrivalTimestamp",
        "lastErrorCode",
        "lastErrorMessage",
        "attemptEndingTimestamp",
        "rawData",
        "sequenceNumber",
        "subSequenceNumber",
        "dataCatalogTable",
    ]
    assert document["lastErrorCode"] == "DataFormatConversion.MalformedData"
    assert document["dataCatalogTable"]["tableName"] == "orders"
    assert bench.delivery.counters.conversion_failed == 1


def test_without_the_table_every_record_goes_to_the_errors() -> None:
    bench = Bench(
        destination(buffering=Buffering(1000, 0.0)), Table(CatalogError("DataFormatConversion.EntityNotFound", "none"))
    )
    bench.delivery.add(record(), b'{"n":1}')
    bench.step()
    bench.step()
    (body,) = bench.store.bodies
    assert json.loads(body)["lastErrorCode"] == "DataFormatConversion.EntityNotFound"


def test_a_catalogue_that_does_not_answer_is_waited_for() -> None:
    table = Table(ClientError({"Error": {"Code": "InternalFailure"}}, "GetTable"))
    bench = Bench(destination(buffering=Buffering(1000, 0.0)), table)
    bench.delivery.add(record(), b'{"n":1}')
    assert bench.step() > 1
    table.error = None
    bench.step(20)
    assert len(bench.store.bodies) == 1
    assert len(bench.acknowledged) == 1


def test_a_flush_puts_everything() -> None:
    bench = Bench(destination())
    bench.delivery.add(record(), b"a")
    bench.delivery.step(flush=True)
    assert bench.store.bodies == [b"a"]
