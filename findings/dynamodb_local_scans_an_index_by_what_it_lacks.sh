#!/usr/bin/env bash
# software.amazon.dynamodb:DynamoDBLocal 3.3.1 (Maven Central) with boto3 1.44.8 (PyPI); needs Python 3.11, Java 17 and
# Maven.
#
# A KEYS_ONLY index has nothing but keys, so a filter of a Scan of it should find no other attribute, as a projection of
# one is refused. DynamoDB Local filters the Scan by the table's whole item and then answers with the keys: a filter on
# an attribute that was never projected selects the right items, and attribute_not_exists is false for it. Query refuses
# the same filter on the same index. A job that passes its tests by such a Scan depends on data that the index does not
# have.
#
# Seen: the last lines of this file.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>findings</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>software.amazon.dynamodb</groupId><artifactId>DynamoDBLocal</artifactId><version>3.3.1</version>
    </dependency>
  </dependencies>
</project>
POM
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=jars
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check boto3==1.44.8
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
java -Djava.library.path=jars -cp 'jars/*' software.amazon.dynamodb.services.local.main.ServerRunner \
  -inMemory -port "$port" > log 2>&1 &
server=$!
venv/bin/python - "$port" <<'PY' | tee seen
import socket
import sys
import time

import boto3
from botocore.exceptions import ClientError

port = int(sys.argv[1])
end = time.monotonic() + 60
while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
    time.sleep(0.2)
access = {"region_name": "us-east-1", "aws_access_key_id": "key", "aws_secret_access_key": "key"}
dynamodb = boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{port}", **access)
dynamodb.create_table(
    TableName="orders",
    AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "customer")],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    GlobalSecondaryIndexes=[
        {
            "IndexName": "customers",
            "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    BillingMode="PAY_PER_REQUEST",
)
for name, note in (("1", "paid"), ("2", "sent")):
    dynamodb.put_item(TableName="orders", Item={"id": {"S": name}, "customer": {"S": "c"}, "note": {"S": note}})
index = {"TableName": "orders", "IndexName": "customers"}
paid, customer = {":n": {"S": "paid"}}, {":c": {"S": "c"}}
for operation, request in (
    ("scan", {"FilterExpression": "note = :n", "ExpressionAttributeValues": paid}),
    ("scan", {"FilterExpression": "attribute_not_exists(note)"}),
    ("scan", {"ProjectionExpression": "note"}),
    (
        "query",
        {
            "KeyConditionExpression": "customer = :c",
            "FilterExpression": "note = :n",
            "ExpressionAttributeValues": paid | customer,
        },
    ),
):
    try:
        answer = getattr(dynamodb, operation)(**index, **request)
        print(operation, [sorted((name, *value.values()) for name, value in item.items()) for item in answer["Items"]])
    except ClientError as error:
        print(operation, *error.response["Error"]["Message"].split(": "), sep="\n  ")
PY
diff seen - <<'SEEN'
scan [[('customer', 'c'), ('id', '1')]]
scan []
scan
  One or more parameter values were invalid
  Global secondary index customers does not project [note]
query
  One or more parameter values were invalid
  Secondary index customers does not project one or more filter attributes
  [note]
SEEN
