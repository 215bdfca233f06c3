"""The account behind the provider: its resources, and every call."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.engine.recorder.kinds import kind_of


class RefusedError(Exception):
    """A refused call; the engine prints its text."""


@dataclass(frozen=True)
class Call:
    """One call of the engine.

    `method` is the protocol's: Configure, Check, Diff, Create, Read, Update,
    Delete, Invoke. `type` is the resource's type, for Invoke the function's
    token, and `name` the resource's name in the program.
    """

    method: str
    type: str
    name: str = ""
    id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    preview: bool = False


@dataclass(frozen=True)
class Thing:
    """An existing resource: its type, id, inputs and whole state."""

    type: str
    id: str
    inputs: Mapping[str, Any] = field(repr=False)
    state: Mapping[str, Any] = field(repr=False)


class Account:
    """An AWS account as the recording provider has it. Safe to use from several threads.

    `refuse` makes a call fail while it has an entry with the sentence: the key is a method and a type, or an Invoke and
    its token.
    """

    id = "123456789012"
    partition = "aws"

    def __init__(self) -> None:
        self.region = ""
        self.calls: list[Call] = []
        self.refuse: dict[tuple[str, str], str] = {}
        self._things: dict[tuple[str, str], Thing] = {}
        self._lock = threading.Lock()

    def copy(self) -> Account:
        """An account with the same resources and no calls yet."""
        other = Account()
        other.region = self.region
        other._things = copy.deepcopy(self._things)
        return other

    @property
    def things(self) -> Sequence[Thing]:
        """Return the resources in the order of their creation."""
        with self._lock:
            return list(self._things.values())

    def of(self, type_: str) -> Sequence[Thing]:
        """Return the resources of a type."""
        return [thing for thing in self.things if thing.type == type_]

    def made(self, *methods: str) -> Sequence[Call]:
        """Return the calls of some methods in order, without previews."""
        with self._lock:
            return [call for call in self.calls if call.method in methods and not call.preview]

    def note(self, call: Call) -> None:
        """Record a call. Raises: RefusedError: the call is set to fail."""
        with self._lock:
            self.calls.append(call)
        if sentence := self.refuse.get((call.method, call.type)):
            raise RefusedError(sentence)

    def create(self, type_: str, inputs: Mapping[str, Any]) -> Thing:
        """Create a resource. Raises: RefusedError: its id is taken."""
        id_, outputs = self._computed(type_, inputs)
        thing = Thing(type_, id_, inputs, {**inputs, **outputs})
        with self._lock:
            if (type_, id_) in self._things:
                raise RefusedError(f"creating {type_} ({id_}): ResourceAlreadyExists: it exists already.")
            self._things[type_, id_] = thing
        return thing

    def read(self, type_: str, id_: str) -> Thing | None:
        """Return a resource, or None if it is deleted."""
        with self._lock:
            return self._things.get((type_, id_))

    def update(self, type_: str, id_: str, inputs: Mapping[str, Any]) -> Thing:
        """Change a resource's inputs and keep AWS's computed values. Raises: RefusedError: it is deleted."""
        with self._lock:
            old = self._things.get((type_, id_))
            if old is None:
                raise RefusedError(f"updating {type_} ({id_}): ResourceNotFound: it does not exist.")
            computed = {name: value for name, value in old.state.items() if name in kind_of(type_).outputs}
            thing = Thing(type_, id_, inputs, {**inputs, **computed})
            self._things[type_, id_] = thing
        return thing

    def delete(self, type_: str, id_: str) -> None:
        """Delete a resource; like in the provider, a missing one is not an error."""
        with self._lock:
            self._things.pop((type_, id_), None)

    def change_behind(self, type_: str, id_: str, **inputs: Any) -> None:
        """Change a resource without the engine, like a user at the console."""
        thing = self._things[type_, id_]
        self.update(type_, id_, {**thing.inputs, **inputs})

    def tagged(self, filters: Mapping[str, Sequence[str]]) -> Iterator[Thing]:
        """Return the resources with an ARN and with one of the values of each tag."""
        for thing in self.things:
            tags = thing.inputs.get("tags", {})
            if "arn" in thing.state and all(tags.get(key) in values for key, values in filters.items()):
                yield thing

    def _computed(self, type_: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        kind = kind_of(type_)
        bus = inputs.get("eventBusName", "default")
        known = {
            "name": type_,
            **inputs,
            "region": inputs.get("region", self.region),
            "account": self.id,
            "partition": self.partition,
            "serial": str(uuid.uuid4()),
            "on_bus": "" if bus == "default" else f"{bus}/",
            "of_bus": "" if bus == "default" else f"{bus}-",
        }
        return kind.id.format_map(known), {name: text.format_map(known) for name, text in kind.outputs.items()}
