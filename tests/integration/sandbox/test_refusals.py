"""The sandbox refuses the requests that AWS refuses: each rule's example, with AWS's code and sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from components.audit.rule import RefusedCall
from components.audit.table import RULES
from tests.conftest import SandboxServer

EXAMPLES = [(rule.id, number, refused) for rule in RULES for number, refused in enumerate(rule.refused)]
# Where AWS lists values in its own order, the sentence is compared up to the list.
LISTED = "["

Send = Callable[[str, Mapping[str, Any]], Any]


@pytest.fixture(scope="module")
def send(sandbox_server: SandboxServer) -> Send:
    """Make a call by its operation, such as sqs.CreateQueue, without boto3's own validation."""

    @cache
    def client(service: str) -> Any:
        boto: Any = boto3
        return boto.client(
            service,
            endpoint_url=sandbox_server.endpoint_url,
            region_name="eu-west-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            config=Config(parameter_validation=False, retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
        )

    def send(operation: str, request: Mapping[str, Any]) -> Any:
        service, _, name = operation.partition(".")
        caller = client(service)
        methods: dict[str, str] = {operation: method for method, operation in caller.meta.method_to_api_mapping.items()}
        return getattr(caller, methods[name])(**request)

    return send


def made(send: Send, operation: str, request: Mapping[str, Any]) -> None:
    """Create an example's prerequisites, unless an earlier example has done so."""
    try:
        send(operation, request)
    except ClientError as error:
        if not re.search("AlreadyExists|ResourceInUse|AlreadyOwned", error_of(error)["Code"]):
            raise


def error_of(raised: ClientError) -> dict[str, str]:
    response: Any = raised.response
    return response["Error"]


@pytest.mark.parametrize(
    "refused", [refused for *_, refused in EXAMPLES], ids=[f"{id_}-{number}" for id_, number, _ in EXAMPLES]
)
def test_the_sandbox_refuses_what_aws_refuses(refused: RefusedCall, send: Send) -> None:
    for operation, request in refused.before:
        made(send, operation, request)
    with pytest.raises(ClientError) as raised:
        send(refused.operation, refused.request)
    error = error_of(raised.value)
    assert error["Code"] == refused.code
    if refused.sentence.endswith(LISTED):
        assert error["Message"].startswith(refused.sentence)
    else:
        assert error["Message"] == refused.sentence
