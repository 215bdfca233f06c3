"""The AWS APIs for a resource: services at the endpoint, in one region, for one provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from sandbox.deploy.shapes import Shape
from sandbox.errors import SandboxError
from sandbox.state import ACCESS_KEY, ACCOUNT_ID, DEFAULT_REGION, SECRET_KEY, session

_OPTIONS = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 3},
    s3={"addressing_style": "path"},
)
_PARTITIONS = {"cn": "aws-cn"}
"""By a region's first part; all other regions are in `aws`."""
_TAKEN = ("AlreadyExists", "AlreadyOwned", "InUse", "Conflict")
"""Parts of AWS's error codes for a name that is in use."""


class Api:
    """One service's operations, by boto3's method names."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def request_shape(self, method: str) -> Shape:
        """An operation's input: botocore's structure shape."""
        operation = self._client.meta.method_to_api_mapping[method]
        return self._client.meta.service_model.operation_model(operation).input_shape

    def call(self, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation; raises SandboxError with AWS's code and message when it fails."""
        try:
            return getattr(self._client, method)(**arguments)
        except ClientError as error:
            answer = cast("Mapping[str, Mapping[str, str]]", error.response)["Error"]
            sentence = f"{error.operation_name} returns {answer['Code']}: {answer['Message'].rstrip('.')}"
            if any(word in answer["Code"] for word in _TAKEN):
                sentence += "; the deployer needs an empty sandbox, so run `python -m sandbox down --forget` before"
            raise SandboxError(sentence) from error
        except ParamValidationError as error:
            problems = " ".join(str(error).split())
            raise SandboxError(f"{method} has invalid parameters: {problems}") from error
        except BotoCoreError as error:
            raise SandboxError(f"{method} got no response: {error}") from error


@dataclass(frozen=True)
class ServiceClients:
    """The endpoint; each client is created once and shared."""

    url: str
    _apis: dict[tuple[str, str], Api] = field(default_factory=dict[tuple[str, str], Api])

    def api(self, service: str, region: str) -> Api:
        """A service in a region. Not thread-safe, because creating a client is not."""
        if (service, region) not in self._apis:
            client = session().client(
                service,
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
                config=_OPTIONS,
            )
            self._apis[service, region] = Api(client)
        return self._apis[service, region]


@dataclass(frozen=True)
class Aws:
    """AWS for one provider of the program: a region, and default tags."""

    endpoint: ServiceClients
    region: str = DEFAULT_REGION
    default_tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def account_id(self) -> str:
        """The sandbox's only account."""
        return ACCOUNT_ID

    @property
    def partition(self) -> str:
        """The region's partition."""
        return (
            "aws-cn" if self.region.startswith("cn-") else "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        )

    def api(self, service: str) -> Api:
        """A service in this region."""
        return self.endpoint.api(service, self.region)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"
