"""Pulumi.local.yaml lets the AWS provider work against the sandbox, and against nothing else."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
# By the first part of a type: the keys of the provider's `endpoints` of all services that its resources call.
# Bucket tags are read by S3 Control since terraform-provider-aws 6.23 (issue 45292 there).
CALLED = {
    "appautoscaling": {"appautoscaling"},
    "athena": {"athena"},
    "cloudwatch": {"cloudwatch", "eventbridge", "logs"},
    "dynamodb": {"dynamodb"},
    "glue": {"glue"},
    "iam": {"iam"},
    "kinesis": {"firehose", "kinesis"},
    "kms": {"kms"},
    "lambda": {"lambda"},
    "pipes": {"pipes"},
    "s3": {"s3", "s3control"},
    "scheduler": {"scheduler"},
    "sfn": {"sfn"},
    "sns": {"sns"},
    "sqs": {"sqs"},
}
ALWAYS = {"appautoscaling", "resourcegroupstaggingapi", "sts"}


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    return {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}


def test_every_service_that_the_program_s_types_call_has_an_endpoint(settings: dict[str, Any]) -> None:
    snapshots = (ROOT / "tests" / "unit" / "components" / "snapshots").glob("*.txt")
    modules = {module for path in snapshots for module in re.findall(r"^ *aws:(\w+)/", path.read_text(), re.MULTILINE)}
    assert modules <= set(CALLED)
    (endpoints,) = settings["endpoints"]
    assert set(endpoints) == ALWAYS.union(*(CALLED[module] for module in modules))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_endpoints_are_the_provider_s(settings: dict[str, Any]) -> None:
    known: dict[str, object] = import_module("pulumi_aws").ProviderEndpointArgs.__init__.__annotations__
    (endpoints,) = settings["endpoints"]
    assert {{"lambda": "lambda_"}.get(name, name) for name in endpoints} <= set(known)


def test_all_calls_go_to_the_one_endpoint_and_what_has_another_name_to_it_as_a_proxy(settings: dict[str, Any]) -> None:
    """aws-sdk-go-v2's S3 Control puts the account before the endpoint's host, an address too: no DNS knows that."""
    (endpoints,) = settings["endpoints"]
    (url,) = set(endpoints.values())
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    assert (settings["httpProxy"], settings["httpsProxy"]) == (url, url)


def test_the_provider_asks_for_the_account(settings: dict[str, Any]) -> None:
    """Without it S3 Control's endpoint rules fail: https://github.com/hashicorp/terraform-provider-aws/issues/45520."""
    assert "skipRequestingAccountId" not in settings
