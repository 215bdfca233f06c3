"""The request of a process to the server whether a fault strikes it."""

from __future__ import annotations

import msgspec

PATH = "/_sandbox/faults"
STRIKE_PATH = f"{PATH}/strike"


class Strike(msgspec.Struct, frozen=True):
    """Requests whether a fault of a kind strikes an operation of a service (or a process) now.

    A fault with different values for these parameters does not.
    """

    kind: str
    service: str
    operation: str = ""
    parameters: dict[str, str] = {}
