"""The common grammar of both libraries: runs of one letter, quoted text, and literal text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DialectName = Literal["java", "joda"]


class DatePatternError(ValueError):
    """A pattern that the library refuses."""


class UnsupportedPatternError(DatePatternError):
    """A pattern that the library accepts and the sandbox does not support."""


@dataclass(frozen=True)
class Run:
    """A letter, `count` times in a row."""

    letter: str
    count: int

    def __str__(self) -> str:
        return self.letter * self.count


Element = Run | str


def elements(pattern: str, dialect: DialectName) -> tuple[Element, ...]:
    """The pattern's runs of letters, and the text between them.

    Raises:
        DatePatternError: DateTimeFormatter refuses the pattern.
        UnsupportedPatternError: it has optional sections.
    """
    found: list[Element] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "'":
            text, position = _quoted(pattern, position + 1, dialect)
            found.append(text)
        elif character.isascii() and character.isalpha():
            end = position
            while end < len(pattern) and pattern[end] == character:
                end += 1
            found.append(Run(character, end - position))
            position = end
        else:
            if dialect == "java":
                _check_text(character, pattern)
            found.append(character)
            position += 1
    return tuple(found)


def _check_text(character: str, pattern: str) -> None:
    if character in "{}#":
        raise DatePatternError(f"{character!r} is reserved in the date pattern {pattern!r}: quote it")
    if character in "[]":
        raise UnsupportedPatternError(f"the sandbox does not support optional sections in the date pattern {pattern!r}")


def _quoted(pattern: str, position: int, dialect: DialectName) -> tuple[str, int]:
    if pattern.startswith("'", position):
        return "'", position + 1
    text = ""
    while True:
        end = pattern.find("'", position)
        if end < 0:
            if dialect == "java":
                raise DatePatternError(f"a quote is left open in the date pattern {pattern!r}")
            return text + pattern[position:], len(pattern)
        text += pattern[position:end]
        if not pattern.startswith("''", end):
            return text, end + 1
        text += "'"
        position = end + 2
