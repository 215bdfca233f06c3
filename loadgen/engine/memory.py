"""The memory of a process that sends: what collects it and what frees it are kept out of the run."""

from __future__ import annotations

import ctypes
import gc

# Hardly anything here makes reference cycles.
_GC_THRESHOLD = (50_000, 50, 100)
# https://man7.org/linux/man-pages/man3/mallopt.3.html: how much freed memory is kept, which is more
# than a wake-up sends, and from what size on a block is the kernel's, which no request reaches.
_M_TRIM_THRESHOLD, _KEPT_BYTES = -1, 64 << 20
_M_MMAP_THRESHOLD, _BLOCK_BYTES = -3, 32 << 20


def tune() -> None:
    """Make the process ready for a run, once all is there that stays.

    That is not looked at again by the collector. Memory that is freed is kept:
    glibc would give the kernel back what a wake-up's batches were in and have
    it cleared again for the next, which is a quarter of what they take.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _BLOCK_BYTES)
