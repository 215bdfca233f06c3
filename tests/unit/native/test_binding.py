"""The refusals of the transform's compiled module: descriptions and buffers that would exceed its memory."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from tests.property.transform.guarded import PADDING
from tests.property.transform.inventory import INVENTORY
from tests.unit.transform.changes import data_of, pipe_event, records_of
from transform.compiled import describe, native
from transform.fast_path import FALLBACK
from transform.schema import TABLE

assert native
_native: Any = native
CONTENT = data_of(pipe_event())
DESCRIPTION = describe(INVENTORY)
PREFIXES, COLUMNS, NODES = DESCRIPTION


def column(*, index: int = 0, **parts: Any) -> tuple[Any, ...]:
    """The columns with some parts of one of them changed."""
    names = ("prefix", "kind", "descriptor", "whole", "fraction", "is_key", "next")
    changed = dict(zip(names, COLUMNS[index], strict=True)) | parts
    return (*COLUMNS[:index], tuple(changed.values()), *COLUMNS[index + 1 :])


def node(*, index: int = 0, **parts: Any) -> tuple[Any, ...]:
    changed = dict(zip(("name", "parent", "column"), NODES[index], strict=True)) | parts
    return (*NODES[:index], tuple(changed.values()), *NODES[index + 1 :])


USAGE = "table takes 6 prefixes, columns of 7 parts and nodes of 3 parts, as tuples"
WRONG_SHAPES: dict[str, tuple[Any, ...]] = {
    "a part too few": (PREFIXES, COLUMNS),
    "a prefix too few": (PREFIXES[1:], COLUMNS, NODES),
    "a list": ([*PREFIXES], COLUMNS, NODES),
    "a column of too few parts": (PREFIXES, (COLUMNS[0][:-1],), NODES),
    "a column that is not a tuple": (PREFIXES, (1,), NODES),
    "a node of too few parts": (PREFIXES, COLUMNS, (NODES[0][:-1],)),
}
WRONG_COLUMNS = {
    "a kind that is not known": column(kind=7),
    "a negative kind": column(kind=-1),
    "a column that is next to itself": column(index=2, next=2),
    "a next column before the first": column(index=2, next=-2),
}
WRONG_NODES = {
    "a node without a name": node(name=b""),
    "a node in itself": node(index=1, parent=1),
    "a node before the first": node(parent=-2),
    "a node of a column that there is not": node(column=len(COLUMNS)),
}


@pytest.mark.parametrize("description", WRONG_SHAPES.values(), ids=WRONG_SHAPES)
def test_a_description_of_another_shape_is_refused(description: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=USAGE):
        _native.table(*description)


@pytest.mark.parametrize("columns", WRONG_COLUMNS.values(), ids=WRONG_COLUMNS)
def test_columns_that_do_not_fit_are_refused(columns: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="a column has a known kind, and the next one of its attribute is before it"):
        _native.table(PREFIXES, columns, NODES)


@pytest.mark.parametrize("nodes", WRONG_NODES.values(), ids=WRONG_NODES)
def test_nodes_that_do_not_fit_are_refused(nodes: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="a node has a name, a parent before it and one of the columns"):
        _native.table(PREFIXES, COLUMNS, nodes)


def test_a_name_is_bytes_and_a_number_is_a_number() -> None:
    with pytest.raises(TypeError, match="expected bytes, str found"):
        _native.table(("",) * 6, COLUMNS, NODES)
    with pytest.raises(TypeError, match="'str' object cannot be interpreted as an integer"):
        _native.table(PREFIXES, column(kind="string"), NODES)


def arguments(**changed: Any) -> dict[str, Any]:
    """What one record's row is written with, and with something changed."""
    return {
        "table": _native.table(*describe(TABLE)),
        "contents": CONTENT + PADDING,
        "lengths": array("q", [len(CONTENT)]),
        "lines": bytearray(10_000),
        "ends": array("q", [0]),
        "results": bytearray(1),
        "moments": array("q", [0]),
    } | changed


def test_exactly_enough_is_enough() -> None:
    given = arguments()
    _native.rows(*given.values())
    assert given["results"][0] != FALLBACK


def test_more_room_than_records_is_left_alone() -> None:
    given = arguments(ends=array("q", [7, 7]), results=bytearray(b"\7\7"), moments=array("q", [7, 7]))
    _native.rows(*given.values())
    assert (given["ends"][1], given["results"][1], given["moments"][1]) == (7, 7, 7)


