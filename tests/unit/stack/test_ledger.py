"""The ledger's format: what the load generator appends is what is read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.dynamodb.writes import Transaction, Write
from loadgen.ledger import LedgerFile
from stack import UserError
from stack.ledger import HEADER, Acknowledged, read_ledger

LINE = b'{"key":"o-1","op":"insert","version":1,"at":"2026-01-01T00:00:00.000Z","table":"orders"}\n'
_FIELDS = {
    "table": st.text(),
    "key": st.text(),
    "version": st.integers(0, 2**53),
    "pieces": st.just(()),
    "units": st.just(1),
}
CHANGES = st.builds(Write, op=st.sampled_from(("insert", "update", "delete")), target=st.just("PutItem"), **_FIELDS)
READ_OPERATIONS = st.builds(Write, op=st.sampled_from(("get", "query")), target=st.just("GetItem"), **_FIELDS)
TRANSACTIONS = st.builds(
    Transaction,
    op=st.just("transact"),
    target=st.just("TransactWriteItems"),
    changes=st.lists(CHANGES, min_size=1, max_size=3).map(tuple),
    **_FIELDS,
)
OPERATIONS = st.lists(st.one_of(CHANGES, READ_OPERATIONS, TRANSACTIONS), max_size=5)


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "run.ledger"
    path.write_bytes(content)
    return path


def _append(path: Path, *writes: Write) -> None:
    ledger = LedgerFile(path)
    for write in writes:
        ledger.acknowledged(write)
    ledger.close()


@given(OPERATIONS, OPERATIONS)
def test_the_changes_that_two_runs_append_are_read(first: list[Write], second: list[Write]) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "run.ledger"
        _append(path, *first)
        _append(path, *second)
        read = list(read_ledger(path))
    changes: list[Write] = []
    for write in (*first, *second):
        if isinstance(write, Transaction):
            changes += write.changes
        elif write.target != "GetItem":
            changes.append(write)
    assert [(one.key, one.op, one.version, one.table) for one in read] == [
        (change.key, change.op, change.version, change.table) for change in changes
    ]
    assert all(datetime.fromisoformat(one.at).tzinfo for one in read)


def test_a_ledger_is_read_line_by_line(tmp_path: Path) -> None:
    path = _file(tmp_path, HEADER + LINE + LINE.replace(b"insert", b"delete"))
    assert [write.op for write in read_ledger(path)] == ["insert", "delete"]


def test_a_ledger_from_before_the_header_is_read(tmp_path: Path) -> None:
    assert list(read_ledger(_file(tmp_path, LINE))) == [
        Acknowledged("o-1", "insert", 1, "orders", "2026-01-01T00:00:00.000Z")
    ]


@pytest.mark.parametrize("left", [LINE[:40], HEADER[:5], HEADER[:-2], LINE[:-1]])
def test_what_a_crash_left_of_the_last_line_is_passed_over(tmp_path: Path, left: bytes) -> None:
    whole = 1 + (left == LINE[:-1])
    path = _file(tmp_path, LINE + left)
    assert len(list(read_ledger(path))) == whole
    _append(path, Write("PutItem", (), "insert", "orders", "o-2", 1, 1))
    assert len(list(read_ledger(path))) == whole + 1, "the next run starts on a new line"


@pytest.mark.parametrize("line", [b"{}\n", b'{"key":1}\n', LINE.replace(b"insert", b"upsert"), b"\xff\n"])
@pytest.mark.parametrize("after", [LINE, b""])
def test_any_other_line_is_named(tmp_path: Path, line: bytes, after: bytes) -> None:
    path = _file(tmp_path, LINE + line + after)
    with pytest.raises(UserError, match=r"Line 2 of the ledger .*run\.ledger is not an acknowledged write"):
        list(read_ledger(path))


@pytest.mark.parametrize(
    ("header", "sentence"),
    [(b'{"ledger":2}\n', "has version 2 of the format"), (b'{"ledger":"x"}\n', "Line 2 of the ledger .* not a header")],
)
def test_another_version_is_refused(tmp_path: Path, header: bytes, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        list(read_ledger(_file(tmp_path, LINE + header + LINE)))


def test_a_ledger_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        list(read_ledger(tmp_path / "none"))
