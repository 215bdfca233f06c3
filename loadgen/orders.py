"""The order workload: sales orders that are placed, move through their life, and are purged.

Two kinds of state are kept apart. What the plan knows of an order (its status,
when it was last written) follows from the seed alone. What the run knows of it
(the version that was acknowledged, whether a write is in flight) follows from
the replies. A planned write that the run does not allow, because the order's
last write is unanswered or failed, is replaced by the insert of an extra order
and marked as a substitute, so the planned number of writes is kept and the
plan of all later writes is not disturbed.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from loadgen import lifecycle
from loadgen.clock import WallClock
from loadgen.draws import draws
from loadgen.item import NOTHING, Fragment, item_size, write_units
from loadgen.keys import LANES, SPAN, WINDOW, KeyChoice
from loadgen.lifecycle import PLACED, STATUSES
from loadgen.mix import Mix
from loadgen.pools import BASKETS, DAY_S, HEADS, PHASES, Head, Pools
from loadgen.workload import Draw
from loadgen.writes import Fate, Proof, Write

_PHASE_NS = DAY_S * 10**9 // PHASES
_PROBES = tuple(step * LANES for step in (0, -1, 1, -2, 2, -3, 3, -4, 4))
# An order's number in its id: four hexadecimal digits that seldom change, and four looked up.
_LOW = tuple(f"{low:04x}" for low in range(1 << 16))

_STATUS = tuple(name.encode() for name in STATUSES)
# An item is its identity, its content's fragments, and its times.
_ID = b'"Item":{"order_id":{"S":"'
_PLACED = b'"},"version":{"N":"1"},"status":{"S":"placed"}'
_STATE = b'"},"version":{"N":"%d"},"status":{"S":"%b"}'
_ORDERED_AT = b',"ordered_at":{"S":"'
_UPDATED_AT = b'"},"updated_at":{"S":"'
_END = b'"}}'
_KEY = b'"Key":{"order_id":{"S":"%b"}}'
_UPDATE = (
    _KEY + b',"UpdateExpression":"SET #s=:s,#v=:v,#u=:u%b","ConditionExpression":"#v=:o",'
    b'"ExpressionAttributeNames":{"#s":"status","#v":"version","#u":"updated_at"%b},'
    b'"ExpressionAttributeValues":{":s":{"S":"%b"},":v":{"N":"%d"},":u":{"S":"%b"},":o":{"N":"%d"}%b},'
    b'"ReturnValuesOnConditionCheckFailure":"ALL_OLD"'
)
# Padding leaves this much to what an order's life adds: a note, a reason, a longer status.
_HEADROOM_BYTES = 128
_FIXED_SIZE = item_size(
    {
        "order_id": {"S": "00000000-x00000000"},
        "version": {"N": "1"},
        "status": {"S": "delivered"},
        "ordered_at": {"S": "2000-01-01T00:00:00.000000Z"},
        "updated_at": {"S": "2000-01-01T00:00:00.000000Z"},
    }
)


class _Change(NamedTuple):
    """What an update's expression has beside status, version and updated_at, each with its comma."""

    clause: bytes
    name: bytes
    value: bytes


_NO_CHANGE = _Change(b"", b"", b"")


def _change(name: str, changed: Fragment) -> _Change:
    value = changed.text.split(b":", 1)[1]
    return _Change(b",#x=:x", b',"#x":"%b"' % name.encode(), b',":x":' + value)


class Order(Struct, gc=False):
    """One order: its content, what the plan knows of it, what the run knows of it."""

    order_id: str
    placed_ns: int
    head: Head
    basket: Fragment
    padding_bytes: int
    size_bytes: int
    # What the plan knows.
    last_ns: int
    status: int = PLACED
    reason: Fragment = NOTHING
    note: Fragment = NOTHING
    """The note that an amendment has put in the place of the first."""
    # What the run knows: the acknowledged version, 0 when it is not in the table or not known to be.
    version: int = 0
    busy: bool = True


