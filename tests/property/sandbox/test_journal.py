"""A journal that is cut at any byte restores what was acknowledged before the cut, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.journal.entries import element_entry
from sandbox.journal.journal import Journal, segments_in
from sandbox.journal.recovery import DamagedError, recover

UIDS = [bytes([number]) * 16 for number in range(2)]
KEYS = st.sampled_from(["", "a", "é", "\ud800k"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
OPERATIONS = st.one_of(
    st.tuples(st.just("record"), st.sampled_from(UIDS), st.binary(max_size=30)),
    st.tuples(st.just("item"), st.sampled_from(UIDS), TEXTS, TEXTS, st.none() | st.binary(max_size=30)),
    st.tuples(st.just("change"), st.sampled_from(UIDS), TEXTS, st.binary(min_size=1, max_size=20)),
    st.tuples(st.just("element"), st.sampled_from(["a", "b"]), KEYS, st.none() | st.binary(max_size=30)),
)
FRAMES = st.lists(st.lists(OPERATIONS, min_size=1, max_size=4), max_size=12)


class State:
    """The state: records by shard, items by table and key, elements by collection and name."""

    def __init__(self) -> None:
        self.records: dict[bytes, list[bytes]] = {}
        self.items: dict[tuple[bytes, str, str], bytes] = {}
        self.elements: dict[tuple[str, str], bytes] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


class Found(State):
    """Return the recovered state; first the records' locations, then their content."""

    def __init__(self) -> None:
        super().__init__()
        self._places: list[tuple[bytes, int, int, int]] = []

    def record(self, uid: bytes, index: int, at_s: float, position: int, size: int) -> None:
        assert at_s == index / 2
        self._places.append((uid, index, position, size))

    def item(self, uid: bytes, hash_: str, range_: str, size_bytes: int, image: bytes | None) -> None:
        if image is None:
            self.items.pop((uid, hash_, range_), None)
        else:
            assert size_bytes == len(image)
            self.items[uid, hash_, range_] = image

    def element(self, collection: str, name: str, content: bytes | None) -> None:
        if content is None:
            self.elements.pop((collection, name), None)
        else:
            self.elements[collection, name] = content

    def read(self, journal: Journal) -> State:
        state = State()
        state.items, state.elements = self.items, self.elements
        for uid, index, position, size in self._places:
            shard = state.records.setdefault(uid, [])
            assert index == len(shard)
            shard.append(journal.read(position, size))
        return state


def add(journal: Journal, state: State, operation: tuple[object, ...]) -> None:
    """Apply an operation to the journal and to a state."""
    match operation:
        case ("record", bytes(uid), bytes(content)):
            shard = state.records.setdefault(uid, [])
            journal.add_record(uid, len(shard), len(shard) / 2, content)
            shard.append(content)
        case ("change", bytes(uid), str(key), bytes(image)):
            shard = state.records.setdefault(uid, [])
            content = b"<" + image + b">"
            at = journal.add_record(uid, len(shard), len(shard) / 2, content)
            journal.add_item(uid, key, "", len(image), image, at + 1)
            shard.append(content)
            state.items[uid, key, ""] = image
        case ("item", bytes(uid), str(hash_), str(range_), image):
            assert image is None or isinstance(image, bytes)
            journal.add_item(uid, hash_, range_, len(image or b""), image, None)
            if image is None:
                state.items.pop((uid, hash_, range_), None)
            else:
                state.items[uid, hash_, range_] = image
        case ("element", str(collection), str(name), content):
            assert content is None or isinstance(content, bytes)
            journal.add(element_entry(collection, name, content))
            if content is None:
                state.elements.pop((collection, name), None)
            else:
                state.elements[collection, name] = content
        case _:
            pytest.fail(f"no operation: {operation}")


def written(directory: Path, frames: list[list[tuple[object, ...]]], segment_bytes: int) -> tuple[Journal, State]:
    """Write a journal with a frame for each list of operations; return it with the resulting state."""
    journal, state = Journal(directory, segments_in(directory), segment_bytes), State()
    for frame in frames:
        for operation in frame:
            add(journal, state, operation)
        journal.commit()
    return journal, state


