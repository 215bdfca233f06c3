"""Compares the results of two engines: the same columns, rows in any order, the same error name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal

from tests.oracle.trino.engine import Answer

Verdict = Literal["same", "wrong", "refused", "taken", "other error", "crashed"]
"""`wrong`: other values than Trino's. `refused`: an error where Trino has a result. `taken`: a result where Trino has
an error. `other error`: both refuse, with different names. `crashed`: the sandbox itself failed."""
Row = tuple[str | None, ...]
_NUMBER = re.compile(r"-?\d+\.\d+(?:E-?\d+)?")
_INEXACT = ("double", "real")
# Sums of doubles differ in the last digits, because the engines add in different orders.
_RELATIVE = 1e-11


def verdict(ours: Answer, theirs: Answer) -> Verdict:
    """Compare the sandbox's result with Trino's."""
    if ours.error == "CRASHED":
        return "crashed"
    if theirs.error is not None:
        if ours.error is None:
            return "taken"
        return "same" if ours.error == theirs.error else "other error"
    if ours.error is not None:
        return "refused"
    same_names = [name for name, _ in ours.columns] == [name for name, _ in theirs.columns]
    return "same" if same_names and _same_rows(ours, theirs) else "wrong"


def _same_rows(ours: Answer, theirs: Answer) -> bool:
    if len(ours.rows) != len(theirs.rows):
        return False
    inexact = [any(word in type_ for word in _INEXACT) for _, type_ in theirs.columns]
    left, right = ([_row(row) for row in answer.rows] for answer in (ours, theirs))
    for row in left:
        partner = next((i for i, other in enumerate(right) if _same_row(row, other, inexact)), None)
        if partner is None:
            return False
        del right[partner]
    return True


def _row(row: Row) -> Row:
    return tuple(value if value is None or "{" not in value else _ordered(value) for value in row)


def _ordered(text: str) -> str:
    """A value's text with the entries of every map, and the members of every row, in one order: a map has none."""
    pieces: list[list[str]] = [[""]]
    brackets: list[str] = []
    for letter in text:
        if letter in "{[":
            brackets.append(letter)
            pieces.append([""])
        elif letter in "}]" and brackets:
            opening, items = brackets.pop(), pieces.pop()
            pieces[-1][-1] += opening + ",".join(sorted(items) if opening == "{" else items) + letter
        elif letter == "," and brackets:
            pieces[-1].append("")
        else:
            pieces[-1][-1] += letter if not (letter == " " and pieces[-1][-1] == "") else ""
    return "".join(part for level in pieces for part in level)


def _same_row(ours: Row, theirs: Row, inexact: Sequence[bool]) -> bool:
    same = [a == b or (near and _near(a, b)) for a, b, near in zip(ours, theirs, inexact, strict=False)]
    return len(ours) == len(theirs) and all(same)


def _near(ours: str | None, theirs: str | None) -> bool:
    if ours is None or theirs is None or _NUMBER.sub("#", ours) != _NUMBER.sub("#", theirs):
        return False
    pairs = zip(_NUMBER.findall(ours), _NUMBER.findall(theirs), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=_RELATIVE) for a, b in pairs)
