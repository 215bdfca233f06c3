"""The server's faults: the active ones, their strikes, and the counts of those."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from random import Random

import msgspec

from sandbox.errors import SandboxError
from sandbox.faults.active_file import FILE, Saved
from sandbox.faults.fault import Active, Fault
from sandbox.faults.kinds import checked
from sandbox.state import StateDir

_SAVE_INTERVAL_S = 0.5
_MAX_ENDED = 1000


class Standing:
    """A fault of the server, with its generator and its counters."""

    def __init__(self, id_: str, fault: Fault, met: int = 0, struck: int = 0) -> None:
        self.id = id_
        self.fault = fault
        self.met = met
        self.struck = struck
        self.random = Random(fault.seed)  # noqa: S311 - a run must be repeatable; nothing drawn is a secret

    def is_over(self, now_s: float) -> bool:
        """Return whether its time or its count is over."""
        fault = self.fault
        return (fault.until is not None and now_s >= fault.until) or (
            fault.count is not None and self.struck >= fault.count
        )

    def shown(self, on: bool) -> Active:
        """The fault in the control endpoint's form."""
        return Active(self.id, self.fault, on, self.met, self.struck)


class ActiveFaults:
    """All faults of the server. `on` is False without faults, so a call costs one comparison.

    `changed` is called after each change of the faults that are on.
    """

    def __init__(self) -> None:
        self.on = False
        self.changed: Callable[[], None] = _nothing
        self._standing: list[Standing] = []
        self._ended: list[Standing] = []
        self._last = 0
        self._state: StateDir | None = None
        self._saved_s = 0.0

    def open(self, state: StateDir) -> None:
        """Continue with the faults of the previous server, and save changes from now on."""
        self._state = state
        found = state.read_json(FILE)
        saved = Saved([]) if found is None else msgspec.convert(found, Saved)
        found_ones = [(each.on, Standing(each.id, each.fault, each.met, each.struck)) for each in saved.faults]
        self._standing = [standing for on, standing in found_ones if on]
        self._ended = [standing for on, standing in found_ones if not on]
        self._last = saved.last
        self._update()

    def add(self, fault: Fault) -> Active:
        """Switch a fault on.

        Raises:
            SandboxError: it is not valid.
        """
        self._last += 1
        standing = Standing(f"f{self._last}", checked(fault))
        self._standing.append(standing)
        self._update()
        return standing.shown(on=True)

    def remove(self, ids: list[str]) -> list[Active]:
        """Switch faults off and delete them, by default all; return them with their counters.

        Raises:
            SandboxError: no fault has one of the ids.
        """
        known = [*self._standing, *self._ended]
        unknown = set(ids) - {standing.id for standing in known}
        if unknown:
            there_are = f"there are {', '.join(standing.id for standing in known)}" if known else "no fault is on"
            raise SandboxError(f"There is no fault {min(unknown)!r}: {there_are}.")
        gone = [standing for standing in known if not ids or standing.id in ids]
        shown = [standing.shown(standing in self._standing) for standing in gone]
        self._standing = [standing for standing in self._standing if standing not in gone]
        self._ended = [standing for standing in self._ended if standing not in gone]
        self._update()
        return shown

    def listed(self) -> list[Active]:
        """All faults, ended ones first."""
        self._end_overdue()
        return self._all()

    def has(self, *kinds: str) -> bool:
        """Return whether a fault of these kinds is on."""
        return any(standing.fault.kind in kinds for standing in self._standing)

    def matching(self, kind: str, service: str, operation: str = "") -> Iterator[Standing]:
        """The faults of a kind that concern an operation; `strikes` determines whether one strikes."""
        for standing in tuple(self._standing):
            fault = standing.fault
            if fault.kind == kind and fault.service == service and fault.operation in ("", operation):
                yield standing

    def strikes(self, standing: Standing, *, urgent: bool = False) -> bool:
        """Return whether a fault strikes now, and count it.

        `urgent` saves the count immediately, because the process is about to end.
        """
        now_s = time.time()
        if standing.is_over(now_s):
            self._end_overdue()
            return False
        standing.met += 1
        share = standing.fault.share
        if share < 1 and standing.random.random() >= share:
            return False
        standing.struck += 1
        if standing.is_over(now_s):
            self._end_overdue()
        elif urgent or now_s - self._saved_s > _SAVE_INTERVAL_S:
            self._save()
        return True

    def first(self, kind: str, service: str, operation: str = "", **parameters: str) -> Standing | None:
        """The first fault of a kind that concerns an operation and strikes now.

        A fault with different values for these parameters does not concern it.
        """
        for standing in self.matching(kind, service, operation):
            given = standing.fault.parameters
            if all(given.get(name) in (None, "", value) for name, value in parameters.items()) and self.strikes(
                standing
            ):
                return standing
        return None

    def part_of(self, standing: Standing, count: int) -> list[int]:
        """The indices of the entries of a batch that a partial fault strikes: its part of them, at least one."""
        if not self.strikes(standing):
            return []
        part = max(1, round(count * standing.fault.number("part")))
        return standing.random.sample(range(count), min(part, count))

    def _end_overdue(self) -> None:
        now_s = time.time()
        over = [standing for standing in self._standing if standing.is_over(now_s)]
        if over:
            self._standing = [standing for standing in self._standing if standing not in over]
            self._ended = [*self._ended, *over][-_MAX_ENDED:]
            self._update()

    def _all(self) -> list[Active]:
        return [
            *(standing.shown(on=False) for standing in self._ended),
            *(standing.shown(on=True) for standing in self._standing),
        ]

    def _update(self) -> None:
        self.on = bool(self._standing)
        self._save()
        self.changed()

    def _save(self) -> None:
        self._saved_s = time.time()
        if self._state is None:
            return
        if shown := self._all():
            self._state.write_json(FILE, Saved(shown, self._last))
        else:
            (self._state.path / FILE).unlink(missing_ok=True)


def _nothing() -> None:
    """Do nothing: by default changes have no listener."""


ACTIVE_FAULTS = ActiveFaults()
"""The faults of this process; only the server has any."""
