"""How the processes of the data path collect garbage."""

from __future__ import annotations

import gc

_GC_THRESHOLD = (50_000, 20, 100)


def collect_rarely() -> None:
    """Leave what the start has made out of garbage collection, and collect after as many objects as a page has.

    A decoded item is some 60 objects, so by default a collection would come with every twelfth.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)
    gc.enable()
