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
import struct
from typing import NamedTuple

from msgspec import Struct

from loadgen import lifecycle
from loadgen.clock import WallClock
from loadgen.item import NOTHING, Fragment, item_size, write_units
from loadgen.keys import LANES, SPAN, WINDOW, KeyChoice
from loadgen.lifecycle import PLACED, STATUSES
from loadgen.mix import Mix
from loadgen.pools import DAY_S, PHASES, Pools, Session
from loadgen.workload import Draw
from loadgen.writes import Fate, Proof, Write

_BLOCK = 1024
_WORDS = struct.Struct(f"<{_BLOCK}Q")
_PHASE_NS = DAY_S * 10**9 // PHASES
_PROBES = tuple(step * LANES for step in (0, -1, 1, -2, 2, -3, 3, -4, 4))
# The rest of the key choice is looked up this often within one rest.
_MARKS_PER_REST = 8

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
    customer: Fragment
    basket: Fragment
    session: Session
    padding_bytes: int
    size_bytes: int
    # What the plan knows.
    last_ns: int
    status: int = PLACED
    reason: Fragment = NOTHING
    note: Fragment = NOTHING
    """The note that an amendment has put in the place of the session's."""
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
        self._pools = pools
        self._keys = keys
        self._table = table
        self._seed = seed
        self._segment = segment
        self._segments = segments
        self._whole_items = whole_items
        self._item_bytes = item_bytes - _HEADROOM_BYTES
        self._blob = random.Random(seed).randbytes(max(item_bytes, 0) // 2 + 1).hex().encode()  # noqa: S311 - padding
        self._prefix = hashlib.sha256(f"orders/{seed}".encode()).hexdigest()[:8]
        self._clock = WallClock(epoch_ns)
        self._cycle = mix.cycle(seed)
        self._rewrites = mix.update + mix.delete > 0
        self._changes = {NOTHING.text: _NO_CHANGE}
        self._changes |= {note.text: _change("note", note) for note in pools.notes}
        self._changes |= {reason.text: _change("cancel_reason", reason) for reason in lifecycle.CANCEL_REASONS}
        self._bits: tuple[int, ...] = ()
        self._orders: dict[int, Order] = {}
        self._inserted = 0
        self._ready = 0
        self._rest_ns = round(keys.rest_s * 1e9)
        self._mark_ns = 0
        self._marks: list[tuple[int, int]] = []

    def draw(self, arrival: int, offset_ns: int) -> Draw | None:
        """Draw the next arrival; None when it is another segment's."""
        index = arrival % _BLOCK
        if index == 0 or not self._bits:
            self._bits = random_words(self._seed, arrival // _BLOCK)
        bits = self._bits[index]
        op = self._cycle[arrival % len(self._cycle)]
        if offset_ns >= self._mark_ns:
            self._mark(offset_ns)
        if op == "insert":
            number = self._inserted
            self._inserted += 1
        else:
            number = self._keys.choose(bits & 0xFFFFFFFF, self._ready) if self._ready else -1
        if (arrival if number < 0 else number) % LANES % self._segments != self._segment:
            return None
        return Draw(arrival, offset_ns, op, number, bits)

    def write(self, draw: Draw) -> Write:
        """Render the write for a draw."""
        if draw.op == "insert":
            order = self._place(f"{self._prefix}-{draw.number:08x}", draw)
            if self._rewrites:
                self._keep(draw.number, order)
            return self._insert(order)
        found = self._find(draw)
        if found is None:
            return self._substitute(draw)
        number, order = found
        allowed = order.version > 0 and not order.busy
        if draw.op == "delete":
            del self._orders[number]
            return self._delete(order) if allowed else self._substitute(draw)
        step = lifecycle.advance(order.status, order.session.channel, draw.bits >> 48)
        changed = step.reason
        if step.amended:
            notes = self._pools.notes
            changed = order.note = notes[(draw.bits >> 32 & 0xFFFF) % len(notes)]
        elif changed is not NOTHING:
            order.reason = changed
        order.status = step.status
        order.last_ns = draw.offset_ns
        if not allowed:
            return self._substitute(draw)
        if self._whole_items:
            return self._rewrite(order, changed, draw.offset_ns)
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

    def _mark(self, offset_ns: int) -> None:
        """Note how many orders are inserted now, and how many were one rest ago."""
        self._marks.append((offset_ns, self._inserted))
        self._mark_ns = offset_ns + self._rest_ns // _MARKS_PER_REST
        while self._marks and self._marks[0][0] <= offset_ns - self._rest_ns:
            self._ready = self._marks.pop(0)[1]

    def _place(self, order_id: str, draw: Draw) -> Order:
        """A new order with the content that the draw's bits pick."""
        pools, bits = self._pools, draw.bits
        region = pools.regions[draw.offset_ns // _PHASE_NS % PHASES][bits & 0xFF]
        customers, baskets, sessions = pools.customers[region], pools.baskets[region], pools.sessions[region]
        customer = customers[(bits >> 8 & 0xFFFF) % len(customers)]
        basket = baskets[(bits >> 24 & 0xFFFF) % len(baskets)]
        session = sessions[(bits >> 40 & 0xFFFF) % len(sessions)]
        size = _FIXED_SIZE + customer.size_bytes + basket.size_bytes + session.noted.size_bytes
        padding = self._item_bytes - size - len("padding")
        if padding > 0:
            size = self._item_bytes
        return Order(order_id, draw.offset_ns, customer, basket, session, padding, size, draw.offset_ns)

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

    def _substitute(self, draw: Draw) -> Write:
        write = self._insert(self._place(f"{self._prefix}-x{draw.arrival:08x}", draw))
        write.substitute = True
        return write

    def _insert(self, order: Order) -> Write:
        at = self._clock.text(order.placed_ns)
        order_id = order.order_id
        parameters = b"".join(
            (
                _ID,
                order_id.encode(),
                _PLACED,
                order.customer.text,
                order.basket.text,
                order.session.noted.text,
                b"" if order.padding_bytes <= 0 else self._padding(order.padding_bytes),
                _ORDERED_AT,
                at,
                _UPDATED_AT,
                at,
                _END,
            )
        )
        return Write("insert", "PutItem", self._table, order_id, 1, parameters, write_units(order.size_bytes), order)

    def _padding(self, size_bytes: int) -> bytes:
        return b',"padding":{"S":"%b"}' % self._blob[:size_bytes]

    def _rewrite(self, order: Order, changed: Fragment, offset_ns: int) -> Write:
        """The update as a put of the whole item, for a batch."""
        version = order.version + 1
        session = order.session
        parameters = b"".join(
            (
                _ID,
                order.order_id.encode(),
                _STATE % (version, _STATUS[order.status]),
                order.customer.text,
                order.basket.text,
                session.noted.text if order.note is NOTHING else session.fragment.text + order.note.text,
                order.reason.text,
                b"" if order.padding_bytes <= 0 else self._padding(order.padding_bytes),
                _ORDERED_AT,
                self._clock.text(order.placed_ns),
                _UPDATED_AT,
                self._clock.text(offset_ns),
                _END,
            )
        )
        order.busy = True
        order.size_bytes += changed.size_bytes
        units = write_units(order.size_bytes)
        return Write("update", "PutItem", self._table, order.order_id, version, parameters, units, order)

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
        order.busy = True
        order.size_bytes += changed.size_bytes
        units = write_units(order.size_bytes)
        proof = Proof("version", "N", str(new))
        return Write("update", "UpdateItem", self._table, order.order_id, new, parameters, units, order, proof)

    def _delete(self, order: Order) -> Write:
        order.busy = True
        parameters = _KEY % order.order_id.encode()
        units = write_units(order.size_bytes)
        return Write("delete", "DeleteItem", self._table, order.order_id, order.version, parameters, units, order)


def random_words(seed: int, block: int) -> tuple[int, ...]:
    """64 random bits for each arrival of a block, the same on every machine."""
    return _WORDS.unpack(random.Random(f"{seed}/{block}").randbytes(_WORDS.size))  # noqa: S311 - a plan, no secret
