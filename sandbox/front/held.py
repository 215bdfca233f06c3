"""The records of a table's Kinesis destinations that a fault delays or duplicates.

DynamoDB delivers a change to a destination at least once, and not always in order.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from itertools import count

import msgspec

from sandbox.faults.active import ACTIVE_FAULTS, Standing
from sandbox.faults.errors import PROVISIONED
from sandbox.front.reply import ServiceError
from sandbox.front.saving.held import COLLECTION
from sandbox.journal.entries import element_entry
from sandbox.journal.in_use import journal

_RETRY_S = 0.2
log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


class _Held(msgspec.Struct):
    region: str
    request: bytes


class HeldRecords:
    """Records that are delivered later, in the server's loop. `put` delivers one to a stream.

    A held-back record is journalled in the frame of its change, so that the server's death loses no change.
    """

    def __init__(self, put: Callable[[str, bytes], None]) -> None:
        self._put = put
        self._held: dict[int, _Held] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._held)

    def open(self, found: Mapping[str, bytes]) -> None:
        """Deliver the records that a previous server held back: elements of the journal's collection by their names."""
        for name, content in found.items():
            self._held[int(name)] = msgspec.json.decode(content, type=_Held)
            asyncio.get_running_loop().call_soon(self._deliver, int(name))
        self._numbers = count(max(self._held, default=-1) + 1)

    def elements(self) -> list[tuple[str, bytes]]:
        """The held-back records as elements of the journal's collection, for a snapshot."""
        return [(str(number), _encode(record)) for number, record in self._held.items()]

    def retry(self, region: str, request: bytes) -> None:
        """Retry a record that the stream throttled, as DynamoDB does: its metric ThrottledPutRecordCount.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
        """
        self._hold(_Held(region, request), _RETRY_S)

    def takes(self, table: str, region: str, request: bytes) -> bool:
        """Return whether a fault delays a record; a fault that only duplicates it leaves the original to the caller."""
        for standing in self._striking("duplicate", table):
            for _ in range(int(standing.fault.number("copies"))):
                self._hold(_Held(region, request), _delay_s(standing))
        held = self._striking("reorder", table)
        if held:
            self._hold(_Held(region, request), max(_delay_s(standing) for standing in held))
        return bool(held)

    def deliver_all(self) -> None:
        """Deliver every held-back record."""
        for number in sorted(self._held):
            self._deliver(number)

    def _striking(self, kind: str, table: str) -> list[Standing]:
        return [
            standing
            for standing in ACTIVE_FAULTS.matching(kind, "dynamodb")
            if standing.fault.text("table") in ("", table) and ACTIVE_FAULTS.strikes(standing)
        ]

    def _hold(self, record: _Held, delay_s: float) -> None:
        number = next(self._numbers)
        self._held[number] = record
        journal().add(element_entry(COLLECTION, str(number), _encode(record)))
        asyncio.get_running_loop().call_later(delay_s, self._deliver, number)

    def _deliver(self, number: int) -> None:
        """Deliver a record, and journal its removal in the same frame as its delivery."""
        record = self._held.pop(number, None)
        if record is None:
            return
        journal().add(element_entry(COLLECTION, str(number), None))
        try:
            self._put(record.region, record.request)
        except ServiceError as error:
            if error.code == PROVISIONED:
                self.retry(record.region, record.request)
            else:
                log.warning("a change that was held back is not delivered: %s", error.message)
        journal().commit()


def _delay_s(standing: Standing) -> float:
    return standing.random.uniform(0, standing.fault.number("after_ms")) / 1000
