"""The reserved words, which cannot be attribute names in an expression."""

from __future__ import annotations

from functools import lru_cache

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords


def is_reserved(word: str) -> bool:
    """Return whether a word is in
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html.
    """
    return word.upper() in _words()


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    # The list is long and published by AWS; moto has a copy of it.
    return frozenset(ReservedKeywords.get_reserved_keywords())