class Orders:
    """The order workload of one segment; `whole_items` writes an update as a put of the whole item, for batches."""

    def __init__(
        self,
        pools: Pools,
        mix: Mix,
        keys: KeyChoice,
        *,
        table: str,
        seed: int,
        segment: int = 0,
        segments: int = 1,
        epoch_ns: int = 0,
        whole_items: bool = False,
        item_bytes: int = 0,
    ) -> None:
        self._heads = pools.heads
        self._baskets = pools.baskets
        self._notes = pools.notes
        self._keys = keys
        self._table = table
        self._seed = seed
        self._segment = segment
        self._segments = segments
        self._whole_items = whole_items
        self._padded_bytes = item_bytes - _HEADROOM_BYTES
        self._blob = random.Random(seed).randbytes(item_bytes // 2 + 1).hex().encode()
        self._prefix = hashlib.sha256(f"orders/{seed}".encode()).hexdigest()[:8]
        self._high = -1
        self._begin = ""
        self._clock = WallClock(epoch_ns)
        self._cycle = mix.cycle(seed)
        self._rewrites = mix.update + mix.delete > 0
        self._changes = {NOTHING.text: _NO_CHANGE}
        self._changes |= {note.text: _change("note", note) for note in pools.notes}
        self._changes |= {reason.text: _change("cancel_reason", reason) for reason in lifecycle.CANCEL_REASONS}
        self._orders: dict[int, Order] = {}
        self._rest_ns = round(keys.rest_s * 1e9)

    def draws(self, offsets_ns: Iterator[int]) -> Iterator[Draw]:
        """The segment's part of the arrivals."""
        return draws(
            offsets_ns,
            cycle=self._cycle,
            keys=self._keys,
            seed=self._seed,
            segment=self._segment,
            segments=self._segments,
        )

    def write(self, draw: Draw) -> Write:
        """Render the write for a draw."""
        if draw.op == "insert":
            number = draw.number
            if number >> 16 != self._high:
                self._high = number >> 16
                self._begin = f"{self._prefix}-{self._high:04x}"
            return self._insert(self._begin + _LOW[number & 0xFFFF], draw, keep=self._rewrites)
        found = self._find(draw)
        if found is None:
            return self._substitute(draw)
        number, order = found
        allowed = order.version > 0 and not order.busy
        if draw.op == "delete":
            del self._orders[number]
            return self._delete(order) if allowed else self._substitute(draw)
        changed = self._advance(order, draw)
        if not allowed:
            return self._substitute(draw)
        order.busy = True
        order.size_bytes += changed.size_bytes
        if self._whole_items:
            return self._rewrite(order, draw.offset_ns)
        return self._update(order, changed, draw.offset_ns)

    def settle(self, write: Write, fate: Fate) -> None:
        """Learn what became of a write."""
        order = write.subject
        if not isinstance(order, Order):
            return
        order.busy = False
        if fate is Fate.APPLIED:
            order.version = 0 if write.op == "delete" else write.version
        elif fate is Fate.UNKNOWN:
            order.version = 0

    def _insert(self, order_id: str, draw: Draw, *, keep: bool) -> Write:
        """A new order with the content that the draw's bits pick; `keep` it to be changed later."""
        bits, offset_ns = draw.bits, draw.offset_ns
        head = self._heads[offset_ns // _PHASE_NS % PHASES][bits & (HEADS - 1)]
        basket = self._baskets[head.region][bits >> 16 & (BASKETS - 1)]
        size = _FIXED_SIZE + head.whole.size_bytes + basket.size_bytes
        padding = self._padded_bytes - size - len("padding")
        if padding > 0:
            size = self._padded_bytes
        at = self._clock.text(offset_ns)
        parameters = b"".join(
            (
                _ID,
                order_id.encode(),
                _PLACED,
                head.whole.text,
                basket.text,
                self._padding(padding) if padding > 0 else b"",
                _ORDERED_AT,
                at,
                _UPDATED_AT,
                at,
                _END,
            )
        )
        order = None
        if keep:
            order = Order(order_id, offset_ns, head, basket, padding, size, offset_ns)
            self._keep(draw.number, order)
        return Write("insert", "PutItem", self._table, order_id, 1, parameters, write_units(size), order)

    def _substitute(self, draw: Draw) -> Write:
        """The insert of an extra order that no later write is for."""
        write = self._insert(f"{self._prefix}-x{draw.arrival:08x}", draw, keep=False)
        write.substitute = True
        return write

    def _keep(self, number: int, order: Order) -> None:
        """Keep an order in mind if it can be chosen, and forget the one that no longer can."""
        if not self._keys.of_first:
            self._orders[number] = order
            self._orders.pop(number - WINDOW, None)
        elif number < SPAN:
            self._orders[number] = order

    def _find(self, draw: Draw) -> tuple[int, Order] | None:
        """The drawn order, or one near it in its lane, that the plan has alive and rested."""
        if draw.number < 0:
            return None
        latest_ns = draw.offset_ns - self._rest_ns
        for distance in _PROBES:
            number = draw.number + distance
            order = self._orders.get(number)
            if order is not None and order.last_ns <= latest_ns:
                return number, order
        return None

    def _advance(self, order: Order, draw: Draw) -> Fragment:
        """Take the order's next step in the plan; the attributes that change beside status, version and time."""
        step = lifecycle.advance(order.status, order.head.channel, draw.bits >> 48)
        order.status = step.status
        order.last_ns = draw.offset_ns
        if step.amended:
            order.note = self._notes[(draw.bits >> 32 & 0xFFFF) % len(self._notes)]
            return order.note
        if step.reason is not NOTHING:
            order.reason = step.reason
        return step.reason

    def _rewrite(self, order: Order, offset_ns: int) -> Write:
        """The update as a put of the whole item, for a batch."""
        version = order.version + 1
        head = order.head
        parameters = b"".join(
            (
                _ID,
                order.order_id.encode(),
                _STATE % (version, _STATUS[order.status]),
                head.whole.text if order.note is NOTHING else head.bare.text + order.note.text,
                order.basket.text,
                order.reason.text,
                self._padding(order.padding_bytes) if order.padding_bytes > 0 else b"",
                _ORDERED_AT,
                self._clock.text(order.placed_ns),
                _UPDATED_AT,
                self._clock.text(offset_ns),
                _END,
            )
        )
        units = write_units(order.size_bytes)
        return Write("update", "PutItem", self._table, order.order_id, version, parameters, units, order)

    def _padding(self, size_bytes: int) -> bytes:
        return b',"padding":{"S":"%b"}' % self._blob[:size_bytes]

    def _update(self, order: Order, changed: Fragment, offset_ns: int) -> Write:
        old, new = order.version, order.version + 1
        clause, name, value = self._changes[changed.text]
        parameters = _UPDATE % (
            order.order_id.encode(),
            clause,
            name,
            _STATUS[order.status],
            new,
            self._clock.text(offset_ns),
            old,
            value,
        )
        units = write_units(order.size_bytes)
        proof = Proof("version", "N", str(new))
        return Write("update", "UpdateItem", self._table, order.order_id, new, parameters, units, order, proof)

    def _delete(self, order: Order) -> Write:
        order.busy = True
        parameters = _KEY % order.order_id.encode()
        units = write_units(order.size_bytes)
        return Write("delete", "DeleteItem", self._table, order.order_id, order.version, parameters, units, order)
