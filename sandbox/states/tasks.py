"""The service integrations of Task states: Athena's optimized one, and the AWS SDK's of a few services.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html,
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.state import client
from sandbox.states.language import QUERY, SDK, SDK_SERVICES
from sandbox.states.paths import StateError

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 1.0
_OVER = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class ServiceTasks:
    """Runs tasks at an endpoint."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def run(self, resource: str, parameters: Any, wait: Callable[[float], None]) -> Any:
        """Return a task's result.

        Raises:
            StateError: AWS returned an error; the name is Step Functions'.
        """
        if resource == QUERY:
            return self._query(parameters, wait)
        name, _, operation = resource.removeprefix(SDK).partition(":")
        service, prefix = SDK_SERVICES[name]
        return _called(prefix, client(service, self._endpoint_url), operation[0].upper() + operation[1:], parameters)

    @cached_property
    def _athena(self) -> Any:
        return client("athena", self._endpoint_url)

    def _query(self, parameters: Any, wait: Callable[[float], None]) -> Any:
        """Start a query and wait for its end; an interrupted wait stops it, as in Step Functions (`.sync`)."""
        id_: str = _called("Athena", self._athena, "StartQueryExecution", parameters)["QueryExecutionId"]
        pause_s = _FIRST_WAIT_S
        while True:
            found = _called("Athena", self._athena, "GetQueryExecution", {"QueryExecutionId": id_})
            state = found["QueryExecution"]["Status"]["State"]
            if state in _OVER:
                break
            try:
                wait(pause_s)
            except Exception:
                self._athena.stop_query_execution(QueryExecutionId=id_)
                raise
            pause_s = min(2 * pause_s, _LONGEST_WAIT_S)
        if state != "SUCCEEDED":
            raise StateError("States.TaskFailed", json.dumps(found))
        return found


def _called(prefix: str, service: Any, operation: str, parameters: Any) -> dict[str, Any]:
    """Call an operation by the API's name, with parameters in the integration's Pascal case."""
    methods = {api: method for method, api in service.meta.method_to_api_mapping.items()}
    if operation not in methods:
        raise StateError("States.Runtime", f"{prefix} has no operation {operation}.")
    model = service.meta.service_model.operation_model(operation)
    named = {member.casefold(): member for member in model.input_shape.members} if model.input_shape else {}
    given = {named.get(name.casefold(), name): of for name, of in cast("Mapping[str, Any]", parameters).items()}
    try:
        answer = getattr(service, methods[operation])(**given)
    except ClientError as error:
        reply = cast("Mapping[str, Mapping[str, str]]", error.response)["Error"]
        code = reply["Code"] if reply["Code"].endswith("Exception") else f"{reply['Code']}Exception"
        raise StateError(f"{prefix}.{code}", reply["Message"]) from error
    except BotoCoreError as error:
        raise StateError(f"{prefix}.SdkClientException", str(error)) from error
    # Times in a state's data are texts.
    return json.loads(json.dumps(_pascal(model.output_shape, answer), default=str))


def _pascal(shape: Any, value: Any) -> Any:
    """A response with its members in Pascal case, which the integrations use for every service."""
    if shape.type_name == "structure":
        members = ((name, inner) for name, inner in value.items() if name in shape.members)
        return {name[0].upper() + name[1:]: _pascal(shape.members[name], inner) for name, inner in members}
    if shape.type_name == "list":
        return [_pascal(shape.member, inner) for inner in value]
    if shape.type_name == "map":
        return {key: _pascal(shape.value, inner) for key, inner in value.items()}
    return value
