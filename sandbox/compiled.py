"""The module compiled of native/; `native` is None where nothing is compiled.

The slow path does all of the same in Python, for other systems and for a checkout in which nothing is compiled.
"""

from __future__ import annotations

import sys
from pathlib import Path

from stack.commandline import refuse_outdated

try:
    if "t" in getattr(sys, "abiflags", ""):
        raise ImportError("a free-threaded Python has no stable ABI")
    from sandbox import _native
except ImportError:
    native = None
else:
    native = _native
    refuse_outdated(_native, Path(__file__).parent)