@contextmanager
def recovered(directory: Path) -> Generator[tuple[Journal, State]]:
    found = Found()
    journal = recover(directory, found)
    try:
        yield journal, found.read(journal)
    finally:
        journal.close()


@given(FRAMES, FRAMES, st.integers(0, 200), st.sampled_from([1, 100, 1 << 20]))
def test_what_was_acknowledged_before_the_cut_is_there_and_can_be_added_to(
    before: list[list[tuple[object, ...]]], after: list[list[tuple[object, ...]]], cut: int, segment_bytes: int
) -> None:
    with TemporaryDirectory(prefix="journal-") as name:
        directory = Path(name)
        first, acknowledged = written(directory, before, segment_bytes)
        first.close()
        # An incomplete frame of a killed process, cut at any byte.
        last = segments_in(directory)[-1]
        path, size = last.path, last.size
        last.close()
        torn, _ = written(directory, [[("record", b"t" * 16, b"torn" * 10)]], 1 << 20)
        torn.close()
        with path.open("r+b") as file:
            file.truncate(min(size + cut, path.stat().st_size - 1))
        for other in directory.iterdir():
            if other.name > path.name:
                other.unlink()

        with recovered(directory) as (journal, state):
            assert state == acknowledged
            for frame in after:
                for operation in frame:
                    add(journal, acknowledged, operation)
                journal.commit()
        with recovered(directory) as (_, state):
            assert state == acknowledged


@given(FRAMES.filter(bool), st.data())
def test_a_cut_anywhere_leaves_whole_frames_from_the_beginning(
    frames: list[list[tuple[object, ...]]], data: st.DataObject
) -> None:
    with TemporaryDirectory(prefix="journal-") as name:
        directory = Path(name) / "journal"
        directory.mkdir()
        journal, state = Journal(directory, []), State()
        states, ends = [State()], [0]
        for frame in frames:
            for operation in frame:
                add(journal, state, operation)
            journal.commit()
            copy = State()
            copy.records = {uid: list(shard) for uid, shard in state.records.items()}
            copy.items, copy.elements = dict(state.items), dict(state.elements)
            states.append(copy)
            ends.append(journal.end)
        journal.close()
        cut = data.draw(st.integers(0, ends[-1]))
        with (directory / f"{0:020d}.journal").open("r+b") as file:
            file.truncate(cut)

        with recovered(directory) as (_, found):
            assert found == states[max(number for number, end in enumerate(ends) if end <= cut)]


def test_damage_before_the_end_is_told_and_not_read_over(tmp_path: Path) -> None:
    frames: list[list[tuple[object, ...]]] = [[("record", UIDS[0], b"one")], [("record", UIDS[0], b"two")]]
    journal, _ = written(tmp_path, frames, segment_bytes=1)
    journal.close()
    first = min(tmp_path.iterdir())
    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    first.write_bytes(content)

    with pytest.raises(DamagedError, match=f"{first} is damaged at byte 0"):
        recover(tmp_path, Found())


def test_what_cannot_be_written_is_kept_for_the_next_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, _ = written(tmp_path, [[("record", UIDS[0], b"one")]], 1 << 20)
    journal.add_record(UIDS[0], 1, 0.5, b"two" * 100)
    real, calls = __import__("os").pwrite, list[int]()

    def full(fd: int, content: bytes, offset: int) -> int:
        calls.append(offset)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(fd, content[:10], offset)

    with monkeypatch.context() as patched:
        patched.setattr("sandbox.journal.journal.os.pwrite", full)
        with pytest.raises(OSError, match="No space left"):
            journal.commit()
    shutil.copytree(tmp_path, tmp_path / "then")
    journal.commit()
    journal.close()
    with recovered(tmp_path / "then") as (_, state):
        assert state.records == {UIDS[0]: [b"one"]}
    with recovered(tmp_path) as (_, state):
        assert state.records == {UIDS[0]: [b"one", b"two" * 100]}
