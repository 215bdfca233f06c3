"""A workgroup's settings and a request's own make a query's."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.athena.errors import ApiError
from sandbox.athena.workgroups import QuerySettings, Workgroups


class OneGroup:
    """An Athena client with one workgroup."""

    def __init__(self, **group: object) -> None:
        self._group = group

    def get_work_group(self, **asked: str) -> dict[str, Any]:
        return {"WorkGroup": self._group} if asked["WorkGroup"] == "group" else {}

    class exceptions:  # noqa: N801 - a boto3 client's own name
        """What the client raises."""

        ClientError = ClientError


def settings(asked: dict[str, Any], configuration: dict[str, Any], state: str = "ENABLED") -> QuerySettings:
    return Workgroups(OneGroup(State=state, Configuration=configuration)).settings("group", asked)


def test_an_enforcing_workgroup_has_the_last_word() -> None:
    group = {
        "EnforceWorkGroupConfiguration": True,
        "BytesScannedCutoffPerQuery": 10,
        "ResultConfiguration": {
            "OutputLocation": "s3://group/results",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        },
    }
    found = settings({"OutputLocation": "s3://mine/"}, group)
    assert (found.output_location, found.cutoff_bytes) == ("s3://group/results/", 10)
    assert found.result_configuration == {"EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}}


def test_otherwise_the_request_has() -> None:
    group = {"EnforceWorkGroupConfiguration": False, "ResultConfiguration": {"OutputLocation": "s3://group/"}}
    assert settings({"OutputLocation": "s3://mine/x/"}, group).output_location == "s3://mine/x/"
    assert settings({}, group).output_location == "s3://group/"


@pytest.mark.parametrize(
    ("name", "state", "location", "message"),
    [
        ("missing", "ENABLED", "s3://b/", "WorkGroup is not found."),
        ("group", "DISABLED", "s3://b/", "WorkGroup group is disabled."),
        ("group", "ENABLED", "", "No output location provided."),
        ("group", "ENABLED", "/tmp", "outputLocation is not a valid S3 path."),
    ],
)
def test_refusals(name: str, state: str, location: str, message: str) -> None:
    groups = Workgroups(OneGroup(State=state, Configuration={}))
    with pytest.raises(ApiError, match=message):
        groups.settings(name, {"OutputLocation": location})
