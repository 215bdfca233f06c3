#!/usr/bin/env bash
# software.amazon.dynamodb:DynamoDBLocal 3.3.1 (Maven Central) with boto3 1.44.8 (PyPI); needs Python 3.11, Java 17 and
# Maven.
#
# PartiQL's ORDER BY on the sort key, descending, with a Limit is expected to start at the largest key, as a Query with
# ScanIndexForward false does. DynamoDB Local reads the pages upward and reverses each page by itself: "the newest
# order", with Limit 1, is the oldest, and a loop over pages sees no order at all. Without a Limit the order is right,
# so that a test of few items on one page passes.
#
# Seen: the last lines of this file: the operation, the limit, the pages.
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

port = int(sys.argv[1])
end = time.monotonic() + 60
while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
    time.sleep(0.2)
access = {"region_name": "us-east-1", "aws_access_key_id": "key", "aws_secret_access_key": "key"}
dynamodb = boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{port}", **access)
kinds = {"customer": "S", "placed": "N"}
dynamodb.create_table(
    TableName="orders",
    AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
    KeySchema=[{"AttributeName": name, "KeyType": key} for name, key in zip(kinds, ("HASH", "RANGE"), strict=True)],
    BillingMode="PAY_PER_REQUEST",
)
for placed in range(1, 6):
    dynamodb.put_item(TableName="orders", Item={"customer": {"S": "c"}, "placed": {"N": str(placed)}})


def pages(limit):
    request = {
        "Statement": "SELECT * FROM orders WHERE customer = ? ORDER BY placed DESC",
        "Parameters": [{"S": "c"}],
    } | ({"Limit": limit} if limit else {})
    while True:
        answer = dynamodb.execute_statement(**request)
        yield [int(item["placed"]["N"]) for item in answer["Items"]]
        if "NextToken" not in answer:
            return
        request["NextToken"] = answer["NextToken"]


for limit in (None, 2, 1):
    print("SELECT", limit, *pages(limit))
queried = dynamodb.get_paginator("query").paginate(
    TableName="orders",
    KeyConditionExpression="customer = :c",
    ExpressionAttributeValues={":c": {"S": "c"}},
    ScanIndexForward=False,
    PaginationConfig={"PageSize": 2},
)
print("Query", 2, *([int(item["placed"]["N"]) for item in page["Items"]] for page in queried))
PY
diff seen - <<'SEEN'
SELECT None [5, 4, 3, 2, 1]
SELECT 2 [2, 1] [4, 3] [5]
SELECT 1 [1] [2] [3] [4] [5] []
Query 2 [5, 4] [3, 2] [1]
SEEN
