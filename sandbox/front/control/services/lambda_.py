"""Lambda functions' logging and architecture.

https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends

_KEPT = "sandbox_logging_config"


@amends("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def store_logging(call: ControlCall, output: dict[str, Any]) -> None:
    """Store a function's logging settings, which moto drops, and include them in the response."""
    if (given := call.parameters.get("LoggingConfig")) is not None:
        vars(_function(call, output))[_KEPT] = given
    describe_logging(call, output)


@amends("lambda", "UpdateFunctionCode")
def store_architecture(call: ControlCall, output: dict[str, Any]) -> None:
    """Change a function's architecture with its code; moto leaves it unchanged."""
    if given := call.parameters.get("Architectures"):
        _function(call, output).architectures = given
        output["Architectures"] = given


@amends("lambda", "GetFunctionConfiguration", "UpdateFunctionCode", "PublishVersion")
def describe_logging(call: ControlCall, output: dict[str, Any]) -> None:
    """Add a function's logging settings, with Lambda's defaults for those that are not given."""
    given: dict[str, str] = vars(_function(call, output)).get(_KEPT, {})
    structured = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == "JSON" else {}
    default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{output['FunctionName']}"}
    output["LoggingConfig"] = default | structured | given


@amends("lambda", "GetFunction")
def describe_function(call: ControlCall, output: dict[str, Any]) -> None:
    """Add the logging settings to the response's member Configuration."""
    describe_logging(call, output["Configuration"])


@amends("lambda", "ListFunctions")
def describe_functions(call: ControlCall, output: dict[str, Any]) -> None:
    """Add the logging settings to each listed function."""
    _describe_each(call, output["Functions"])


@amends("lambda", "ListVersionsByFunction")
def describe_versions(call: ControlCall, output: dict[str, Any]) -> None:
    """Add the logging settings to each listed version."""
    _describe_each(call, output["Versions"])


@amends("lambda", "GetFunctionCodeSigningConfig")
def describe_signing(call: ControlCall, output: dict[str, Any]) -> None:
    """Add an empty ARN for a function without a code signing configuration: the member is required.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html
    """
    del call
    output.setdefault("CodeSigningConfigArn", "")


def _describe_each(call: ControlCall, configurations: Iterable[dict[str, Any]]) -> None:
    for configuration in configurations:
        describe_logging(call, configuration)


def _function(call: ControlCall, output: dict[str, Any]) -> LambdaFunction:
    return backend_of(lambda_backends, call.region).get_function(output["FunctionName"])
