#!/usr/bin/env bash
# software.amazon.dynamodb:DynamoDBLocal 3.3.1 (Maven) with boto3 1.40.61 (PyPI); needs Java 17, Maven and Python 3.11.
#
# An item's limit of 400 KB counts a size that differs from that of its JSON. An empty string
# in a list counts one byte and is nine in JSON, so an item just under the limit is 3.7 MB on the wire; a
# stream record with both images of its update would be 7.4 MB, more than a Kinesis record (1 MiB), a Lambda
# payload (6 MB) or one response of GetRecords (1 MB on the service) can be.
#
# Seen:
#   most empty strings in a list: 409593; the item's JSON: 3686365 bytes
#   most booleans in a list: 204796; the item's JSON: 3071968 bytes
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>software.amazon.dynamodb</groupId><artifactId>DynamoDBLocal</artifactId><version>3.3.1</version>
  </dependency></dependencies>
</project>
POM
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > maven.log 2>&1 || { cat maven.log; exit 1; }
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check boto3==1.40.61
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
java -Djava.library.path=lib -cp 'lib/*' software.amazon.dynamodb.services.local.main.ServerRunner \
  -inMemory -port "$port" > server.log 2>&1 &
server=$!
cat > look.py <<'PY'
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

table = boto3.client(
    "dynamodb", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}", region_name="eu-west-1",
    aws_access_key_id="a", aws_secret_access_key="a", config=Config(retries={"total_max_attempts": 10, "mode": "standard"}),
)
for attempt in range(30):
    try:
        table.create_table(
            TableName="items", BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        break
    except EndpointConnectionError:
        continue


def item(value, count):
    return {"id": {"S": "a"}, "l": {"L": [value] * count}}


def fits(value, count):
    try:
        table.put_item(TableName="items", Item=item(value, count))
    except ClientError as error:
        assert error.response["Error"]["Message"] == "Item size has exceeded the maximum allowed size"
        return False
    return True


for name, value, most in (("empty strings", {"S": ""}, 409_593), ("booleans", {"BOOL": False}, 204_796)):
    assert fits(value, most)
    assert not fits(value, most + 1)
    size = len(json.dumps(item(value, most), separators=(",", ":")))
    print(f"most {name} in a list: {most}; the item's JSON: {size} bytes")
PY
venv/bin/python look.py "$port" | tee seen
diff seen - <<'SEEN'
most empty strings in a list: 409593; the item's JSON: 3686365 bytes
most booleans in a list: 204796; the item's JSON: 3071968 bytes
SEEN
