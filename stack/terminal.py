"""Sentences on a stream: wrapped between words on a terminal, whole lines elsewhere.

It imports no other module of the project, so all packages may import it.
"""

from __future__ import annotations

import os
import sys
import textwrap
from typing import TextIO

_USUAL = 80


def columns(out: TextIO | None = None) -> int | None:
    """The width of the terminal behind a stream (default: standard output) in characters, None for a file or a pipe.

    $COLUMNS takes precedence, as for shutil.get_terminal_size.
    """
    stream: TextIO = sys.stdout if out is None else out
    if not stream.isatty():
        return None
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:
        return _USUAL


def wrapped(line: str, width: int) -> list[str]:
    """Wrap a line between words; a word that is longer, such as a path, stays in one piece.

    What continues it is indented by two more spaces. Several lines are wrapped one by one.
    """
    if "\n" in line:
        return [part for each in line.split("\n") for part in wrapped(each, width)]
    words = line.lstrip()
    indent = line[: len(line) - len(words)]
    wrapper = textwrap.TextWrapper(
        width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False
    )
    return wrapper.wrap(words) or [""]


def write_lines(*lines: str, to: TextIO | None = None) -> None:
    """Write each line to a stream (default: standard output); on a terminal wrap it."""
    out: TextIO = sys.stdout if to is None else to
    width = columns(out)
    text = lines if width is None else [part for line in lines for part in wrapped(line, width)]
    out.writelines(f"{line}\n" for line in text)
    out.flush()  # what follows may take hours


def say(sentence: str) -> None:
    """Tell the user at a terminal what was done, on standard error; a script needs only the exit code."""
    if columns(sys.stderr) is not None:
        write_lines(sentence, to=sys.stderr)
