"""EventBridge Pipes. https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.pipes.models import EventBridgePipesBackend, Pipe, pipes_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers, refuses
from sandbox.front.control.working import trouble_of
from sandbox.front.reply import ServiceError

_FILTERS = "FilterCriteria"
_TEMPLATE = "InputTemplate"


@refuses
def exists(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse a pipe whose name is in use; moto replaces the existing pipe.

    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html#API_CreatePipe_Errors
    """
    if (service, operation) != ("pipes", "CreatePipe"):
        return None
    if parameters["Name"] not in backend_of(pipes_backends, region).pipes:
        return None
    return ServiceError("ConflictException", f"Pipe {parameters['Name']} already exists.", status=409)


@amends("pipes", "CreatePipe", "DescribePipe", "StartPipe", "StopPipe")
def state(_: ControlCall, output: dict[str, Any]) -> None:
    """Set a pipe's current state: the desired one, or START_FAILED with the reason if its worker fails.

    In moto, a pipe that is created STOPPED is running. CurrentState and StateReason:
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html.
    """
    output["CurrentState"] = output["DesiredState"]
    trouble = trouble_of("pipes", output["Name"]) if output["DesiredState"] == "RUNNING" else None
    if trouble is not None:
        output["CurrentState"], output["StateReason"] = "START_FAILED", trouble


@amends("pipes", "ListPipes")
def states(call: ControlCall, output: dict[str, Any]) -> None:
    """Set the current state of each listed pipe."""
    for pipe in output["Pipes"]:
        state(call, pipe)


@answers("pipes", "UpdatePipe")
def update_pipe(call: ControlCall) -> Mapping[str, Any]:
    """Change the given members and leave the others, also inside the parameters of source and target.

    An update cannot change a source's starting position (its shape has no StartingPosition), so that stays; so do
    filters that are not given. An empty input template removes the template and leaves the target's other parameters:
    https://github.com/hashicorp/terraform-provider-aws/issues/33938.
    """
    given, backend = call.parameters, backend_of(pipes_backends, call.region)
    pipe = _pipe(backend, given["Name"])
    backend.update_pipe(
        name=pipe.name,
        role_arn=given["RoleArn"],
        description=given.get("Description"),
        desired_state=given.get("DesiredState"),
        source_parameters=_source(pipe.source_parameters or {}, given["SourceParameters"], call)
        if "SourceParameters" in given
        else None,
        enrichment=given.get("Enrichment"),
        enrichment_parameters=given.get("EnrichmentParameters"),
        target=given.get("Target"),
        target_parameters=_target(pipe.target_parameters or {}, given["TargetParameters"])
        if "TargetParameters" in given
        else None,
        log_configuration=given.get("LogConfiguration"),
        kms_key_identifier=given.get("KmsKeyIdentifier"),
    )
    return {
        "Arn": pipe.arn,
        "Name": pipe.name,
        "DesiredState": pipe.desired_state,
        "CurrentState": pipe.desired_state,
        "CreationTime": pipe.creation_time,
        "LastModifiedTime": pipe.last_modified_time,
    }


def _source(old: Mapping[str, Any], new: Mapping[str, Any], call: ControlCall) -> dict[str, Any]:
    """The source's parameters after an update; members that an update does not have stay."""
    shape: Any = call.model
    updatable = shape.input_shape.members["SourceParameters"].members
    merged = {name: value for name, value in old.items() if name == _FILTERS} | dict(new)
    for name, value in merged.items():
        if name in old and isinstance(value, dict) and name != _FILTERS:
            kept = {member: held for member, held in old[name].items() if member not in updatable[name].members}
            merged[name] = kept | value
    return merged


def _target(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The target's parameters after an update; an empty input template removes the template."""
    merged = {**old, **new}
    return {name: value for name, value in merged.items() if name != _TEMPLATE or value}


def _pipe(backend: EventBridgePipesBackend, name: str) -> Pipe:
    pipe = backend.pipes.get(name)
    if pipe is None:
        raise ServiceError("NotFoundException", f"Pipe {name} does not exist.", status=404)
    return pipe
