"""The kinds of faults, and the faults that are on."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from sandbox.errors import SandboxError
from sandbox.faults.client import Faults
from sandbox.faults.fault import Active, Fault, Value
from sandbox.faults.kinds import KINDS


class Wanted(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A fault to switch on; `forS` is its duration in seconds, None for no limit."""

    kind: str
    service: str = ""
    operation: str = ""
    share: float = 1.0
    for_s: float | None = None
    parameters: dict[str, Value] = {}


def kinds() -> list[dict[str, Any]]:
    """Every kind with its services, operations and parameters."""
    return [
        {
            "kind": name,
            "meaning": kind.meaning,
            "services": {service: list(operations) for service, operations in kind.services.items()},
            "parameters": {
                each: {
                    "meaning": parameter.meaning,
                    "default": parameter.default,
                    # By service, for services that have the parameter; without choices any value is valid.
                    "choices": {
                        service: list(parameter.choices_for(service))
                        for service in kind.services
                        if parameter.is_of(service)
                    },
                }
                for each, parameter in kind.parameters.items()
            },
        }
        for name, kind in KINDS.items()
    ]


def listed(endpoint_url: str) -> list[Active]:
    """The faults that are on or have ended.

    Raises:
        ValueError: the sandbox does not respond.
    """
    try:
        return Faults(endpoint_url).listed()
    except SandboxError as error:
        raise ValueError(str(error)) from error


def on(endpoint_url: str, wanted: Wanted) -> Active:
    """Switch a fault on.

    Raises:
        ValueError: it is not valid; the text is the reason.
    """
    until = None if wanted.for_s is None else time.time() + wanted.for_s
    fault = Fault(wanted.kind, wanted.service, wanted.operation, wanted.share, None, until, 0, wanted.parameters)
    try:
        return Faults(endpoint_url).on(fault)
    except SandboxError as error:
        raise ValueError(str(error)) from error


def off(endpoint_url: str, id_: str) -> list[Active]:
    """Switch one fault off.

    Raises:
        ValueError: it does not exist.
    """
    try:
        return Faults(endpoint_url).off([id_])
    except SandboxError as error:
        raise ValueError(str(error)) from error
