from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.front.record_log import RecordLog

RECORDS = st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.integers(0, 3)), max_size=60)
SIZES = st.tuples(st.integers(1, 200), st.integers(1, 100))


def filled(records: list[tuple[bytes, int]], sizes: tuple[int, int]) -> tuple[RecordLog, list[tuple[bytes, float]]]:
    """A log that spills soon, and what was appended to it: records, and times that do not decrease."""
    log = RecordLog(memory_bytes=sizes[0], chunk_bytes=sizes[1])
    appended: list[tuple[bytes, float]] = []
    now = 0.0
    for record, pause in records:
        now += pause
        assert log.append(record, now) == len(appended)
        appended.append((record, now))
    return log, appended


@given(RECORDS, SIZES, st.integers(0, 70), st.integers(1, 70), st.integers(1, 500))
def test_a_read_gives_what_was_appended_from_there_on(
    records: list[tuple[bytes, int]], sizes: tuple[int, int], start: int, limit: int, max_bytes: int
) -> None:
    log, appended = filled(records, sizes)

    read = log.read(start, limit, max_bytes)

    expected = [record for record, _ in appended[start : start + limit]]
    assert read == expected[: len(read)]
    if len(read) < len(expected):
        assert sum(map(len, read)) + len(expected[len(read)]) > max_bytes
    if expected:
        assert read
        assert len(read) == 1 or sum(map(len, read)) <= max_bytes


@given(RECORDS, SIZES, st.integers(0, 200))
def test_the_first_record_at_a_time_is_found(
    records: list[tuple[bytes, int]], sizes: tuple[int, int], at_s: int
) -> None:
    log, appended = filled(records, sizes)

    expected = next((index for index, (_, time) in enumerate(appended) if time >= at_s), len(appended))
    assert log.index_at(at_s) == expected
    for index, (_, time) in enumerate(appended):
        assert log.time_of(index) == time


@given(RECORDS, SIZES, st.integers(0, 200))
def test_trimming_forgets_only_what_is_older(
    records: list[tuple[bytes, int]], sizes: tuple[int, int], before_s: int
) -> None:
    log, appended = filled(records, sizes)

    log.trim(before_s)

    assert all(time < before_s for _, time in appended[: log.first])
    assert log.end == len(appended)
    assert log.read(0, 1000, 10**9) == [record for record, _ in appended[log.first :]]


@given(RECORDS, SIZES, st.integers(0, 60), st.integers(0, 60), st.integers(1, 70))
def test_a_log_is_read_again_from_the_journal_without_what_was_trimmed(
    records: list[tuple[bytes, int]], sizes: tuple[int, int], first: int, gap: int, limit: int
) -> None:
    """The journal may still have records from before the trimmed ones, for another shard's sake."""
    places: list[tuple[int, float, int, int]] = []
    log = RecordLog(memory_bytes=sizes[0], chunk_bytes=sizes[1])
    for index, (record, at_s) in enumerate(records):
        log.append(record, float(at_s))
        places.append((index, float(at_s), log.last_position, len(record)))
    kept = [place for place in places if place[0] < first or place[0] >= first + gap]

    again = RecordLog(memory_bytes=sizes[0], chunk_bytes=sizes[1])
    for place in kept:
        again.adopt(*place)

    begins = first + gap if any(place[0] >= first + gap for place in kept) and gap else 0
    expected = [record for index, (record, _) in enumerate(records) if any(index == place[0] for place in kept)]
    expected = expected[first:] if begins else expected
    assert again.read(0, limit, 10**9) == expected[:limit]
    assert again.end == (kept[-1][0] + 1 if kept else 0)
    again.append(b"next", 10.0)
    assert again.read(again.end - 1, 1, 1) == [b"next"]
