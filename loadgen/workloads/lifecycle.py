"""The life cycle of an order.

    placed ──► paid ──► shipped ──► delivered ──► returned
       │         │
       └─────────┴──► cancelled                    any ──► purged (deleted)

The channel determines how many are cancelled or returned. An update of an order in a final status amends its note.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from loadgen.dynamodb.item import NOTHING, Fragment, fragment
from loadgen.workloads.pools import CHANNELS

STATUSES = ("placed", "paid", "shipped", "delivered", "cancelled", "returned")
PLACED, PAID, SHIPPED, DELIVERED, CANCELLED, RETURNED = range(len(STATUSES))
_NEXT = {PLACED: PAID, PAID: SHIPPED, SHIPPED: DELIVERED}

_CHANCES = 256
# Shares per channel: cancelled when placed (a quarter of that when paid), and returned when delivered.
_CANCELLED = {"web": 18, "mobile": 26, "store": 3, "marketplace": 56, "phone": 33}
_RETURNED = {"web": 38, "mobile": 34, "store": 10, "marketplace": 64, "phone": 20}
_REASONS = ("changed mind", "found cheaper", "payment failed", "out of stock", "fraud suspected")


class LifecycleStep(Struct, frozen=True, gc=False):
    """The new status of an order, with the note or the reason that belongs to it.

    `member` is the status as a member of the item, `expression` is the text of an UpdateItem call from the end of its
    key to the time of the update.
    """

    status: int
    note: Fragment
    reason: Fragment
    member: bytes
    expression: bytes


def _step(status: int, *, note: Fragment = NOTHING, reason: Fragment = NOTHING) -> LifecycleStep:
    name = STATUSES[status].encode()
    clause = naming = value = b""
    if changed := (note.text + reason.text)[1:]:
        attribute, _, content = changed.partition(b":")
        clause, naming, value = b",#x=:x", b',"#x":%b' % attribute, b'":x":%b,' % content
    expression = (
        b'"}},"UpdateExpression":"SET #s=:s,#v=:v,#u=:u%b","ConditionExpression":"#v=:o",'
        b'"ExpressionAttributeNames":{"#s":"status","#v":"version","#u":"updated_at"%b},'
        b'"ReturnValuesOnConditionCheckFailure":"ALL_OLD",'
        b'"ExpressionAttributeValues":{%b":s":{"S":"%b"},":u":{"S":"'
    ) % (clause, naming, value, name)
    return LifecycleStep(status, note, reason, b',"status":{"S":"%b"}' % name, expression)


AT = tuple(_step(status) for status in range(len(STATUSES)))
"""The step to each status, without a note or a reason."""
PLACE = AT[PLACED]
_ADVANCE = {status: (_step(following),) for status, following in _NEXT.items()}
_RETURN = (_step(RETURNED),)
_CANCEL = tuple(_step(CANCELLED, reason=fragment({"cancel_reason": {"S": reason}})) for reason in _REASONS)


class Life:
    """The transitions of orders, and the notes for amendments."""

    def __init__(self, notes: Sequence[Fragment]) -> None:
        self._amend = [tuple(_step(status, note=note) for note in notes) for status in range(len(STATUSES))]
        self.steps = tuple(
            tuple(tuple(self._outcome(status, channel, chance) for chance in range(_CHANCES)) for channel in CHANNELS)
            for status in range(len(STATUSES))
        )
        """Equally likely steps by status, channel and 8 random bits."""

    def advance(self, status: int, channel: int, bits: int) -> LifecycleStep:
        """Return the step of an order in this status and channel, chosen by 16 random bits."""
        steps = self.steps[status][channel][bits & 255]
        return steps[(bits >> 8) % len(steps)]

    def _outcome(self, status: int, channel: str, chance: int) -> tuple[LifecycleStep, ...]:
        if status <= PAID:
            cancelled = _CANCELLED[channel] if status == PLACED else _CANCELLED[channel] // 4
            return _CANCEL if chance < cancelled else _ADVANCE[status]
        if status == SHIPPED:
            return _ADVANCE[status]
        return _RETURN if status == DELIVERED and chance < _RETURNED[channel] else self._amend[status]
