from __future__ import annotations

from contextlib import closing

import pytest

from lake.athena import Row
from lake.ledger import AcknowledgedWrites, LostWrite, version_column
from stack import UserError
from stack.ledger import Acknowledged
from transform.schema import TABLE, Column, KeyAttribute, LakeTable


def _writes(*writes: tuple[str, str, int]) -> list[Acknowledged]:
    return [Acknowledged(key, op, version, "orders") for key, op, version in writes]  # pyright: ignore[reportArgumentType] - op is a text here


LEDGER = _writes(("o-1", "insert", 1), ("o-1", "update", 2), ("o-1", "delete", 2), ("a/7", "insert", 1))
DELIVERED: list[Row] = [
    ("o-1", "INSERT", "1", "1"),
    ("o-1", "MODIFY", "2", "1"),
    ("o-1", "REMOVE", "2", "1"),
    ("other", "INSERT", "1", "1"),
]


def test_every_acknowledged_write_must_be_in_the_log() -> None:
    with closing(AcknowledgedWrites(LEDGER, "orders")) as delivery:
        delivery.find([*DELIVERED, ("a/7", "INSERT", "1", "1")])
        assert (delivery.writes, delivery.lost) == (4, 0)


def test_the_writes_of_an_erased_key_need_not_be_in_the_log() -> None:
    with closing(AcknowledgedWrites([*LEDGER, *_writes(("o-1", "insert", 0))], "orders", erased=["o-1"])) as delivery:
        delivery.find([("a/7", "INSERT", "1", "1")])
        assert (delivery.writes, delivery.lost, delivery.erased_writes) == (1, 0, 4)
        delivery.find([])
        assert [write.key for write in delivery.lost_writes()] == ["a/7"], "of other keys each must be there"


@pytest.mark.parametrize("at", range(3))
def test_a_write_that_is_not_in_the_log_is_named(at: int) -> None:
    log = [*DELIVERED[:at], *DELIVERED[at + 1 :], ("a/7", "INSERT", "1", "1")]
    with closing(AcknowledgedWrites(LEDGER, "orders")) as delivery:
        delivery.find(log)
        assert delivery.lost == 1
        lost = LEDGER[at]
        assert list(delivery.lost_writes()) == [LostWrite(lost.key, lost.op, lost.version)]


def test_a_table_with_a_sort_key_has_its_key_values_joined() -> None:
    with closing(AcknowledgedWrites(_writes(("a/7", "insert", 1)), "orders")) as delivery:
        delivery.find([("a", "7", "INSERT", "1", "1")])
        assert delivery.lost == 0


def test_a_write_that_was_made_twice_must_be_in_the_log_twice() -> None:
    ledger = _writes(("o-1", "insert", 1), ("o-1", "insert", 1))
    with closing(AcknowledgedWrites(ledger, "orders")) as delivery:
        delivery.find([("o-1", "INSERT", "1", "1")])
        assert delivery.lost == 1
        delivery.find([("o-1", "INSERT", "1", "3")])
        assert delivery.lost == 0


UNVERSIONED = _writes(
    *((key, op, 0) for key, op in (("k", "insert"), ("k", "delete"), ("k", "update"), ("k", "update")))
)


@pytest.mark.parametrize(
    ("log", "lost"),
    [
        ([("INSERT", 2), ("REMOVE", 1)], []),
        ([("INSERT", 1), ("MODIFY", 5), ("REMOVE", 3)], []),
        ([("MODIFY", 1), ("INSERT", 1), ("REMOVE", 1)], []),
        ([("MODIFY", 1), ("REMOVE", 1)], ["insert"]),
        ([("INSERT", 2)], ["delete"]),
        ([], ["delete"]),
    ],
)
def test_writes_of_items_without_a_version_are_proven_by_what_they_must_have_changed(
    log: list[tuple[str, int]], lost: list[str]
) -> None:
    """A put of what is there is no change, so two puts need no two changes; a put of what was deleted is an insert."""
    with closing(AcknowledgedWrites(UNVERSIONED, "orders")) as delivery:
        assert (delivery.writes, delivery.unversioned, delivery.versions) == (4, 4, False)
        delivery.find([("k", op, None, str(count)) for op, count in log])
        assert [write.op for write in delivery.lost_writes()] == lost
        assert bool(delivery.lost) == bool(lost)


def test_writes_to_other_tables_are_ignored() -> None:
    with closing(AcknowledgedWrites(LEDGER, "another")) as delivery:
        delivery.find([])
        assert (delivery.writes, delivery.lost) == (0, 0)


def test_the_version_is_whatever_column_shows_the_attribute() -> None:
    assert version_column(TABLE).attribute == ("version",)
    bare = LakeTable("t", "log", "view", KeyAttribute("id", "S"), None, (Column("id", "string", ("id",), ""),))
    with pytest.raises(UserError, match="attribute `version`"):
        version_column(bare)
