"""Valid requests; each rule's example is one change away from one."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, cast

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/audit"
STREAM = f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/audit"
TABLE_STREAM = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/audit/stream/2026-01-01T00:00:00.000"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:audit"
BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/audit"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:audit:$LATEST"

Request = Mapping[str, Any]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)

TABLE: Request = {
    "TableName": "audit",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
PIPE: Request = {
    "Name": "audit",
    "RoleArn": ROLE,
    "Source": TABLE_STREAM,
    "SourceParameters": {"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
    "Target": STREAM,
    "TargetParameters": {"KinesisStreamParameters": {"PartitionKey": "$.dynamodb.Keys.id.S"}},
}
DELIVERY: Request = {
    "DeliveryStreamName": "audit",
    "DeliveryStreamType": "KinesisStreamAsSource",
    "KinesisStreamSourceConfiguration": {"KinesisStreamARN": STREAM, "RoleARN": ROLE},
    "ExtendedS3DestinationConfiguration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::audit"},
}
CONVERSION: Request = {
    "Enabled": True,
    "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
    "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "audit", "TableName": "audit"},
}
FUNCTION_CODE: Request = {
    "FunctionName": "audit",
    "Role": ROLE,
    "Runtime": "python3.13",
    "Handler": "audit.handler",
    "Code": {"ZipFile": b"PK\x05\x06" + bytes(18)},
}
CRAWLER: Request = {
    "Name": "audit",
    "Role": ROLE,
    "DatabaseName": "audit",
    "Targets": {"S3Targets": [{"Path": "s3://audit/rows/"}]},
}
ALARM: Request = {
    "AlarmName": "audit",
    "Namespace": "AWS/Kinesis",
    "MetricName": "IncomingRecords",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 5,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def but(request: Request, changed: Mapping[str, Any]) -> Request:
    """A request with other values at these paths ("A.B.0.C"); None removes a value, and missing paths are created."""
    other: Any = copy.deepcopy(dict(request))
    for path, value in changed.items():
        inside: Any = other
        *names, last = path.split(".")
        for name in names:
            inside = cast("list[Any]", inside)[int(name)] if isinstance(inside, list) else inside.setdefault(name, {})
        if value is None:
            inside.pop(last)
        else:
            inside[int(last) if isinstance(inside, list) else last] = value
    return other


def failed(path: str, constraint: str, *, value: str | None = None, shown: bool = True) -> str:
    """The sentence for one member that violates its model's constraint.

    `value` is the value in the service's form; without `shown`, the service omits it.
    """
    said = f" '{value}'" if shown else ""
    return (
        f"1 validation error detected: Value{said} at '{path}' failed to satisfy constraint: Member must {constraint}"
    )