WRONG_BUFFERS: dict[str, dict[str, Any]] = {
    "no NUL behind the record": {"contents": CONTENT + b" " + PADDING},
    "15 bytes behind the record": {"contents": CONTENT + PADDING[1:]},
    "a length beyond the contents": {"lengths": array("q", [len(CONTENT) + len(PADDING)])},
    "a length that overflows": {"lengths": array("q", [2**63 - 1])},
    "lengths that overflow together": {"lengths": array("q", [len(CONTENT), 2**63 - 1])},
    "a negative length": {"lengths": array("q", [-1]), "contents": memoryview(b"\0" + CONTENT + PADDING)[1:]},
    "no room for the end": {"ends": bytearray(7)},
    "no room for the result": {"results": bytearray()},
    "no room for the moment": {"moments": bytearray(7)},
    "ends between two numbers": {"ends": memoryview(bytearray(16))[1:9]},
    "moments between two numbers": {"moments": memoryview(bytearray(16))[1:9]},
    "lengths between two numbers": {"lengths": memoryview(b" " + len(CONTENT).to_bytes(15, "little"))[1:9]},
}


@pytest.mark.parametrize("changed", WRONG_BUFFERS.values(), ids=WRONG_BUFFERS)
def test_buffers_that_do_not_fit_are_refused(changed: dict[str, Any]) -> None:
    given = arguments(**changed)
    with pytest.raises(ValueError, match=r"the buffers do not have the sizes that the records' lengths require"):
        _native.rows(*given.values())
    assert not any(given["lines"])


@pytest.mark.parametrize("name", ["lines", "ends", "results", "moments"])
def test_what_cannot_be_written_is_refused_and_nothing_stays_locked(name: str) -> None:
    given = arguments()
    given[name] = bytes(given[name])
    with pytest.raises(BufferError):
        _native.rows(*given.values())
    if name != "lines":
        given["lines"].clear()  # BufferError where a view of it were still held


@pytest.mark.parametrize("table", [None, (), 1])
def test_what_is_no_table_is_refused(table: object) -> None:
    with pytest.raises(ValueError, match="PyCapsule"):
        _native.rows(*arguments(table=table).values())


def test_a_wrong_number_of_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match="rows takes a table, contents"):
        _native.rows()


def test_exactly_enough_room_for_contents_is_enough_and_less_decodes_nothing() -> None:
    records = records_of(b"one", b"", b"three")
    needed = _native.contents(records, bytearray(), array("q", [7, 7, 7]))
    room, lengths = bytearray(b"x" * (needed - 1)), array("q", [7, 7, 7])
    assert _native.contents(records, room, lengths) == needed
    assert (room, lengths.tolist()) == (b"x" * (needed - 1), [7, 7, 7])
    room.append(ord("x"))
    assert _native.contents(records, room, lengths) == needed
    assert lengths.tolist() == [3, 0, 5]
    assert room.startswith(b"one\0\0three" + PADDING)


@pytest.mark.parametrize("record", [{}, {"data": None}, {"data": b"YQ=="}, {"data": "\ud800"}, None, ["data"]])
def test_a_record_without_a_text_has_no_contents_and_disturbs_no_other(record: object) -> None:
    room, lengths = bytearray(100), array("q", [7, 7, 7])
    _native.contents([*records_of(b"a"), record, *records_of(b"b")], room, lengths)
    assert (bytes(room[:5]), lengths.tolist()) == (b"a\0\0b\0", [1, 0, 1])


@pytest.mark.parametrize("lengths", [bytearray(8), memoryview(bytearray(32))[1:17]])
def test_lengths_that_do_not_fit_are_refused(lengths: bytearray | memoryview) -> None:
    with pytest.raises(ValueError, match="the lengths have no room for each record's"):
        _native.contents(records_of(b"a", b"b"), bytearray(100), lengths)


def test_contents_takes_a_list_and_buffers_that_can_be_written() -> None:
    with pytest.raises(TypeError, match="contents takes a list of records"):
        _native.contents()
    with pytest.raises(SystemError):
        _native.contents((), bytearray(100), array("q"))
    with pytest.raises(BufferError):
        _native.contents([], bytes(100), array("q"))
    room = bytearray(100)
    with pytest.raises(BufferError):
        _native.contents([], room, b"")
    room.clear()  # BufferError where a view of it were still held
