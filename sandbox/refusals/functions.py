"""Lambda: a function's name, runtime, environment and role.

lambda_/test_lambda_api.snapshot.json of localstack/localstack. Who may assume a role:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html; the sentence is the one for which
internal/service/lambda of hashicorp/terraform-provider-aws waits.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses
from sandbox.refusals.roles import can_assume
from sandbox.state import ACCOUNT_ID

_LONGEST_NAME = 64
_LARGEST_ENVIRONMENT_BYTES = 4096
_LONGEST_TIMEOUT_S = 900
_RESERVED = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"),
        *("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME"),
        *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME"),
        *("AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"),
        *("AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT"),
    }
)
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
_RUNTIMES = (
    *("nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x"),
    *("java25", "python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4", "ruby3.2", "python3.8", "python3.9"),
    *("java17", "nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2"),
)
"""AWS's list, in its order."""


@refuses("lambda", "CreateFunction")
def name(asked: Asked) -> ServiceError | None:
    """Refuse a new function's name of more than 64 characters."""
    given = str(asked.get("FunctionName") or "")
    if given.startswith("arn:") or len(given) <= _LONGEST_NAME:
        return None
    return _invalid(
        f"1 validation error detected: Value '{given}' at 'functionName' failed to satisfy constraint: "
        f"Member must have length less than or equal to {_LONGEST_NAME}"
    )


@refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def runtime(asked: Asked) -> ServiceError | None:
    """Refuse a runtime that Lambda lacks."""
    given = asked.get("Runtime")
    if given is None or given in _RUNTIMES:
        return None
    return _invalid(
        f"Value {given} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        f"[{', '.join(_RUNTIMES)}] or be a valid ARN"
    )


@refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def environment(asked: Asked) -> ServiceError | None:
    """Refuse environment variables of more than 4 KB."""
    variables = asked.at("Environment.Variables")
    text = json.dumps(variables, separators=(",", ":"), ensure_ascii=False) if variables else ""
    if len(text.encode()) <= _LARGEST_ENVIRONMENT_BYTES:
        return None
    return _invalid(
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        f"exceeded the 4KB limit. String measured: {text}"
    )


@refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def reserved(asked: Asked) -> ServiceError | None:
    """Refuse variables that the runtime sets itself."""
    names = sorted(_RESERVED.intersection(asked.at("Environment.Variables") or ()))
    if not names:
        return None
    return _invalid(
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "contains reserved keys that are currently not supported for modification. "
        f"Reserved keys used in this request: {', '.join(names)}"
    )


@refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def timeout(asked: Asked) -> ServiceError | None:
    """Refuse a timeout of more than 15 minutes, which botocore's model does not limit.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    given = asked.get("Timeout")
    if given is None or given <= _LONGEST_TIMEOUT_S:
        return None
    return ServiceError(
        "ValidationException",
        f"1 validation error detected: Value '{given}' at 'timeout' failed to satisfy constraint: "
        f"Member must have value less than or equal to {_LONGEST_TIMEOUT_S}",
    )


@refuses("lambda", "CreateFunction", "UpdateFunctionCode")
def archive(asked: Asked) -> ServiceError | None:
    """Refuse code that is not a zip archive; moto takes any bytes."""
    given = asked.get("ZipFile") or asked.at("Code.ZipFile")
    if not isinstance(given, bytes) or zipfile.is_zipfile(io.BytesIO(given)):
        return None
    return _invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")


@refuses("lambda", "AddPermission")
def permission(asked: Asked) -> ServiceError | None:
    """Refuse a second statement with the same id, which moto adds to the function's policy."""
    name, sid = str(asked.get("FunctionName")), asked.get("StatementId")
    functions: Any = lambda_backends[ACCOUNT_ID][asked.region]
    try:
        statements = functions.get_function(name, asked.get("Qualifier")).policy.statements
    except UnknownFunctionException:
        return None
    if all(statement.get("Sid") != sid for statement in statements):
        return None
    return ServiceError(
        "ResourceConflictException",
        f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing "
        "statement.",
        status=409,
    )


@refuses("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def role(asked: Asked) -> ServiceError | None:
    """Refuse a role that does not exist, or does not trust Lambda."""
    given = str(asked.get("Role") or "")
    if not given or can_assume("lambda.amazonaws.com", given):
        return None
    return _invalid("The role defined for the function cannot be assumed by Lambda.")


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", sentence)
