from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.permission import EVERYBODY, Condition, Permission, Principal, policy, tls_only, trust

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"


async def document(text: pulumi.Output[str]) -> dict[str, Any]:
    return json.loads(await text.future() or "{}")


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Get*", "s3", "s3:", "", "s3:GetObject:more", "S3:GetObject"])
def test_an_action_is_spelled_out(action: str) -> None:
    with pytest.raises(ValueError, match="is not one action of one service"):
        Permission((action,), (ARN,))


def test_a_denial_may_deny_a_whole_service() -> None:
    assert tls_only("s3:*", ARN).actions == ("s3:*",)


@given(st.sampled_from([((), (ARN,)), (("kinesis:PutRecord",), ())]))
def test_a_permission_says_what_and_on_what(given_: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="needs an action and a resource"):
        Permission(*given_)


def test_a_permission_is_a_value() -> None:
    assert Permission(("kinesis:PutRecord",), (ARN,)) == Permission(("kinesis:PutRecord",), (ARN,))


async def test_permissions_become_a_policy() -> None:
    conditions = (
        Condition("StringEquals", "aws:SourceAccount", "123456789012"),
        Condition("StringEquals", "aws:SourceRegion", "eu-west-1"),
        Condition("ArnLike", "aws:SourceArn", ARN),
    )
    writes = Permission(("kinesis:PutRecord", "kinesis:PutRecords"), (ARN,), conditions)
    assert await document(policy([writes])) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
                "Resource": [ARN],
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceRegion": "eu-west-1"},
                    "ArnLike": {"aws:SourceArn": ARN},
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("principal", "said"),
    [
        (EVERYBODY, "*"),
        (Principal("Service", "logging.s3.amazonaws.com"), {"Service": "logging.s3.amazonaws.com"}),
        (Principal("AWS", "arn:aws:iam::123456789012:root"), {"AWS": "arn:aws:iam::123456789012:root"}),
    ],
)
async def test_a_resources_own_policy_names_the_principal(principal: Principal, said: object) -> None:
    allowed = Permission(("s3:PutObject",), ("x",), principal=principal)
    (statement,) = (await document(policy([allowed])))["Statement"]
    assert statement["Principal"] == said


async def test_a_trust_policy_lets_one_service_in_under_its_conditions() -> None:
    trusted = await document(
        trust("pipes.amazonaws.com", [Condition("StringEquals", "aws:SourceAccount", "123456789012")])
    )
    assert trusted["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pipes.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        }
    ]
