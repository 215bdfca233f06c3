"""The registry of handlers by resource type, and their arguments."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.deploy.api import Aws
from sandbox.deploy.inputs import Inputs
from sandbox.deploy.shapes import fill, pairs

_GENERATED_DIGITS = 7


@dataclass(frozen=True)
class Created:
    """The provider's result: the physical id, and the outputs in addition to the inputs."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class New:
    """A resource to create: its logical name, its inputs, and the AWS APIs of its region."""

    name: str
    inputs: Inputs
    aws: Aws

    def physical_name(self, property_name: str = "name", suffix: str = "") -> str:
        """The given name, or one in the provider's form: `<logical name>-<7 hex digits><suffix>`."""
        return self.inputs.text(property_name) or f"{self.name}-{secrets.token_hex(4)[:_GENERATED_DIGITS]}{suffix}"

    def tags(self) -> dict[str, str]:
        """The resource's tags over the provider's default tags."""
        return {**self.aws.default_tags, **self.inputs.mapping("tags")}

    def call(self, service: str, method: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation by boto3's method name; raises SandboxError with AWS's code and message if it fails."""
        return self.aws.api(service).call(method, arguments)

    def create(
        self, service: str, method: str, *, names: Mapping[str, str] | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """Call an operation with the arguments, all unread inputs that it accepts, and the tags if it accepts them.

        `names` as in `shapes.fill`.
        """
        shape = self.aws.api(service).request_shape(method)
        for member in ("Tags", "tags"):
            if member in shape.members and member not in arguments and (tags := self.tags()):
                arguments[member] = pairs(shape.members[member], tags)
        return self.call(service, method, **{**fill(shape, self.inputs, names or {}), **arguments})


@dataclass(frozen=True)
class Question:
    """An invoke: its arguments, and the AWS APIs."""

    inputs: Inputs
    aws: Aws


Handler = Callable[[New], Created]
InvokeHandler = Callable[[Question], Mapping[str, Any]]

_handlers: dict[str, Handler] = {}
_answers: dict[str, InvokeHandler] = {}


def handles(*types: str) -> Callable[[Handler], Handler]:
    """Register a handler that creates resources of these types (`aws:kinesis/stream:Stream`)."""

    def register(handler: Handler) -> Handler:
        _handlers.update(dict.fromkeys(types, handler))
        return handler

    return register


def answers(*tokens: str) -> Callable[[InvokeHandler], InvokeHandler]:
    """Register a handler of these invokes (`aws:index/getRegion:getRegion`)."""

    def register(answer: InvokeHandler) -> InvokeHandler:
        _answers.update(dict.fromkeys(tokens, answer))
        return answer

    return register


def handler_of(type_: str) -> Handler | None:
    """The handler of a resource type; None without one."""
    return _handlers.get(type_)


def answer_of(token: str) -> InvokeHandler | None:
    """The handler of an invoke; None without one."""
    return _answers.get(token)


def handled_types() -> list[str]:
    """Every type with a handler."""
    return sorted(_handlers)
