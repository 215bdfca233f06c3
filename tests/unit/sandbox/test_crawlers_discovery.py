"""What a crawl finds: columns by their values, tables and partitions by their folders."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from sandbox.athena.objects import S3Object
from sandbox.crawlers.columns import merge, read, settled
from sandbox.crawlers.discovery import FoundTable, Rules, find


def columns(*rows: object) -> dict[str, str]:
    sample = read("\n".join(json.dumps(row) for row in rows).encode())
    assert sample is not None
    return {name: type_.glue for name, type_ in settled(merge([sample.columns])).items()}


def test_types_of_json_values() -> None:
    row = {"I": 1, "big": 2**40, "f": 1.5, "b": True, "s": "x", "n": None, "a": [1, 2.5], "o": {"x": {"y": 1}}, "e": []}
    assert columns(row) == {
        "i": "int", "big": "bigint", "f": "double", "b": "boolean", "s": "string", "n": "string",
        "a": "array<double>", "o": "struct<x:struct<y:int>>", "e": "array<string>",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "type_"),
    [
        (1, 2**40, "bigint"),
        (1, 1.5, "double"),
        (2**40, 0.5, "double"),
        (None, 5, "int"),
        (1, "x", "string"),
        (True, 1, "string"),
        ([1], [2**40], "array<bigint>"),
        ({"a": 1}, {"b": "x"}, "struct<a:int,b:string>"),
    ],
)
def test_a_type_that_holds_all_values(first: object, second: object, type_: str) -> None:
    assert columns({"c": first}, {"c": second}) == {"c": type_}
    assert columns({"c": second}, {"c": first})["c"].replace("b:string,a:int", "a:int,b:string") == type_


def test_what_an_object_is(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    duckdb.sql(f"COPY (SELECT 1.5::DECIMAL(9,2) AS D, now()::TIMESTAMP AS t) TO '{file}' (FORMAT parquet)")
    parquet, zipped = read(file.read_bytes()), read(gzip.compress(b'{"a":1}\n{"a":2}\n'))
    assert parquet is not None
    assert zipped is not None
    assert (parquet.classification, parquet.rows) == ("parquet", 1)
    assert {name: type_.glue for name, type_ in parquet.columns.items()} == {"d": "decimal(9,2)", "t": "timestamp"}
    assert (zipped.classification, zipped.compression, zipped.rows) == ("json", "gzip", 2)
    assert read(b"a,b\n1,2\n") is None
    assert read(b'{"a":') is None
    assert read(b"[1, 2]") is None
    assert read(b"PAR1 broken PAR1") is None
    assert read(b"\x1f\x8b broken") is None


def found(objects: dict[str, object], prefix: str = "", rules: Rules | None = None) -> list[FoundTable]:
    listed = [S3Object("b", key, "", 10) for key in objects if key.startswith(prefix)]
    return find("b", prefix, listed, rules or Rules(), lambda item: read(json.dumps(objects[item.key]).encode()))


def test_folders_of_one_kind_are_partitions_of_one_table() -> None:
    (table,) = found(
        {
            "lake/orders/day=1/hour=05/a": {"x": 1},
            "lake/orders/day=2/hour=06/b": {"x": 2**40, "day": "in the file too"},
            "lake/orders/day=2/hour=06/_SUCCESS": "",
            "lake/orders/_tmp/c": {"y": 1},
        },
        "lake/orders/",
        Rules(combine=True),
    )
    assert (table.prefix, table.folder, table.partition_keys) == ("lake/orders/", "orders", ("day", "hour"))
    assert table.partitions == {"lake/orders/day=1/hour=05/": ("1", "05"), "lake/orders/day=2/hour=06/": ("2", "06")}
    assert {name: type_.glue for name, type_ in table.columns.items()} == {"x": "bigint"}
    assert (table.objects, table.size_bytes, table.rows) == (2, 20, 2)


def test_folders_without_a_key_get_one() -> None:
    (table,) = found({"t/2026/01/a": {"x": 1}, "t/2026/02/a": {"x": 1}}, "t/")
    assert table.partition_keys == ("partition_0", "partition_1")
    assert sorted(table.partitions.values()) == [("2026", "01"), ("2026", "02")]


def test_folders_of_different_kinds_are_separate_tables() -> None:
    objects: dict[str, object] = {"in/a/d=1/x": {"one": 1}, "in/a/d=2/x": {"one": 1}, "in/b/x": {"two": 1, "three": 2}}
    assert [(t.prefix, t.partition_keys) for t in found(objects, "in/")] == [("in/a/", ("d",)), ("in/b/", ())]
    assert [t.prefix for t in found(objects, "in/", Rules(combine=True))] == ["in/"]
    assert [t.prefix for t in found(objects, "in/", Rules(table_level=2))] == ["in/"]
    assert [t.prefix for t in found(objects, "in/", Rules(table_level=3))] == ["in/a/", "in/b/"]


def test_what_is_excluded_or_unreadable_is_not_there() -> None:
    objects: dict[str, object] = {"t/a.json": {"x": 1}, "t/b.txt": "text", "t/old/c.json": {"y": 1}}
    (table,) = found(objects, "t/", Rules(exclusions=("old/**",)))
    assert list(table.columns) == ["x"]
    assert found({"t/b.txt": "text"}, "t/") == []
    assert found({}, "t/") == []
