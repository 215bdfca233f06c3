"""Keeps garbage collection and the release of memory out of a sending process's run."""

from __future__ import annotations

import ctypes
import gc

# The sender creates hardly any reference cycles.
_GC_THRESHOLD = (50_000, 50, 100)
# https://man7.org/linux/man-pages/man3/mallopt.3.html: the freed memory that is retained, more than a wake-up sends,
# and the size from which a block is mapped separately, larger than any request.
_M_TRIM_THRESHOLD, _KEPT_BYTES = -1, 64 << 20
_M_MMAP_THRESHOLD, _BLOCK_BYTES = -3, 32 << 20


def tune() -> None:
    """Prepare the process for a run, after all permanent objects exist.

    The collector skips the existing objects from then on. Freed memory is retained: otherwise glibc returns the memory
    of a wake-up's batches to the kernel, which clears it again for the next. That takes a quarter of the time of a
    batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _BLOCK_BYTES)
