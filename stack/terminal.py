"""Sentences on standard output: wrapped between words on a terminal, whole lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import textwrap


def write_lines(*lines: str) -> None:
    """Write each line; on a terminal wrap it between words, and leave a longer word, such as a path, in one piece."""
    text = [*lines]
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        wrapper = textwrap.TextWrapper(width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        text = [part for line in lines for part in wrapper.wrap(line)]
    sys.stdout.writelines(f"{line}\n" for line in text)
    sys.stdout.flush()  # what follows may take hours
