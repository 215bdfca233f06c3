"""The provider's functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.deploy.registry import Question, answers


@answers("aws:index/getCallerIdentity:getCallerIdentity")
def caller_identity(question: Question) -> Mapping[str, Any]:
    """Return the caller identity of the sandbox's credentials."""
    identity = question.aws.api("sts").call("get_caller_identity", {})
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "userId": identity["UserId"], "id": account}


@answers("aws:index/getRegion:getRegion")
def region(question: Question) -> Mapping[str, Any]:
    """Return the provider's region."""
    name = question.aws.region
    return {
        "region": name,
        "name": name,
        "id": name,
        "endpoint": f"ec2.{name}.{_dns_suffix(question)}",
        "description": name,
    }


@answers("aws:index/getPartition:getPartition")
def partition(question: Question) -> Mapping[str, Any]:
    """Return the partition of the provider's region."""
    name, suffix = question.aws.partition, _dns_suffix(question)
    reverse = ".".join(reversed(suffix.split(".")))
    return {"partition": name, "id": name, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


@answers("pulumi:pulumi:readStackOutputs")
def stack_outputs(question: Question) -> Mapping[str, Any]:
    """Return a stack's outputs before this update: empty, because the deployer stores no state."""
    return {"name": question.inputs.require("name"), "outputs": {}, "secretOutputNames": []}


def _dns_suffix(question: Question) -> str:
    return "amazonaws.com.cn" if question.aws.partition == "aws-cn" else "amazonaws.com"
