"""The life of an order.

    placed ──► paid ──► shipped ──► delivered ──► returned
       │         │
       └─────────┴──► cancelled                    any ──► purged (deleted)

How many are cancelled or returned depends on the channel. An update of an
order whose life is over amends its note.
"""

from __future__ import annotations

from msgspec import Struct

from loadgen.item import NOTHING, Fragment, fragment
from loadgen.pools import CHANNELS

STATUSES = ("placed", "paid", "shipped", "delivered", "cancelled", "returned")
PLACED, PAID, SHIPPED, DELIVERED, CANCELLED, RETURNED = range(len(STATUSES))
_NEXT = {PLACED: PAID, PAID: SHIPPED, SHIPPED: DELIVERED}

# Of 256 orders of a channel: cancelled when placed (a quarter as many when paid), and returned when delivered.
_CANCELLED_OF_256 = {"web": 18, "mobile": 26, "store": 3, "marketplace": 56, "phone": 33}
_RETURNED_OF_256 = {"web": 38, "mobile": 34, "store": 10, "marketplace": 64, "phone": 20}
_REASONS = ("changed mind", "found cheaper", "payment failed", "out of stock", "fraud suspected")
CANCEL_REASONS: tuple[Fragment, ...] = tuple(fragment({"cancel_reason": {"S": reason}}) for reason in _REASONS)


class Step(Struct, frozen=True, gc=False):
    """The next state of an order; `amended` when its life is over and only its note changes."""

    status: int
    amended: bool = False
    reason: Fragment = NOTHING


_AMEND = tuple(Step(status, amended=True) for status in range(len(STATUSES)))
_ADVANCE = {status: Step(following) for status, following in _NEXT.items()}
_RETURN = Step(RETURNED)
_CANCEL = tuple(Step(CANCELLED, reason=reason) for reason in CANCEL_REASONS)


def advance(status: int, channel: int, draw: int) -> Step:
    """The step that an order of this status and channel takes; `draw` is 16 random bits."""
    chance, rest = draw & 255, draw >> 8
    if status <= PAID:
        limit = _CANCELLED_OF_256[CHANNELS[channel]]
        if chance < (limit if status == PLACED else limit // 4):
            return _CANCEL[rest % len(_CANCEL)]
    elif status == DELIVERED:
        return _RETURN if chance < _RETURNED_OF_256[CHANNELS[channel]] else _AMEND[status]
    elif status != SHIPPED:
        return _AMEND[status]
    return _ADVANCE[status]
