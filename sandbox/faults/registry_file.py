"""The file in which the server keeps its faults, for its restart and for the other processes."""

from __future__ import annotations

import msgspec

from sandbox.faults.fault import Active

FILE = "faults.json"
"""In the state directory; absent while no fault is on."""


class Saved(msgspec.Struct):
    """The content of the file: the faults that are on, and the number of the last one."""

    faults: list[Active]
    last: int = 0
