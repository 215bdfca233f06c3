"""The change log as of a second, run by the sandbox's Athena, beside the same state in Python."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lake.athena import Begun, Row
from lake.export_rows import sequence_of
from lake.past import PastLake
from tests.athena_lake import Lake
from tests.things import column_of, things

TABLE = things(
    column_of("line", "bigint"),
    column_of("id", "string"),
)
AT = datetime(2026, 3, 15, 11, 0, 10, tzinfo=UTC)
_SECOND = int(AT.timestamp())


class LocalAthena:
    """Runs statements in a lake in memory."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def stream(self, sql: str) -> Iterator[Row]:
        return iter([tuple(row) for row in self._lake.query(sql)])

    def one(self, sql: str) -> Row:
        (row,) = self.stream(sql)
        return row

    def begin(self, sql: str) -> Begun:
        raise AssertionError(sql)


@pytest.mark.parametrize("seed", range(3))
def test_the_state_is_that_before_the_second_without_the_keys_that_changed_in_it(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    changes: list[dict[str, Any]] = []
    for number in range(120):
        key = {"id": random.choice("abcdefgh"), "line": random.randrange(4)}
        second = _SECOND + random.randrange(-6, 4)
        state = sequence_of(datetime.fromtimestamp(second, UTC))
        # A backfill's row of this second, or a change in it.
        sequence = state if not number % 9 else f"{state[:12]}0{number + 1:040d}"
        op = random.choice(["INSERT", "MODIFY", "REMOVE"]) if sequence != state else "INSERT"
        changes.append(
            {
                "event_id": str(number),
                "op": op,
                "sequence": sequence,
                "after": f'{{"n":"{number}"}}',
                "changed_at": f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}",
                **key,
            }
        )
    lake = Lake(tmp_path)
    columns = {column.name: column.type for column in TABLE.change_log_columns}
    projection = {"type": "date", "format": "yyyy-MM-dd-HH", "range": "2026-01-01-00,NOW", "interval": "1"}
    parameters = {f"projection.arrival_hour.{name}": value for name, value in projection.items()}
    parameters |= {"projection.enabled": "true", "projection.arrival_hour.interval.unit": "HOURS"}
    lake.table("thing_changes", columns, ["arrival_hour"], parameters)
    lake.rows("thing_changes/arrival_hour=2026-03-15-11/1.json", *changes)
    athena: Any = LocalAthena(lake)
    past = PastLake(athena, TABLE, "thing_changes", AT)

    by_key: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for change in sorted(changes, key=lambda change: change["sequence"]):
        by_key.setdefault((str(change["line"]), change["id"]), []).append(change)
    at, until = sequence_of(AT), sequence_of(datetime.fromtimestamp(_SECOND + 1, UTC))
    moved = {key for key, each in by_key.items() if any(at < change["sequence"] < until for change in each)}
    before = {key: [change for change in each if change["sequence"] <= at] for key, each in by_key.items()}
    last = {key: each[-1] for key, each in before.items() if each and key not in moved}

    assert past.moved_keys() == len(moved) > 0
    alive = {key for key, change in last.items() if change["op"] != "REMOVE"}
    assert set(past.view_rows(range(4096))) == alive
    images = {(each.key[1], each.key[0]): each.after for each in past.last_images(range(4096))}
    assert images == {key: change["after"] if key in alive else None for key, change in last.items()}
    keys = 'SELECT DISTINCT "line", "id" FROM "thing_changes"'
    kept = athena.stream(f"SELECT line, id FROM {past.without_moved(keys)}")
    assert set(kept) == by_key.keys() - moved
