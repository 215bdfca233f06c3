"""Tools to describe the AWS provider's calls for each type of resource.

A function of this package makes the calls of one type in the provider's order: create, wait, read back, update, tag,
delete, and the check that it is gone. Its `source` is the file of terraform-provider-aws (v6) that makes them;
https://github.com/hashicorp/terraform-provider-aws/blob/main/<source>.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.state import ACCESS_KEY, ACCOUNT_ID, SECRET_KEY, client, session

REGION = "eu-west-1"


@dataclass(frozen=True)
class Aws:
    """The services of one sandbox, as cached boto3 clients."""

    endpoint_url: str
    _clients: dict[str, Any] = field(default_factory=dict[str, Any])

    def __getattr__(self, service: str) -> Any:
        """Return a client, by boto3's name with _ for -."""
        if service.startswith("__"):
            raise AttributeError(service)
        return self.client(service.rstrip("_").replace("_", "-"))

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = (
                _behind_itself(service, self.endpoint_url)
                if service == "s3control"
                else client(service, self.endpoint_url)
            )
        return self._clients[service]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"


def _behind_itself(service: str, endpoint_url: str) -> Any:
    """Return a client with the endpoint as its proxy, as in Pulumi.local.yaml.

    S3 Control's host begins with the account, and no DNS resolves 123456789012.127.0.0.1; the same in aws-sdk-go-v2,
    service/s3control's endpointPrefix_opListTagsForResourceMiddleware, for names and addresses alike.
    """
    options = Config(proxies={"http": endpoint_url}, retries={"total_max_attempts": 1})
    return session().client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=options,
    )


class Life(NamedTuple):
    """The calls of one type of resource, from its creation to its deletion."""

    type: str
    source: str
    live: Callable[[Aws], None]


LIVES: list[Life] = []


def provider(type_: str, source: str) -> Callable[[Callable[[Aws], None]], Callable[[Aws], None]]:
    """Register the decorated function as a type's calls, which the file `source` of internal/service makes."""

    def register(live: Callable[[Aws], None]) -> Callable[[Aws], None]:
        LIVES.append(Life(type_, f"internal/service/{source}", live))
        return live

    return register


def refused(code: str, call: Callable[..., Any], sentence: str = "", **arguments: Any) -> None:
    """Check that a call is refused with a code, and with the words by which the provider recognizes the error."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    response: dict[str, Any] = {**vars(error.value)}["response"]
    assert response["Error"]["Code"] == code
    assert sentence in response["Error"]["Message"]


def pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    """Return tags as a map, from a list of keys and values."""
    return {tag.get("Key", tag.get("TagKey", "")): tag.get("Value", tag.get("TagValue", "")) for tag in tags}


def trusting(*services: str) -> str:
    """Return the trust policy of a role that these services assume."""
    principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(aws: Aws, name: str) -> str:
    """Return the ARN of a role, created if absent: Lambda and Firehose require one."""
    trust = trusting("lambda", "firehose")
    try:
        return aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    except aws.iam.exceptions.EntityAlreadyExistsException:
        return aws.iam.get_role(RoleName=name)["Role"]["Arn"]


def bucket(aws: Aws, name: str) -> str:
    """Return the name of a new bucket."""
    aws.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name
