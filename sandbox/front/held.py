"""The records of a table's Kinesis destinations that arrive again or late, because a fault has them do so.

DynamoDB delivers a change to a destination at least once, and not always in order.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import count

import msgspec

from sandbox.faults.errors import PROVISIONED
from sandbox.faults.registry import REGISTRY, Standing
from sandbox.front.held_file import FILE
from sandbox.front.reply import ServiceError
from sandbox.state import StateDir

_RETRY_S = 0.2
log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


class _Held(msgspec.Struct):
    region: str
    request: bytes


class HeldRecords:
    """Records that are delivered later, in the server's loop. `put` delivers one to a stream.

    What is held back is in a file, so that the server's death loses no change.
    """

    def __init__(self, put: Callable[[str, bytes], None]) -> None:
        self._put = put
        self._held: dict[int, _Held] = {}
        self._numbers = count()
        self._state: StateDir | None = None

    def open(self, state: StateDir) -> None:
        """Deliver what a server that died had held back, and keep what is held in this state directory."""
        self._state = state
        path = state.path / FILE
        if path.exists():
            for line in path.read_bytes().splitlines():
                self._hold(msgspec.json.decode(line, type=_Held), 0.0)

    def retry(self, region: str, request: bytes) -> None:
        """Deliver a record that the stream throttles once more, as DynamoDB does: its metric ThrottledPutRecordCount.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
        """
        self._hold(_Held(region, request), _RETRY_S)

    def takes(self, table: str, region: str, request: bytes) -> bool:
        """Whether a fault holds a record back; one that only repeats it leaves it to the caller."""
        for standing in self._striking("duplicate", table):
            for _ in range(int(standing.fault.number("copies"))):
                self._hold(_Held(region, request), _delay_s(standing))
        held = self._striking("reorder", table)
        if held:
            self._hold(_Held(region, request), max(_delay_s(standing) for standing in held))
        return bool(held)

    def deliver_all(self) -> None:
        """Deliver everything that is held."""
        for number in sorted(self._held):
            self._deliver(number)

    def _striking(self, kind: str, table: str) -> list[Standing]:
        return [
            standing
            for standing in REGISTRY.matching(kind, "dynamodb")
            if standing.fault.text("table") in ("", table) and REGISTRY.strikes(standing)
        ]

    def _hold(self, record: _Held, delay_s: float) -> None:
        number = next(self._numbers)
        self._held[number] = record
        if self._state is not None:
            with (self._state.path / FILE).open("ab") as file:
                file.write(_encode(record) + b"\n")
        asyncio.get_running_loop().call_later(delay_s, self._deliver, number)

    def _deliver(self, number: int) -> None:
        record = self._held.pop(number, None)
        if record is None:
            return
        try:
            self._put(record.region, record.request)
        except ServiceError as error:
            if error.code == PROVISIONED:
                self.retry(record.region, record.request)
                return
            log.warning("a change that was held back is not delivered: %s", error.message)
        if not self._held and self._state is not None:
            (self._state.path / FILE).unlink(missing_ok=True)


def _delay_s(standing: Standing) -> float:
    return standing.random.uniform(0, standing.fault.number("after_ms")) / 1000
