#!/usr/bin/env bash
# software.amazon.dynamodb:DynamoDBLocal 3.3.1 (Maven Central) with boto3 1.44.8 and moto 5.2.3 (PyPI, for its copy of
# the list); needs Python 3.11, Java 17 and Maven.
#
# DynamoDB's guide lists 573 reserved words that an expression must not name without a placeholder. DynamoDB Local takes
# two of them, CONVERT and SIZE, so a projection of `size` that passes every local test is against the guide. The other
# way round, `remove` is not on the list, and yet no expression can name it, because a section of updates begins so: the
# error is of syntax and names no reserved word. Who puts placeholders by the list alone misses that one.
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
venv/bin/pip install --quiet --disable-pip-version-check boto3==1.44.8 moto==5.2.3
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
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

port = int(sys.argv[1])
end = time.monotonic() + 60
while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
    time.sleep(0.2)
access = {"region_name": "us-east-1", "aws_access_key_id": "key", "aws_secret_access_key": "key"}
dynamodb = boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{port}", **access)
dynamodb.create_table(
    TableName="parcels",
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    BillingMode="PAY_PER_REQUEST",
)
dynamodb.put_item(TableName="parcels", Item={"id": {"S": "p"}, "size": {"S": "XL"}, "remove": {"BOOL": True}})


def projected(word):
    try:
        answer = dynamodb.get_item(TableName="parcels", Key={"id": {"S": "p"}}, ProjectionExpression=word)
    except ClientError as error:
        return error.response["Error"]["Message"]
    return answer["Item"]


listed = set(ReservedKeywords.get_reserved_keywords())
taken = sorted(word for word in listed if isinstance(projected(word), dict))
print(len(listed), "listed, taken:", *taken)
print("size:", projected("size"))
print("REMOVE listed:", "REMOVE" in listed)
print("remove:", projected("remove"))
PY
diff seen - <<'SEEN'
573 listed, taken: CONVERT SIZE
size: {'size': {'S': 'XL'}}
REMOVE listed: False
remove: Invalid ProjectionExpression: Syntax error; token: "remove", near: "remove"
SEEN
