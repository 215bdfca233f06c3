"""The interface between the engine and what makes its calls.

A source turns the due part of a plan into calls and learns what became of
them; the engine sends, retries and keeps time. The engine asks a source once
for many writes, so that a write costs no call across this interface.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from loadgen.dynamodb.writes import Call, Write, WriteResult
from loadgen.metrics.counters import WriteCounters

NEVER = (1 << 63) - 1
"""A time of the monotonic clock that does not come, in ns."""

Send = Callable[[list[Call], WriteCounters], None]
"""Sends calls for the first time and counts the requests on these counters."""


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
        """Why the source ended before the plan, in a sentence."""
        ...

    @property
    def limit_reached(self) -> bool:
        """Whether the source ended because the write-unit limit was reached."""
        ...

    def begin(self) -> None:
        """Draw the first write. Until then there is no next write."""
        ...

    def hand_over(self, now_ns: int, limit: int, room: int, send: Send) -> int:
        """Send what is due by now and counts on the same counters and row as the next write.

        Ends after about `limit` writes. At most `room` calls are sent; the
        writes of the others are dropped. Returns the number of writes, which is
        at least 1 when `next_ns` has come.
        """
        ...

    def flush(self, send: Send) -> None:
        """Send the batch that is not full, if there is one."""
        ...

    def stop(self) -> None:
        """Hand over no more of the plan."""
        ...

    def expand(self, call: Call) -> None:
        """Let `call.writes` have every write of the call, for the slow path of a call that did not simply succeed."""
        ...

    def acknowledge(self, calls: Sequence[Call]) -> None:
        """Count calls all of whose writes were applied, note them in the ledger, and finish them."""
        ...

    def finish(self, write: Write, result: WriteResult) -> None:
        """Finish a write that `expand` or the plan made, and that is not sent again."""
        ...
