"""The file that has the server's faults, for its restart and for the other processes."""

from __future__ import annotations

import msgspec

from sandbox.faults.fault import Active

FILE = "faults.json"
"""In the state directory; absent while there are no faults."""


class Saved(msgspec.Struct):
    """The content of the file: all faults, those that have ended by themselves first, and the last number used."""

    faults: list[Active]
    last: int = 0
