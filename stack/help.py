"""The form of --help: on a terminal that is narrower than a line of a description, the line breaks between words."""

from __future__ import annotations

import re

from rich.text import Text
from rich_argparse import RawDescriptionRichHelpFormatter

from stack.terminal import columns

_WORD = re.compile(r"\S+")
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_HANGING = 2
"""Spaces before what continues a line, as in `terminal.wrapped`."""


class HelpFormatter(RawDescriptionRichHelpFormatter):
    """Keeps the lines of descriptions and epilogs where they fit, and prints brackets literally, not as markup."""

    text_markup = help_markup = False

    def _rich_fill_text(self, text: Text, width: int, indent: Text) -> Text:
        if columns() is not None:
            text = Text("\n").join(part for line in text.split(allow_blank=True) for part in self._broken(line, width))
        return super()._rich_fill_text(text, width, indent)

    def _broken(self, line: Text, width: int) -> list[Text]:
        """Break a line between words, its last column under itself; a word that is longer stays in one piece."""
        if line.cell_len <= width:
            return [line]
        indent = len(line.plain) - len(line.plain.lstrip())
        last = max((gap.end() for gap in _GAP.finditer(line.plain)), default=width)
        continued = " " * (last if last <= width // 2 else indent + _HANGING)
        ends, room = [0], width
        for word in _WORD.finditer(line.plain):
            if word.end() - ends[-1] > room and word.start() > ends[-1]:
                ends.append(word.start())
                room = width - len(continued)
        first, *rest = line.divide(ends[1:])
        for part in (first, *rest):
            part.rstrip()
        return [first, *(Text.assemble(continued, part) for part in rest)]
