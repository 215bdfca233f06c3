"""Wake-ups on an absolute schedule, finer than the event loop's own timers.

uvloop's timers have a granularity of 1 ms. On Linux a timerfd, armed for the
monotonic clock's own time, wakes the loop to within a fraction of that;
elsewhere the loop's timer ticks.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

from loadgen.compiled import native

# Wake-ups closer together than this cost more than they gain in punctuality: a wake-up takes as much processor time as
# a write. When each has much to do, they are further apart: at 20,000 writes a second, 1.5 ms apart instead of 1, they
# save 3 % of a core; lag p99 is 2.1 ms, not 1.5.
_GRANULARITY_NS = 500_000
_BUSY_GRANULARITY_NS = 1_500_000
_MUCH = 8
_TICK_S = 0.001
_TFD_TIMER_ABSTIME = 1
# In 292 years.
_NEVER = (1 << 63) - 1


def earliest_ns(woken_ns: int, calls: int) -> int:
    """Return the earliest worthwhile time of the next wake-up, from the start and the number of calls of this one."""
    return woken_ns + (_BUSY_GRANULARITY_NS if calls >= _MUCH else _GRANULARITY_NS)


class Timer(Protocol):
    """Calls back once at a set time."""

    def set(self, at_ns: int) -> None:
        """Call back at this time of the monotonic clock, or immediately if it has passed."""
        ...

    def close(self) -> None:
        """Cancel the callback for good."""
        ...


def timer(callback: Callable[[], None]) -> Timer:
    """Return the most punctual timer of this system, on the running event loop."""
    if sys.platform == "linux":
        return TimerFd(callback)
    return LoopTimer(callback)


class LoopTimer:
    """A timer on the event loop's timer: it ticks each millisecond until the set time."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._at_ns = 0

    def set(self, at_ns: int) -> None:
        """Call back at this time of the monotonic clock."""
        self._at_ns = at_ns
        self.close()
        self._handle = self._loop.call_later(max(_TICK_S, (at_ns - time.monotonic_ns()) / 1e9), self._tick)

    def close(self) -> None:
        """Cancel the callback for good."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _tick(self) -> None:
        self._handle = None
        if time.monotonic_ns() < self._at_ns:
            self.set(self._at_ns)
        else:
            self._callback()


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("ns", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class TimerFd:
    """A timer on a timerfd of the monotonic clock (Linux).

    The descriptor is never read: setting it again makes it quiet.
    """

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._fd: int = ctypes.CDLL(None, use_errno=True).timerfd_create(
            time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC
        )
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        # Without errno a call takes two thirds of the time, and this call cannot fail.
        self._settime = ctypes.CDLL(None).timerfd_settime
        spec = _TimerSpec()
        self._spec, self._time = ctypes.byref(spec), spec.value
        self._at_ns = _NEVER
        self._loop.add_reader(self._fd, self._ring)

    def set(self, at_ns: int) -> None:
        """Call back at this time of the monotonic clock."""
        self._at_ns = at_ns
        if native is not None:
            native.set_timer(self._fd, max(at_ns, 1))
            return
        # All zeros would disarm the timer.
        self._time.seconds, self._time.ns = divmod(max(at_ns, 1), 1_000_000_000)
        if self._settime(self._fd, _TFD_TIMER_ABSTIME, self._spec, None) < 0:
            raise OSError("timerfd_settime failed")

    def close(self) -> None:
        """Cancel the callback for good."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _ring(self) -> None:
        if time.monotonic_ns() < self._at_ns:
            return  # The timer was set again after it expired.
        self._at_ns = _NEVER
        self._callback()
        if self._at_ns == _NEVER and self._fd >= 0:
            self.set(_NEVER)
