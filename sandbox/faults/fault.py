"""The definition of a fault."""

from __future__ import annotations

import msgspec

Value = str | int | float
"""A parameter's value."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault, as it is requested.

    It concerns the calls of `operation` ("" for every operation) of `service`; for a crash, `service` is a process of
    the sandbox. Of these it strikes a `share` (0 to 1), drawn from a generator seeded with `seed`; after `count`
    strikes, or at the time `until` (epoch seconds), it ends. `kinds.checked` fills in the defaults.
    """

    kind: str
    service: str = ""
    operation: str = ""
    share: float = 1.0
    count: int | None = None
    until: float | None = None
    seed: int = 0
    parameters: dict[str, Value] = {}

    def text(self, name: str) -> str:
        """A parameter as text; "" if it is not set."""
        return str(self.parameters.get(name, ""))

    def number(self, name: str) -> float:
        """A parameter as a number; 0 if it is not set."""
        return float(self.parameters.get(name, 0))


class Active(msgspec.Struct, frozen=True):
    """A fault of the server: its `id`, whether it is still on, and the numbers of calls it `met` and `struck`."""

    id: str
    fault: Fault
    on: bool
    met: int
    struck: int
