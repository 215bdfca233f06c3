"""The garbage collection of the processes in the data path."""

from __future__ import annotations

import gc

_GC_THRESHOLD = (50_000, 20, 100)


def collect_rarely() -> None:
    """Exclude the objects of the start from garbage collection, and collect after as many objects as a page has.

    A decoded item is some 60 objects, so by default every twelfth item would cause a collection.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)
    gc.enable()
