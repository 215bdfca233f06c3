"""Wall time as text."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_THOUSANDS = tuple(b"%03d" % number for number in range(1000))
_UNITS = tuple(b"%03dZ" % number for number in range(1000))


def iso(epoch_ms: int) -> bytes:
    """Return a time as ISO 8601 in UTC with milliseconds, as in 2026-01-02T03:04:05.006Z."""
    second, ms = divmod(epoch_ms, 1000)
    return b"%b.%03dZ" % (_second(second), ms)


@lru_cache(maxsize=2)
def _second(epoch_s: int) -> bytes:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


class WallClock:
    """Formats times after an epoch as ISO 8601 in UTC with microseconds, as in 2026-01-02T03:04:05.000600Z."""

    def __init__(self, epoch_ns: int) -> None:
        self._epoch_us = epoch_ns // 1000
        # The second formatted last: its start and end, in µs after the epoch, and its text.
        self._begins_us = self._ends_us = 0
        self._text = b""

    def text(self, offset_ns: int) -> bytes:
        """Return the wall time `offset_ns` after the epoch as text."""
        offset_us = offset_ns // 1000
        if not self._begins_us <= offset_us < self._ends_us:
            second, micros = divmod(self._epoch_us + offset_us, 1_000_000)
            self._begins_us = offset_us - micros
            self._ends_us = self._begins_us + 1_000_000
            self._text = _second(second) + b"."
        thousands, units = divmod(offset_us - self._begins_us, 1000)
        return self._text + _THOUSANDS[thousands] + _UNITS[units]
