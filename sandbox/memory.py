"""How a process of the data path handles memory: it makes and drops many objects, and buffers of a megabyte."""

from __future__ import annotations

import ctypes
import gc
import sys

_GC_THRESHOLD = (50_000, 20, 100)
# mallopt(3): what a thread's arena may hold at most, and how much of it stays when it is free.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MMAP_THRESHOLD_BYTES = 32 << 20
_TRIM_THRESHOLD_BYTES = 64 << 20


def collect_rarely() -> None:
    """Leave what the start has made out of garbage collection, and collect after as many objects as a page has.

    A decoded item is some 60 objects, so by default a collection would come with every twelfth.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)
    gc.enable()


def keep_freed() -> None:
    """Have the C library reuse the memory of large buffers, up to 64 MB a thread, where it is glibc.

    It would give each back to the system, which clears every page of the next one.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)
