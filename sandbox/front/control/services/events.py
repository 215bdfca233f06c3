"""EventBridge's buses. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateEventBus.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.utils import unix_time
from moto.events.models import EventBus, events_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import answers
from sandbox.front.reply import ServiceError

_ATTRIBUTES = {
    "DeadLetterConfig": "dead_letter_config",
    "Description": "description",
    "KmsKeyIdentifier": "kms_key_identifier",
}
"""moto's names of the members that an update may change."""
_DEFAULT = "default"


@answers("events", "UpdateEventBus")
def update_event_bus(call: ControlCall) -> Mapping[str, Any]:
    """Change a bus's key, description and dead-letter queue."""
    name = call.parameters.get("Name", _DEFAULT)
    bus: EventBus | None = backend_of(events_backends, call.region).event_buses.get(name)
    if bus is None:
        raise ServiceError("ResourceNotFoundException", f"Event bus {name} does not exist.")
    for member, attribute in _ATTRIBUTES.items():
        if member in call.parameters:
            setattr(bus, attribute, call.parameters[member] or None)
    bus.last_modified_time = unix_time()
    described = {member: getattr(bus, attribute) for member, attribute in _ATTRIBUTES.items()}
    return {"Arn": bus.arn, "Name": bus.name} | {name: value for name, value in described.items() if value}
