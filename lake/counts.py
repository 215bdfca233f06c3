"""Numbers with their nouns, for what the commands print, and numbers of the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError


def counted(count: int, noun: str) -> str:
    """Return a number and its noun, in the plural unless the number is one: `1,000 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def whole(text: str) -> int:
    """Parse a number that counts. Raises: ArgumentTypeError: it is not a whole number of 0 or more."""
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)
