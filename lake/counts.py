"""Numbers with their nouns, for what the commands print."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return a number and its noun, in the plural unless the number is one: `1,000 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
