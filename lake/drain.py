"""Waiting until the pipeline has nothing more to deliver.

From outside, all that shows is the change log: it grows while changes arrive.
A change can be on its way for as long as the delivery stream buffers, so only
a log that stays the same for longer than that has settled.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

_FIRST_POLL_S = 0.5
_SLOWEST_POLL_S = 5.0


class LogState(Struct, frozen=True):
    """What the change log shows: its number of rows and its highest sequence."""

    rows: int
    last: str | None


class Drain:
    """Watches the change log by asking `look` for its state, until `timeout_s` after the start."""

    def __init__(
        self,
        look: Callable[[], LogState],
        timeout_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._look = look
        self._clock = clock
        self._sleep = sleep
        self._started = clock()
        self._deadline = self._started + timeout_s
        self._state: LogState | None = None
        self._changed_at = self._started

    @property
    def waited_s(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    @property
    def timed_out(self) -> bool:
        """Whether the time is up."""
        return self._clock() >= self._deadline

    def until_quiet(self, quiet_s: float) -> None:
        """Wait until the log has been the same for `quiet_s`, or the time is up."""
        self._poll()
        self._wait(lambda _: False, quiet_s)

    def until_changed(self, settle_s: float) -> bool:
        """Wait until the log changes; False when it has been the same for `settle_s` or the time is up."""
        return self._wait(lambda changed: changed, settle_s)

    def _wait(self, enough: Callable[[bool], bool], same_for_s: float) -> bool:
        interval = _FIRST_POLL_S
        while True:
            rest = min(self._changed_at + same_for_s, self._deadline) - self._clock()
            if rest <= 0:
                return False
            self._sleep(min(interval, rest))
            changed = self._poll()
            if enough(changed):
                return True
            interval = _FIRST_POLL_S if changed else min(interval * 1.5, _SLOWEST_POLL_S)

    def _poll(self) -> bool:
        """Look once; whether the log is another than it was."""
        state = self._look()
        if state == self._state:
            return False
        self._state = state
        self._changed_at = self._clock()
        return True
