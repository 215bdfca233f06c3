#!/usr/bin/env bash
# moto 5.2.5 with boto3 1.44.8 (PyPI); needs Python 3.11.
#
# UpdateTable names only the attributes that a new index needs, as its documentation allows. moto replaces the
# table's definitions with them: the type of the table's key is missing in DescribeTable, and a tool that reads the
# key's type there (to scan, export or compare) fails. DynamoDB adds the new definitions to the old ones.
#
# Seen:
#   before: order_id
#   after: customer_id
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "moto[dynamodb]==5.2.5" boto3==1.44.8
venv/bin/python - <<'PY' | tee seen
import boto3
from moto import mock_aws


def defined(client):
    """The attributes whose type the table knows."""
    table = client.describe_table(TableName="orders")["Table"]
    return ", ".join(sorted(one["AttributeName"] for one in table["AttributeDefinitions"]))


with mock_aws():
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a")
    client.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
    )
    print("before:", defined(client))
    index = {
        "IndexName": "by_customer",
        "KeySchema": [{"AttributeName": "customer_id", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    client.update_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "customer_id", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )
    print("after:", defined(client))
PY
diff seen - <<'SEEN'
before: order_id
after: customer_id
SEEN
