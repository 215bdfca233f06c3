"""Wait until the pipeline is drained.

The change log grows while changes arrive, and the streams show which changes are still on their way (`lake.way`). A
change can be in flight as long as the delivery stream buffers, so the log is complete when nothing is on its way and
the log is unchanged for longer than that.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

from lake.way import Way

_FIRST_POLL_S = 0.5
_SLOWEST_POLL_S = 5.0


class LogState(Struct, frozen=True):
    """The state of the change log: its number of rows and its highest sequence."""

    rows: int
    last: str | None


class PipelineState(Struct, frozen=True):
    """The state of the pipeline: its change log, and the changes on their way."""

    log: LogState
    way: Way = Way()


class Drain:
    """Polls the pipeline's state with `look`, until `timeout_s` after the start."""

    def __init__(
        self,
        look: Callable[[], PipelineState],
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
        self._state: PipelineState | None = None
        self._changed_at = self._started

    @property
    def waited_s(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    @property
    def timed_out(self) -> bool:
        """Whether the timeout has expired."""
        return self._clock() >= self._deadline

    @property
    def state(self) -> PipelineState:
        """The pipeline's state at the last poll, made now if there was no poll before."""
        if self._state is None:
            self._state, self._changed_at = self._look(), self._clock()
        return self._state

    def until_quiet(self, quiet_s: float) -> None:
        """Wait until nothing has moved for `quiet_s`, or the timeout expires."""
        self._poll()
        self._wait(lambda _: False, quiet_s)

    def until_changed(self, settle_s: float) -> bool:
        """Wait until something moves; False when nothing has moved for `settle_s` or the timeout expires.

        It polls at least once, however short the time since the last poll.
        """
        return self._poll() or self._wait(lambda changed: changed, settle_s)

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
        """Poll once; return whether the log has changed."""
        state = self._look()
        if state == self._state:
            return False
        self._state = state
        self._changed_at = self._clock()
        return True
