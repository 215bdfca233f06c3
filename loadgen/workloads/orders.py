"""The order workload: sales orders that are placed, pass through their life cycle, and are purged.

Two kinds of state are separate. The planned state of an order (its status, the time of its last write) follows from the
seed alone. The actual state (the acknowledged version, whether a write is in flight) follows from the replies. When the
actual state does not allow a planned write, because the order's last write is unanswered or failed, the insert of an
extra order replaces it, marked as a substitute; so the number of writes and the plan of all later writes are unchanged.

A read is of the drawn order in any state. It is strongly consistent, and the reply has its read units. A transaction
updates the drawn order and inserts an extra order; its substitute inserts two.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import starmap
from typing import cast

from msgspec import Struct

from loadgen.clock import iso
from loadgen.dynamodb.item import NOTHING, UNIT_BYTES, item_size, write_units
from loadgen.dynamodb.writes import CLOSING, Proof, Target, Transaction, Write, WriteResult, opening, transaction
from loadgen.schedule.arrivals import Arrival, PlannedInsert, PlannedOperation, planned_operations
from loadgen.schedule.keys import LANES, SPAN, WINDOW, KeyChoice
from loadgen.schedule.mix import READS, Mix
from loadgen.workloads.lifecycle import Life
from loadgen.workloads.order import Order
from loadgen.workloads.pools import BASKETS, DAY_S, HEADS, PHASES, Pools

# Looking up an Enum's member takes 80 ns in Python 3.11.
_APPLIED, _UNKNOWN = WriteResult.APPLIED, WriteResult.UNKNOWN

_TICK_NS = 1_000_000
_PHASE_NS = DAY_S * 10**9 // PHASES
_PROBES = tuple(step * LANES for step in (0, -1, 1, -2, 2, -3, 3, -4, 4))
# An order's number in its id: six hexadecimal digits that rarely change, and two looked up.
_LOW = tuple(f"{low:02x}" for low in range(1 << 8))

# The text between an item's fragments.
_ITEM = b'"Item":{"order_id":{"S":"'
_ORDERED_AT = b'"},"ordered_at":{"S":"'
_UPDATED_AT = b'"},"updated_at":{"S":"'
_CONTENT = b'"}'
_END = b"}"
_PADDING = (b',"padding":{"S":"', b'"}')
_KEY = b'"Key":{"order_id":{"S":"'
_KEY_END = b'"}}'
# An update's text from the end of its time.
_VERSION = (b'"},":v":{"N":"', b'"},":o":{"N":"', b'"}}')
_CONSUMED = b',"ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL"'
_GET_END = _KEY_END + _CONSUMED
_QUERY = b'"KeyConditionExpression":"order_id=:k","ExpressionAttributeValues":{":k":{"S":"'
_QUERY_END = b'"}}' + _CONSUMED
_READS: dict[str, tuple[Target, bytes, bytes]] = {
    "get": ("GetItem", _KEY, _GET_END),
    "query": ("Query", _QUERY, _QUERY_END),
}
# Bytes that padding reserves for later additions: a note, a reason, a longer status.
_HEADROOM_BYTES = 128
_FIXED_SIZE = item_size(
    {
        "order_id": {"S": "00000000-x00000000"},
        "ordered_at": {"S": "2000-01-01T00:00:00.000Z"},
        "updated_at": {"S": "2000-01-01T00:00:00.000Z"},
    }
)


class Version(Struct, frozen=True, gc=False):
    """A version's text in an update: a member of the item, or the end of the expression's values; and its proof."""

    member: bytes
    values: bytes
    proof: Proof


@lru_cache(maxsize=1024)
def version_texts(new: int) -> Version:
    """Return the texts of an update to a version, and its proof."""
    return Version(
        b'"},"version":{"N":"%d"}' % new,
        b"%b%d%b%d%b" % (_VERSION[0], new, _VERSION[1], new - 1, _VERSION[2]),
        Proof("version", "N", str(new)),
    )


def prefix(seed: int) -> str:
    """How the ids of the orders of a run begin, before the first "-"."""
    return hashlib.sha256(f"orders/{seed}".encode()).hexdigest()[:8]


class Orders:
    """The order workload of one segment; `whole_items` writes an update as a put of the whole item, for batches.

    It goes on from `earlier` orders, the keys of which are the first numbers; `known` are those of this segment that
    are in the table.
    """

    failure = None

    def __init__(
        self,
        pools: Pools,
        mix: Mix,
        keys: KeyChoice,
        *,
        table: str,
        seed: int,
        preload: int = 0,
        earlier: Sequence[str] = (),
        known: Mapping[int, Order] | None = None,
        segment: int = 0,
        segments: int = 1,
        epoch_ns: int = 0,
        whole_items: bool = False,
        item_bytes: int = 0,
    ) -> None:
        self.phases = pools.heads
        self.life = Life(pools.notes)
        self._keys = keys
        self.table = table
        self._opening = opening(table)
        self.seed = seed
        self.segment = segment
        self.segments = segments
        self._whole_items = whole_items
        self._padded_bytes = item_bytes - _HEADROOM_BYTES
        self._unpadded_bytes = self._padded_bytes - len("padding")
        self._blob = random.Random(seed).randbytes(item_bytes // 2 + 1).hex().encode()
        self._prefix = prefix(seed)
        self._high = -1
        self._begin = ""
        self._epoch_ms = epoch_ns // _TICK_NS
        self._token = f"{self._prefix}-{self._epoch_ms:x}"
        self._tick(0)
        self._cycle = mix.cycle(seed)
        self._preload = preload
        self._earlier = earlier
        # Orders with numbers below this one are tracked for later changes.
        self._kept = 0 if mix.update + mix.delete + mix.transact == 0 else SPAN if keys.of_first else sys.maxsize
        # A ring: the order WINDOW numbers later replaces an order.
        self._orders: list[Order | None] = [None] * (WINDOW if self._kept else 0)
        for number, order in (known or {}).items():
            if number < self._kept:
                self._orders[number % WINDOW] = order
        self._rest_ns = round(keys.rest_s * 1e9)

    def arrivals(self, offsets_ns: Iterator[int]) -> Iterator[Arrival]:
        """Yield the segment's arrivals."""
        return starmap(Arrival, self.operations(offsets_ns))

    def operations(self, offsets_ns: Iterator[int]) -> Iterator[PlannedOperation]:
        """Yield the segment's arrivals as tuples."""
        return planned_operations(
            offsets_ns,
            cycle=self._cycle,
            keys=self._keys,
            seed=self.seed,
            preload=self._preload,
            earlier=len(self._earlier),
            segment=self.segment,
            segments=self.segments,
        )

    @property
    def only_inserts(self) -> bool:
        """Whether the plan's mix has neither updates nor deletes."""
        return self._cycle == ("insert",)

    def insert_template(self) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
        """The input from which the fast path renders batches of new orders; native/inserts.h has both in this order.

        The texts are those between an order's parts; the numbers are for the computation of times and sizes.
        """
        texts, numbers = self._template()
        begin = b'{"RequestItems":{"%b":[' % self.table.encode()
        item = b'{"PutRequest":{%b%b-' % (_ITEM, self._prefix.encode())
        return (*texts, begin, item, b"}}}", b",", b"]}}"), numbers

    def write_template(self) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
        """The input from which the fast path renders single writes; native/orders.h has both in this order."""
        texts, numbers = self._template()
        texts = (
            *texts,
            self._prefix.encode(),
            self._opening + _ITEM,
            _END + CLOSING,
            self._opening + _KEY,
            _KEY_END + CLOSING,
            *_VERSION[:2],
            _VERSION[2] + CLOSING,
        )
        return texts, (*numbers, self._rest_ns, self._kept, LANES)

    def _template(self) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
        texts = (_ORDERED_AT, _UPDATED_AT, _CONTENT, *_PADDING, self._blob)
        return texts, (_PHASE_NS, _FIXED_SIZE, self._padded_bytes, self._unpadded_bytes, self._epoch_ms)

    def insert(self, planned: PlannedInsert) -> Write:
        """Render a single insert of a batch, in any order of times; no later write uses its order."""
        offset_ns, number, bits = planned
        self._tick(offset_ns)
        # The next write may have an earlier time.
        self._tick_ends_ns = 0
        arrival = Arrival(number, offset_ns, "insert", number, bits)
        return self._insert(f"{self._prefix}-{number:08x}", arrival, keep=False)

    def write(self, arrival: Arrival) -> Write:
        """Render the write for an arrival."""
        if arrival.offset_ns >= self._tick_ends_ns:
            self._tick(arrival.offset_ns)
        op = arrival.op
        if op == "insert":
            number = arrival.number
            if number >> 8 != self._high:
                self._high = number >> 8
                self._begin = f"{self._prefix}-{self._high:06x}"
            return self._insert(self._begin + _LOW[number & 255], arrival, number < self._kept)
        if op != "update" and op != "delete":
            return self._read(arrival) if op in READS else self._transact(arrival)
        order = self._find(arrival)
        if order is None:
            return self._substitute(arrival)
        allowed = order.version > 0 and not order.busy
        if op == "delete":
            self._orders[order.number % WINDOW] = None
        else:
            self._advance(order, arrival)
        if not allowed:
            return self._substitute(arrival)
        order.busy = True
        if op == "delete":
            return self._delete(order)
        return self._rewrite(order) if self._whole_items else self._update(order)

    def finish(self, write: Write, result: WriteResult) -> None:
        """Receive the result of a write."""
        order = write.subject
        if order is None:
            # A type check for Transaction takes longer.
            if write.op == "transact":
                for change in cast("Transaction", write).changes:
                    self.finish(change, result)
            return
        if not isinstance(order, Order):
            return
        order.busy = False
        if result is _APPLIED:
            order.version = 0 if write.op == "delete" else write.version
        elif result is _UNKNOWN:
            order.version = 0

    def _insert(self, order_id: str, arrival: Arrival, keep: bool) -> Write:
        """Make a new order with the content that the arrival's bits select; `keep` tracks it for later changes."""
        bits = arrival.bits
        head = self._heads[bits % HEADS]
        basket = head.baskets[bits // HEADS % BASKETS]
        size = _FIXED_SIZE + head.placed.size_bytes + basket.size_bytes
        padding = self._unpadded_bytes - size
        if padding > 0:
            size = self._padded_bytes
        order = None
        if keep:
            number = arrival.number
            order = Order(number, order_id, self._now, head, basket, padding, arrival.offset_ns, size, head.note)
            self._orders[number % WINDOW] = order
        pieces = (
            self._opening,
            _ITEM,
            order_id.encode(),
            self._placed_now,
            head.placed.text,
            basket.text,
            self._padding(padding) if padding > 0 else b"",
            _END,
            CLOSING,
        )
        # Its units are `write_units`, without a call for every order.
        return Write("PutItem", pieces, "insert", self.table, order_id, 1, -(-size // UNIT_BYTES), order)

    def _tick(self, offset_ns: int) -> None:
        """Store the common parts of a millisecond's writes: the time and the phase of the day."""
        tick = offset_ns // _TICK_NS
        self._tick_ends_ns = (tick + 1) * _TICK_NS
        self._now = iso(self._epoch_ms + tick)
        self._placed_now = b"".join((_ORDERED_AT, self._now, _UPDATED_AT, self._now, _CONTENT))
        self._heads = self.phases[offset_ns // _PHASE_NS % PHASES]

    def _substitute(self, arrival: Arrival) -> Write:
        """Return the insert of an extra order that no later write uses."""
        write = self._insert(f"{self._prefix}-x{arrival.index:08x}", arrival, keep=False)
        write.substitute = True
        return write

    def _read(self, arrival: Arrival) -> Write:
        """Read the drawn order, or the first when no order is ready, whether or not it exists."""
        target, begin, end = _READS[arrival.op]
        number = max(arrival.number, 0)
        order_id = self._earlier[number] if number < len(self._earlier) else f"{self._prefix}-{number:08x}"
        pieces = (self._opening, begin, order_id.encode(), end, CLOSING)
        return Write(target, pieces, arrival.op, self.table, order_id, 0, 0)

    def _transact(self, arrival: Arrival) -> Write:
        """Update an order and insert an extra one in a transaction."""
        order = self._find(arrival)
        allowed = order is not None and order.version > 0 and not order.busy
        if order is not None:
            self._advance(order, arrival)
        if order is None or not allowed:
            first = self._insert(f"{self._prefix}-y{arrival.index:08x}", arrival, keep=False)
        else:
            order.busy = True
            first = self._update(order)
        # The token is unique to a run: the same seed gives the same orders at other times.
        token = f"{self._token}-{arrival.index:x}"
        return transaction((first, self._substitute(arrival)), token, substitute=not allowed)

    def _find(self, arrival: Arrival) -> Order | None:
        """Return the drawn order, or a near one in its lane, that exists in the plan and has rested."""
        if arrival.number < 0:
            return None
        orders, latest_ns = self._orders, arrival.offset_ns - self._rest_ns
        for distance in _PROBES:
            number = arrival.number + distance
            order = orders[number % WINDOW]
            if order is not None and order.number == number and order.last_ns <= latest_ns:
                return order
        return None

    def _advance(self, order: Order, arrival: Arrival) -> None:
        """Apply the order's next step in the plan."""
        order.last_ns = arrival.offset_ns
        step = order.step = self.life.advance(order.step.status, order.head.channel, arrival.bits)
        if step.note is not NOTHING:
            order.size_bytes += step.note.size_bytes - order.note.size_bytes
            order.note = step.note
        elif step.reason is not NOTHING:
            order.size_bytes += step.reason.size_bytes
            order.reason = step.reason

    def _rewrite(self, order: Order) -> Write:
        """Return the update as a put of the whole item, for a batch."""
        version = order.version + 1
        pieces = (
            self._opening,
            _ITEM,
            order.order_id.encode(),
            _ORDERED_AT,
            order.ordered_at,
            _UPDATED_AT,
            self._now,
            version_texts(version).member,
            order.step.member,
            order.head.bare.text,
            order.note.text,
            order.basket.text,
            order.reason.text,
            self._padding(order.padding_bytes) if order.padding_bytes > 0 else b"",
            _END,
            CLOSING,
        )
        units = write_units(order.size_bytes)
        return Write("PutItem", pieces, "update", self.table, order.order_id, version, units, order)

    def _padding(self, size_bytes: int) -> bytes:
        return b"%b%b%b" % (_PADDING[0], self._blob[:size_bytes], _PADDING[1])

    def _update(self, order: Order) -> Write:
        new = order.version + 1
        version = version_texts(new)
        pieces = (
            self._opening,
            _KEY,
            order.order_id.encode(),
            order.step.expression,
            self._now,
            version.values,
            CLOSING,
        )
        units = write_units(order.size_bytes)
        return Write("UpdateItem", pieces, "update", self.table, order.order_id, new, units, order, version.proof)

    def _delete(self, order: Order) -> Write:
        pieces = (self._opening, _KEY, order.order_id.encode(), _KEY_END, CLOSING)
        units = write_units(order.size_bytes)
        return Write("DeleteItem", pieces, "delete", self.table, order.order_id, order.version, units, order)
