"""A function's configuration, from GetFunctionConfiguration, and whether this machine can run it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class FunctionConfig(Struct, frozen=True):
    """The configuration of a running function: a change of any field requires a new process."""

    name: str
    arn: str
    handler: str
    runtime: str
    architecture: str
    timeout_s: float
    memory_mb: int
    code_sha256: str
    log_group: str
    environment: tuple[tuple[str, str], ...] = ()
    version: str = "$LATEST"

    @property
    def region(self) -> str:
        """The region in its ARN."""
        return self.arn.split(":")[3]


def parse_function(description: Mapping[str, Any]) -> FunctionConfig:
    """The configuration in a response of GetFunctionConfiguration."""
    found = msgspec.convert(description, _Function)
    return FunctionConfig(
        name=found.FunctionName,
        arn=found.FunctionArn,
        handler=found.Handler,
        runtime=found.Runtime,
        architecture=found.Architectures[0],
        timeout_s=found.Timeout,
        memory_mb=int(found.MemorySize),
        code_sha256=found.CodeSha256,
        log_group=found.LoggingConfig.LogGroup or f"/aws/lambda/{found.FunctionName}",
        environment=tuple(sorted(found.Environment.Variables.items())),
        version=found.Version,
    )


def parse_name(name: str, qualifier: str | None) -> tuple[str, str | None]:
    """The plain name and the qualifier in a name, a partial ARN or an ARN, each with or without a qualifier.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-uri-FunctionName
    """
    parts = name.split(":function:")[-1].split(":")
    return parts[0], qualifier or (parts[1] if len(parts) > 1 else None)


def host_runtime() -> str:
    """The Lambda runtime of this machine's Python, e.g. python3.11."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def host_architecture() -> str:
    """This machine's architecture in Lambda's terms: x86_64 or arm64."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


def why_not_here(config: FunctionConfig) -> str | None:
    """Why this machine cannot run the function (its Python or architecture differs), as a sentence; else None."""
    built_for = (config.runtime, config.architecture)
    here = (host_runtime(), host_architecture())
    if built_for == here:
        return None
    return (
        f"Function {config.name} is built for {' on '.join(built_for)} and this machine runs {' on '.join(here)}: "
        "deploy it with the lambdaRuntime and lambdaArchitecture of this machine ('host')."
    )


class _Environment(Struct):
    Variables: dict[str, str] = {}


class _Logging(Struct):
    LogGroup: str | None = None


class _Function(Struct):
    FunctionName: str
    FunctionArn: str
    CodeSha256: str
    Handler: str = ""
    Runtime: str = ""
    Timeout: float = 3
    MemorySize: float = 128
    Version: str = "$LATEST"
    Architectures: list[str] = field(default_factory=lambda: ["x86_64"])
    Environment: _Environment = field(default_factory=_Environment)
    LoggingConfig: _Logging = field(default_factory=_Logging)
