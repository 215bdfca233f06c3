#!/usr/bin/env bash
# software.amazon.dynamodb:DynamoDBLocal 3.3.1 (Maven Central) with boto3 1.44.8 (PyPI); needs Python 3.11, Java 17 and
# Maven.
#
# A Query that stops at its Limit returns LastEvaluatedKey, whether or not an item follows. DynamoDB Local does so for
# the bounds < and >, but not when the page's last sort key equals the bound of <=, >= or BETWEEN: there the same page
# is the last one. In both cases nothing follows, so a test of a loop over pages makes one call less with <= than with
# a < that selects the same items, and less than by the API's page.
#
# Seen: the last lines of this file: the condition, the items, whether LastEvaluatedKey is in the answer.
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
kinds = {"customer": "S", "number": "N"}
dynamodb.create_table(
    TableName="orders",
    AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
    KeySchema=[{"AttributeName": name, "KeyType": key} for name, key in zip(kinds, ("HASH", "RANGE"), strict=True)],
    BillingMode="PAY_PER_REQUEST",
)
for number in range(1, 6):
    dynamodb.put_item(TableName="orders", Item={"customer": {"S": "c"}, "number": {"N": str(number)}})
bounds = {"<": "number < :b", "<=": "number <= :b", "BETWEEN": "number BETWEEN :a AND :b"}
for name, last in (("<", "3"), ("<=", "2"), ("BETWEEN", "2")):
    values = {":c": {"S": "c"}, ":b": {"N": last}} | ({":a": {"N": "1"}} if name == "BETWEEN" else {})
    answer = dynamodb.query(
        TableName="orders",
        KeyConditionExpression=f"customer = :c AND {bounds[name].replace('number', '#n')}",
        ExpressionAttributeNames={"#n": "number"},
        ExpressionAttributeValues=values,
        Limit=2,
    )
    print(name, last, [item["number"]["N"] for item in answer["Items"]], "LastEvaluatedKey" in answer)
PY
diff seen - <<'SEEN'
< 3 ['1', '2'] True
<= 2 ['1', '2'] False
BETWEEN 2 ['1', '2'] False
SEEN
