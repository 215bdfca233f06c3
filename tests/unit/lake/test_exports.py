"""An export that cannot be read: the descriptions have the form of DescribeExport.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportDescription.html
"""

from __future__ import annotations

from typing import Any

import pytest

from lake.exports import completed
from stack import UserError

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/export/01695353076000-a1b2c3d4"


class Exports:
    """A DynamoDB client with one export, and an S3 client that must not be used."""

    def __init__(self, **described: str) -> None:
        self._described = {"ExportArn": ARN, "ExportFormat": "DYNAMODB_JSON"} | described

    def describe_export(self, **request: object) -> dict[str, Any]:
        assert request == {"ExportArn": ARN}
        return {"ExportDescription": self._described}

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is called")


@pytest.mark.parametrize(
    ("described", "sentence"),
    [
        ({"ExportStatus": "IN_PROGRESS"}, "is still in progress: run again when it is complete"),
        (
            {"ExportStatus": "FAILED", "FailureCode": "S3NoSuchBucket", "FailureMessage": "The bucket does not exist."},
            r"has failed \(The bucket does not exist\): begin another one",
        ),
        ({"ExportStatus": "FAILED"}, r"has failed \(no reason is given\)"),
        ({"ExportStatus": "COMPLETED", "ExportFormat": "ION"}, "is in Amazon Ion"),
    ],
)
def test_an_export_that_is_not_complete_is_refused(described: dict[str, str], sentence: str) -> None:
    exports: Any = Exports(**described)
    with pytest.raises(UserError, match=f"^The export {ARN} {sentence}"):
        completed(exports, exports, ARN, wait=False)
