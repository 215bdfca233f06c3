"""The sandbox's endpoint for the page: its outputs, its processes and one boto3 client for each service."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from sandbox.lifecycle import Sandbox, command
from sandbox.state import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

_CONFIG = Config(retries={"max_attempts": 2}, connect_timeout=2, read_timeout=30, max_pool_connections=8)


def reason(error: ClientError) -> str:
    """The service's own message of an error."""
    answer = cast("dict[str, Any]", error.response)
    return str(answer["Error"]["Message"])


class Clients:
    """The clients of a running sandbox. Thread-safe, as boto3's clients are.

    Raises:
        SandboxError: the sandbox is not running, or no stack is deployed to it.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.outputs = sandbox.outputs()
        if "table_name" not in self.outputs:
            raise SandboxError(f"The sandbox has no stack: start it with `{command('up', sandbox.state)}`.")
        session = boto3.Session(ACCESS_KEY, SECRET_KEY, region_name=self.outputs["region"])
        self._client = cast("Callable[..., Any]", session.client)  # pyright: ignore[reportUnknownMemberType] - boto3's overloads need its stubs

    def _of(self, service: str) -> Any:
        return self._client(service, endpoint_url=self.outputs["endpoint_url"], config=_CONFIG)

    @cached_property
    def athena(self) -> Any:
        """Athena."""
        return self._of("athena")

    @cached_property
    def cloudwatch(self) -> Any:
        """CloudWatch."""
        return self._of("cloudwatch")

    @cached_property
    def dynamodb(self) -> Any:
        """DynamoDB."""
        return self._of("dynamodb")

    @cached_property
    def kinesis(self) -> Any:
        """Kinesis."""
        return self._of("kinesis")

    @cached_property
    def s3(self) -> Any:
        """S3."""
        return self._of("s3")

    @cached_property
    def sqs(self) -> Any:
        """SQS."""
        return self._of("sqs")
