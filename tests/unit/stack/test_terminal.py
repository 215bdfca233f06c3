from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.terminal import wrapped, write_lines

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


@given(WORDS, st.integers(1, 100), st.integers(0, 20))
def test_what_continues_an_indented_line_is_indented_further(words: list[str], width: int, indent: int) -> None:
    first, *others = wrapped(" " * indent + " ".join(words), width)
    assert " ".join([first, *others]).split() == words
    assert len(first) - len(first.lstrip()) == indent
    assert all(len(line) - len(line.lstrip()) == indent + 2 for line in others)


@given(st.lists(WORDS, min_size=1))
def test_the_lines_of_one_text_are_wrapped_one_by_one(lines: list[list[str]]) -> None:
    given = [" ".join(line) for line in lines]
    assert wrapped("\n".join(["", *given]), 40) == ["", *(part for line in given for part in wrapped(line, 40))]


def test_each_stream_is_wrapped_for_itself() -> None:
    out, err = io.StringIO(), Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "10")
        patch.setattr(sys, "stdout", out)
        write_lines("one two three", to=err)
        write_lines("one two three")
    assert (err.getvalue(), out.getvalue()) == ("one two\n  three\n", "one two three\n")
