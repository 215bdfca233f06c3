from __future__ import annotations

from lake.freshness import measure
from lake.stages import StageWatch, lake_line, line
from lake.way import Way


def test_a_stage_shows_what_waits_there_and_since_when() -> None:
    ways = iter([Way(in_stream=0, failed=0), Way(in_stream=1200), Way(in_stream=3), Way(in_stream=0)])
    times = iter([0.0, 10.0, 14.0, 20.0])
    watch = StageWatch(lambda: next(ways), lambda: next(times))
    seen = [[line(stage) for stage in watch.stages()] for _ in range(4)]
    assert [lines[0].split(None, 2)[2] for lines in seen] == [
        "0 changes that no Pipe has put on Kinesis",
        "1,200 changes that no Pipe has put on Kinesis, for 0 s",
        "3 changes that no Pipe has put on Kinesis, for 4 s",
        "0 changes that no Pipe has put on Kinesis",
    ]
    assert seen[0][1].endswith("cannot be seen")
    assert seen[0][2].endswith("0 objects")


def test_a_lake_without_changes_says_so() -> None:
    assert lake_line(measure([], {})).endswith("no changes")
