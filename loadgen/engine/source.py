"""The interface between the engine and the source of its calls.

A source turns the due part of a plan into calls and receives their results; the engine sends, retries and schedules.
One call of this interface handles many writes, so its cost per write is small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from loadgen.dynamodb.writes import Call, Write, WriteResult
from loadgen.metrics.counters import WriteCounters

NEVER = (1 << 63) - 1
"""A time of the monotonic clock that is never reached, in ns."""

Send = Callable[[list[Call], WriteCounters], None]
"""Sends calls for the first time and adds the requests to these counters."""


class CallSource(Protocol):
    """Makes the calls of one segment of a plan, in the order of the plan."""

    @property
    def next_ns(self) -> int:
        """When the next write is due on the monotonic clock; NEVER when there is no next write."""
        ...

    @property
    def flush_ns(self) -> int:
        """When the batch that is not full must be sent; NEVER when there is no such batch."""
        ...

    @property
    def failure(self) -> str | None:
        """Why the source ended before the plan did, in a sentence."""
        ...

    @property
    def limit_reached(self) -> bool:
        """Whether the source ended because the write-unit limit was reached."""
        ...

    def begin(self) -> None:
        """Draw the first write. Until then there is no next write."""
        ...

    def hand_over(self, now_ns: int, limit: int, room: int, send: Send) -> int:
        """Send the writes that are due and share counters and row with the next write.

        Ends after about `limit` writes. At most `room` calls are sent; the writes of the others are dropped. Returns
        the number of writes, at least 1 when `next_ns` has passed.
        """
        ...

    def flush(self, send: Send) -> None:
        """Send the batch that is not full, if there is one."""
        ...

    def stop(self) -> None:
        """Stop drawing from the plan."""
        ...

    def expand(self, call: Call) -> None:
        """Have `call.carried` include every write of the call, for the slow path after any reply but plain success."""
        ...

    def acknowledge(self, calls: Sequence[Call]) -> None:
        """Count calls whose writes were all applied, record them in the ledger and finish them."""
        ...

    def finish(self, write: Write, result: WriteResult) -> None:
        """Finish a write of `expand` or of the plan that is not sent again."""
        ...
