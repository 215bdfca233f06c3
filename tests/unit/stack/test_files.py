"""Which files a command may be given together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack import UserError, check_distinct

NAMES = st.sampled_from(["a", "b", "./a", "sub/../b", "c"])


@given(st.lists(NAMES | st.none(), max_size=4), st.lists(NAMES | st.none(), max_size=3))
def test_a_written_file_is_no_other_one_of_the_files(written: list[str | None], read: list[str | None]) -> None:
    def paths(names: list[str | None], of: str) -> dict[str, Path | None]:
        return {f"{of} {number}": None if name is None else Path(name) for number, name in enumerate(names)}

    outputs = [Path(name).resolve() for name in written if name is not None]
    inputs = {Path(name).resolve() for name in read if name is not None}
    collides = len(set(outputs)) < len(outputs) or not inputs.isdisjoint(outputs)
    if collides:
        with pytest.raises(UserError, match=r"would be both (written|read) \d and (written|read) \d: give"):
            check_distinct(paths(written, "written"), paths(read, "read"))
    else:
        check_distinct(paths(written, "written"), paths(read, "read"))


def test_a_link_to_a_file_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "report").touch()
    (tmp_path / "link").symlink_to("report")
    with pytest.raises(UserError, match="would be both --report and --html"):
        check_distinct({"--report": tmp_path / "report", "--html": tmp_path / "link"})


def test_a_device_may_be_given_twice() -> None:
    check_distinct({"--report": Path("/dev/null"), "--html": Path("/dev/null")})
