"""Date patterns have the recorded meaning of the JDK and Joda-Time, or are refused (tests/oracle/dates)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.athena import joda
from sandbox.athena.errors import StatementError
from sandbox.athena.runner import failure_of
from sandbox.datepatterns import DatePatternError, Run, UnsupportedPatternError, elements
from sandbox.datepatterns.java import write
from sandbox.datepatterns.reading import read

UNSUPPORTED = set("YwWFecvzBp")
ORACLES = Path(__file__).parents[2] / "oracle" / "dates"


class Recorded(NamedTuple):
    """An oracle's result: a text, or None and the reason of a refusal."""

    what: str
    pattern: str
    text: str
    answer: str | None
    error: str | None


def recorded(oracle: str, what: str) -> list[Recorded]:
    lines = (ORACLES / f"{oracle}.jsonl").read_text().splitlines()[1:]
    return [one for one in (Recorded(*json.loads(line)) for line in lines) if one.what == what]


def _moment(text: str) -> datetime:
    at, zone = text.rstrip("]").split("[")
    return datetime.fromisoformat(at).astimezone(UTC if zone == "UTC" else ZoneInfo(zone))


def test_a_moment_is_written_as_java_writes_it_or_the_pattern_is_refused() -> None:
    written = unsupported = 0
    refusal = ""
    for one in recorded("java", "format"):
        if one.error:
            with pytest.raises(DatePatternError):
                write(one.pattern, _moment(one.text))
            continue
        try:
            text = write(one.pattern, _moment(one.text))
        except UnsupportedPatternError as error:
            unsupported += 1
            text, refusal = None, str(error)
        if text is None:
            assert {part.letter for part in _runs(one.pattern)} & UNSUPPORTED or "optional" in refusal, one
        else:
            assert text == one.answer, one
            written += 1
    assert written > 600
    assert unsupported < 700


def test_a_text_is_read_as_java_reads_it_or_the_pattern_is_refused() -> None:
    compared = 0
    for one in recorded("java", "parse"):
        try:
            moment = read(one.pattern, one.text)
        except UnsupportedPatternError:
            continue
        if one.error:
            assert moment is None, one
            continue
        date, time = str(one.answer).split(" ")
        assert moment is not None or date == "-", one
        if moment is not None and date != "-":
            assert moment.date().isoformat() == date, one
            if time != "-":
                assert moment.time() == clock.fromisoformat(time), one
            compared += 1
    assert compared > 300


def _runs(pattern: str) -> list[Run]:
    return [part for part in elements(pattern.replace("[", "").replace("]", ""), "java") if isinstance(part, Run)]


@given(
    st.lists(st.sampled_from(["yyyy", "MM", "dd", "HH", "mm", "ss", "SSS"]), min_size=7, max_size=7, unique=True),
    st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)),
    st.sampled_from(["", "-", "'T'", "''"]),
)
def test_what_is_written_is_read_again(parts: list[str], moment: datetime, between: str) -> None:
    pattern, whole = between.join(parts), moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert read(pattern, write(pattern, whole.replace(tzinfo=UTC))) == whole


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _answers(duck: duckdb.DuckDBPyConnection, sqls: Sequence[str]) -> list[str | None]:
    """What each piece of SQL gives, as text; None for an error. Some at a time, for planning is most of the work."""
    found: list[str | None] = []
    for at in range(0, len(sqls), 50):
        ((answers,),) = duck.execute(f"SELECT [{', '.join(f'TRY({sql})' for sql in sqls[at : at + 50])}]").fetchall()
        found += answers
    return found


def test_athena_writes_a_time_as_joda_writes_it(duck: duckdb.DuckDBPyConnection) -> None:
    written = [one for one in recorded("joda", "format") if not one.error]
    sqls = [joda.formatted(f"TIMESTAMPTZ '{one.text}'", one.pattern, zoned=True) for one in written]
    assert _answers(duck, sqls) == [one.answer for one in written]
    assert len(written) > 800


def test_athena_refuses_the_patterns_that_joda_refuses() -> None:
    refused = [one for one in recorded("joda", "format") if one.error]
    for one in refused:
        with pytest.raises(StatementError, match="INVALID_FUNCTION_ARGUMENT"):
            joda.formatted("t", one.pattern, zoned=True)
    assert len(refused) > 300


def test_athena_reads_a_time_as_joda_reads_it_or_says_that_it_does_not(duck: duckdb.DuckDBPyConnection) -> None:
    readings = [(one, *_reading(one)) for one in recorded("joda", "parse")]
    assert {refusal.partition(":")[0] for _, _, refusal in readings} == {"", "NOT_SUPPORTED"}
    read = [(one, sql) for one, sql, refusal in readings if not refusal]
    assert _answers(duck, [sql for _, sql in read]) == [one.answer for one, _ in read]
    assert len(read) > 500


def test_athena_says_of_a_text_what_joda_says(duck: duckdb.DuckDBPyConnection) -> None:
    """Joda-Time says in some cases also where: is too short, is malformed at "2"."""
    wrong = [(one, *_reading(one)) for one in recorded("joda", "parse") if one.error]
    for one, sql, _ in [found for found in wrong if found[1]][::5]:
        with pytest.raises(duckdb.ConversionException) as failure:
            duck.execute(f"SELECT {sql}").fetchall()
        name, message = failure_of(failure.value).reason.split(": ", 1)
        assert name == "INVALID_FUNCTION_ARGUMENT"
        assert str(one.error).startswith(message), one


def _reading(one: Recorded) -> tuple[str, str]:
    """The SQL that parses a text, or the error."""
    try:
        return f"strftime({joda.parsed(joda.literal(one.text), one.pattern)}, '%Y-%m-%dT%H:%M:%S.%gZ')", ""
    except StatementError as error:
        return "", error.reason
