"""The module compiled of native/, which does the steps that every request takes; None where it is not compiled.

All of it is there in Python too, for other systems and for a checkout in which nothing has been compiled.
"""

from __future__ import annotations

try:
    from loadgen import _native
except ImportError:
    native = None
else:
    native = _native
