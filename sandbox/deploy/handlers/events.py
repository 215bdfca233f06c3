"""EventBridge buses, their policies, rules and targets."""

from __future__ import annotations

from sandbox.deploy.handlers.iam import document
from sandbox.deploy.registry import Created, New, handles
from sandbox.deploy.shapes import fill

_DEFAULT_BUS = "default"
_TARGET = {"inputPaths": "InputPathsMap"}


@handles("aws:cloudwatch/eventBus:EventBus")
def event_bus(new: New) -> Created:
    """Create a bus with its key and its dead-letter queue."""
    name = new.inputs.require("name")
    arn = new.create("events", "create_event_bus", Name=name)["EventBusArn"]
    return Created(name, {"name": name, "arn": arn})


@handles("aws:cloudwatch/eventBusPolicy:EventBusPolicy")
def event_bus_policy(new: New) -> Created:
    """Create a bus's resource policy."""
    bus = new.inputs.text("eventBusName") or _DEFAULT_BUS
    new.call("events", "put_permission", EventBusName=bus, Policy=document(new.inputs, "policy"))
    return Created(bus, {"eventBusName": bus})


@handles("aws:cloudwatch/eventRule:EventRule")
def event_rule(new: New) -> Created:
    """Create a rule of a bus."""
    name = new.physical_name()
    bus = new.inputs.text("eventBusName") or _DEFAULT_BUS
    arn = new.create("events", "put_rule", Name=name, EventBusName=bus)["RuleArn"]
    return Created(name if bus == _DEFAULT_BUS else f"{bus}/{name}", {"name": name, "arn": arn, "eventBusName": bus})


@handles("aws:cloudwatch/eventTarget:EventTarget")
def event_target(new: New) -> Created:
    """Create a rule's target: its input transformation, retries and dead-letter queue."""
    inputs = new.inputs
    rule, bus = inputs.require("rule"), inputs.text("eventBusName") or _DEFAULT_BUS
    id_ = inputs.text("targetId") or new.name
    shape = new.aws.api("events").request_shape("put_targets").members["Targets"].member
    target = {"Id": id_, **fill(shape, inputs, _TARGET)}
    new.call("events", "put_targets", Rule=rule, EventBusName=bus, Targets=[target])
    return Created(f"{bus}-{rule}-{id_}", {"targetId": id_, "eventBusName": bus})
