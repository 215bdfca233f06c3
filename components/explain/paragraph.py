"""Paragraphs of the output: at most 100 characters wide, and no wider than the terminal."""

from __future__ import annotations

from stack.terminal import columns, wrapped

WIDTH = 100


def width() -> int:
    """The number of characters of a line."""
    return min(WIDTH, columns() or WIDTH)


def paragraph(text: str, indent: str = "") -> list[str]:
    """Wrap a text between words; `indent` precedes its first line, and two more spaces the others."""
    return wrapped(f"{indent}{text}", width())
