"""The pools and the life cycle as tuples, which the compiled module reads."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.dynamodb.item import NOTHING, Fragment
from loadgen.workloads.lifecycle import Life, LifecycleStep
from loadgen.workloads.pools import OrderHead

FragmentRow = tuple[bytes, int]
"""A text, and its bytes in an item's size."""

HeadRow = tuple[bytes, int, tuple[FragmentRow, ...], int, int]
"""A head: the text and the size of a placed order, the baskets, the channel, and the size of the note."""

StepRow = tuple[int, int, int, bytes]
"""A step: the status, the size of the note or -1 without one, the size of the reason, and the expression."""

StepRows = tuple[tuple[tuple[tuple[StepRow, ...], ...], ...], ...]
"""Equally likely steps by status, channel and 8 random bits."""


def phase_rows(phases: Sequence[Sequence[OrderHead]]) -> tuple[tuple[HeadRow, ...], ...]:
    """Return the heads of each phase of the day. The heads of a region share their baskets, here too."""
    known: dict[int, tuple[FragmentRow, ...]] = {}
    return tuple(tuple(_head_row(head, known) for head in heads) for heads in phases)


def step_rows(life: Life) -> StepRows:
    """Return the steps of a life cycle. Equal choices of steps share one tuple."""
    known: dict[int, tuple[StepRow, ...]] = {}
    for choices in {
        id(found): found for by_channel in life.steps for by_chance in by_channel for found in by_chance
    }.values():
        known[id(choices)] = tuple(map(_step_row, choices))
    return tuple(
        tuple(tuple(known[id(choices)] for choices in by_chance) for by_chance in by_channel)
        for by_channel in life.steps
    )


def _head_row(head: OrderHead, known: dict[int, tuple[FragmentRow, ...]]) -> HeadRow:
    baskets = known.setdefault(id(head.baskets), ()) or tuple(map(_fragment_row, head.baskets))
    known[id(head.baskets)] = baskets
    return *_fragment_row(head.placed), baskets, head.channel, head.note.size_bytes


def _fragment_row(fragment: Fragment) -> FragmentRow:
    return fragment.text, fragment.size_bytes


def _step_row(step: LifecycleStep) -> StepRow:
    note_bytes = -1 if step.note is NOTHING else step.note.size_bytes
    return step.status, note_bytes, step.reason.size_bytes, step.expression
