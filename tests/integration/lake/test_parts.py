"""A table that processes read in parts has the digests of one that is read as a whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from random import Random
from typing import Any

import pytest

from lake.clients import client
from lake.fingerprints import BUCKETS, Fingerprints
from lake.inventory import Inventory, ItemDigests
from lake.items import Items
from lake.parts import DigestedPart, PartedDigests, TablePart
from lake.processes import PartProcesses
from stack import StackOutputs, UserError
from tests.conftest import SandboxServer
from transform.schema import TABLE

ITEMS = 150
_NUMBERS = count()


@pytest.fixture(scope="module")
def outputs(sandbox_server: SandboxServer) -> StackOutputs:
    """A table of orders, some without most attributes."""
    name = f"parts-{next(_NUMBERS)}"
    outputs = StackOutputs(
        origin="the test", region="eu-west-1", endpoint_url=sandbox_server.endpoint_url, table_name=name
    )
    dynamodb: Any = client("dynamodb", outputs)
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    random = Random(name)
    for number in range(ITEMS):
        item = {"order_id": {"S": f"order-{number}"}, "version": {"N": str(random.randrange(9))}}
        if number % 3:
            item |= {"status": {"S": "paid é€😀"}, "total": {"N": f"{random.randrange(10_000) / 100}"}}
        dynamodb.put_item(TableName=name, Item=item)
    return outputs


def read_whole(outputs: StackOutputs, share: int = BUCKETS) -> Inventory:
    inventory = Inventory(Fingerprints(TABLE), share)
    for page in Items(client("dynamodb", outputs), outputs.require("table_name"), TABLE).pages():
        inventory.add(page)
    return inventory


def digests(items: ItemDigests) -> list[object]:
    return [items.items, *((items.rows(bucket), items.images(bucket)) for bucket in range(BUCKETS))]


@pytest.mark.parametrize(("files", "share"), [(True, BUCKETS), (False, BUCKETS // 2)])
def test_the_parts_digests_and_entries_are_the_tables(outputs: StackOutputs, files: bool, share: int) -> None:
    counts: list[int] = []
    with (
        closing(read_whole(outputs, share)) as whole,
        closing(PartedDigests(outputs, TABLE, share, lambda: PartProcesses(2), files=files)) as parted,
    ):
        parted.read(counts.append)
        assert digests(parted) == digests(whole)
        assert counts[-1] == parted.items
        assert (parted.items == ITEMS) == (share == BUCKETS)
        for buckets in ((), (1, 2, 3), range(0, share, 2)):
            assert sorted(parted.entries(buckets)) == sorted(whole.entries(buckets))


def test_a_process_that_ends_is_told_and_leaves_no_other(outputs: StackOutputs) -> None:
    started: list[PartProcesses] = []

    def killed() -> PartProcesses:
        workers = PartProcesses(2)
        started.append(workers)
        workers.processes[0].kill()
        return workers

    with closing(PartedDigests(outputs, TABLE, BUCKETS, killed, files=True)) as parted:
        with pytest.raises(UserError, match="has ended"):
            parted.read(lambda _: None)
        assert all(process.poll() is not None for process in started[0].processes)


class Refusing:
    """Workers that find an item which no table can have."""

    count = 1

    def digested(self, parts: list[TablePart]) -> Iterator[DigestedPart]:
        yield from (DigestedPart(refusal=f"item {part.number} is wrong") for part in parts)

    def close(self) -> None:
        """Nothing runs."""


def test_what_a_worker_refuses_is_the_commands_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parted = PartedDigests(StackOutputs(origin="the test"), TABLE, BUCKETS, Refusing, files=True)
    with pytest.raises(UserError, match="item 0 is wrong"):
        parted.read(lambda _: None)
    parted.close()
    assert [*tmp_path.iterdir()] == []
