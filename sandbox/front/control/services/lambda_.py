"""Lambda functions' logging and processor. https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends

_KEPT = "sandbox_logging_config"


@amends("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def keep_logging(call: ControlCall, output: dict[str, Any]) -> None:
    """Keeps how a function logs, which moto does not, and tells it."""
    if (given := call.parameters.get("LoggingConfig")) is not None:
        vars(_function(call, output))[_KEPT] = given
    tell_logging(call, output)


@amends("lambda", "UpdateFunctionCode")
def keep_architecture(call: ControlCall, output: dict[str, Any]) -> None:
    """Code that comes for another processor changes the function's, which moto leaves as it was."""
    if given := call.parameters.get("Architectures"):
        _function(call, output).architectures = given
        output["Architectures"] = given


@amends("lambda", "GetFunctionConfiguration", "UpdateFunctionCode", "PublishVersion")
def tell_logging(call: ControlCall, output: dict[str, Any]) -> None:
    """A function's answers have its logging, with Lambda's own values for what was not given."""
    given: dict[str, str] = vars(_function(call, output)).get(_KEPT, {})
    structured = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == "JSON" else {}
    default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{output['FunctionName']}"}
    output["LoggingConfig"] = default | structured | given


@amends("lambda", "GetFunction")
def tell_function(call: ControlCall, output: dict[str, Any]) -> None:
    """As `tell_logging`, where the configuration is a member."""
    tell_logging(call, output["Configuration"])


@amends("lambda", "ListFunctions")
def tell_functions(call: ControlCall, output: dict[str, Any]) -> None:
    """As `tell_logging`, for each."""
    _tell_each(call, output["Functions"])


@amends("lambda", "ListVersionsByFunction")
def tell_versions(call: ControlCall, output: dict[str, Any]) -> None:
    """As `tell_logging`, for each version."""
    _tell_each(call, output["Versions"])


@amends("lambda", "GetFunctionCodeSigningConfig")
def tell_signing(call: ControlCall, output: dict[str, Any]) -> None:
    """A function without a configuration for signed code has an empty ARN, not none: the member is required.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html
    """
    del call
    output.setdefault("CodeSigningConfigArn", "")


def _tell_each(call: ControlCall, configurations: Iterable[dict[str, Any]]) -> None:
    for configuration in configurations:
        tell_logging(call, configuration)


def _function(call: ControlCall, output: dict[str, Any]) -> LambdaFunction:
    return backend_of(lambda_backends, call.region).get_function(output["FunctionName"])
