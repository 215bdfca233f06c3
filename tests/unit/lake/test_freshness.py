from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake import command_freshness
from lake.freshness import Arrived, measure, modified

FIRST, SECOND, THIRD = (f"s3://lake/a/delivery-1-2026-07-01-11-59-5{n}-0b1c.parquet" for n in range(3))
CAME = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
AGES = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 200)), min_size=1, max_size=30)


def arrived(age_s: int, changes: int, path: str = FIRST) -> Arrived:
    return Arrived(path, CAME - timedelta(seconds=age_s), changes)


@given(AGES)
def test_so_many_of_a_hundred_changes_are_no_older_and_no_lower_age_has_that(ages: list[tuple[int, int]]) -> None:
    found = measure((arrived(*age) for age in ages), {FIRST: CAME})
    each = sorted(age_s + 1 for age_s, changes in ages for _ in range(changes))
    assert found.changes == len(each)
    assert found.max_s == each[-1]
    for percent, age_s in ((50, found.p50_s), (90, found.p90_s), (99, found.p99_s)):
        assert age_s is not None
        assert sum(one <= age_s for one in each) * 100 >= percent * len(each)
        assert sum(one < age_s for one in each) * 100 < percent * len(each)


def test_an_age_goes_to_the_end_of_the_second_of_arrival() -> None:
    # Changed at 11:59:59.9 and readable at 12:00:00.1, in whole seconds; it could have taken up to 1.9 s.
    found = measure([arrived(1, 1)], {FIRST: CAME})
    assert found.max_s == 2


def test_the_oldest_change_s_object_is_named_and_deleted_objects_are_reported() -> None:
    paths = {FIRST: CAME, SECOND: CAME + timedelta(seconds=60)}
    changes = [arrived(5, 10), arrived(5, 1, SECOND), arrived(9, 3, THIRD)]
    found = measure(changes, paths)
    assert (found.changes, found.objects, found.gone) == (11, 2, 3)
    assert (found.p50_s, found.max_s, found.slowest) == (6, 66, SECOND)


def test_an_object_that_firehose_did_not_write_has_no_time_of_arrival() -> None:
    compacted = "s3://lake/a/compacted-72e5deb5cf2bc5d40e2fe9347e1d1f91.parquet"
    backfilled = "s3://lake/a/backfill-scan-20260701115000000000-00000-0/20260701_115900_00000_efff5_d04934ee-596d"
    changes = [arrived(5, 10), arrived(3600, 7, compacted), arrived(300, 4, backfilled)]
    found = measure(changes, dict.fromkeys((FIRST, compacted, backfilled), CAME))
    assert (found.changes, found.objects, found.rewritten, found.max_s, found.slowest) == (10, 1, 11, 6, FIRST)


def test_nothing_has_no_age() -> None:
    found = measure([], {})
    assert (found.changes, found.p50_s, found.p99_s, found.max_s, found.slowest) == (0, None, None, None, None)


class Listing:
    """An S3 client that lists two objects a page."""

    def __init__(self, *keys: str) -> None:
        self._keys = keys
        self.prefixes: list[object] = []

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        assert request["Bucket"] == "lake"
        self.prefixes.append(request["Prefix"])
        keys = [key for key in self._keys if key.startswith(request["Prefix"])]
        start = int(request.get("ContinuationToken", 0))
        page: dict[str, Any] = {
            "Contents": [{"Key": key, "LastModified": CAME} for key in keys[start : start + 2]],
            "IsTruncated": start + 2 < len(keys),
        }
        return page | ({"NextContinuationToken": str(start + 2)} if page["IsTruncated"] else {})

    def get_object(self, **_: object) -> dict[str, Any]:
        raise AssertionError("no object is read")

    put_object = delete_object = copy_object = delete_objects = list_object_versions = get_object


def test_the_folders_of_the_objects_are_listed_whole_and_once_each() -> None:
    s3 = Listing("log/hour=1/a", "log/hour=1/b", "log/hour=1/c", "log/hour=2/d", "log/hour=10/e")
    found = modified(s3, ["s3://lake/log/hour=1/a", "s3://lake/log/hour=1/c", "s3://lake/log/hour=2/gone"])
    assert found == {f"s3://lake/log/{key}": CAME for key in ("hour=1/a", "hour=1/b", "hour=1/c", "hour=2/d")}
    assert sorted(set(map(str, s3.prefixes))) == ["log/hour=1/", "log/hour=2/"]


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7_200), ("1d", 86_400), ("0s", 0)])
def test_a_duration_has_a_unit(text: str, seconds: int) -> None:
    parser = ArgumentParser()
    command_freshness.configure(parser)
    assert parser.parse_args(["--since", text]).since == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["15", "m", "-5m", "1.5h", "1w", "", "999999999d"])
def test_what_is_no_duration_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    command_freshness.configure(parser)
    with pytest.raises(SystemExit) as refused:
        parser.parse_args([f"--since={text}"])
    assert refused.value.code == 2
    assert "is not a duration such as 30s, 15m, 2h or 1d" in capsys.readouterr().err
