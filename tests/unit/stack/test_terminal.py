from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.terminal import write_lines

WORDS = st.lists(st.text("ab-/[]*", min_size=1, max_size=50), min_size=1)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(out: io.StringIO, *lines: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "40")
        patch.setattr(sys, "stdout", out)
        write_lines(*lines)
    return out.getvalue()


@given(st.lists(WORDS))
def test_a_terminal_breaks_lines_between_words_and_a_word_never(lines: list[list[str]]) -> None:
    shown = written(Terminal(), *map(" ".join, lines)).splitlines()
    assert " ".join(shown).split() == [word for line in lines for word in line]
    assert all(len(line) <= 40 or len(line.split()) == 1 for line in shown)
    assert sum(not line.startswith("  ") for line in shown) == len(lines), "what continues a line is indented"


@given(st.lists(WORDS))
def test_elsewhere_a_line_stays_whole(lines: list[list[str]]) -> None:
    given = [" ".join(line) for line in lines]
    assert written(io.StringIO(), *given) == "".join(f"{line}\n" for line in given)
