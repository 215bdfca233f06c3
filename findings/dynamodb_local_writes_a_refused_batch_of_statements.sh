#!/usr/bin/env bash
# software.amazon.dynamodb:DynamoDBLocal 3.3.1 (Maven Central) with boto3 1.44.8 (PyPI); needs Python 3.11, Java 17 and
# Maven.
#
# A request that fails its validation is expected to have written nothing. DynamoDB Local answers a
# BatchExecuteStatement with two statements for one key with "Provided list of item keys contains duplicates", as
# BatchWriteItem does, but here both statements were carried out. A client that corrects and repeats the refused request
# adds twice, and a test that only looks at the error does not see it. BatchWriteItem and ExecuteTransaction refuse the
# same and leave the item unchanged.
#
# Seen: the last lines of this file: the operation, its error, the pieces after it; None is no item.
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
    TableName="stock",
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    BillingMode="PAY_PER_REQUEST",
)
update, delete = "UPDATE stock SET pieces = pieces + 1 WHERE id = 'a'", "DELETE FROM stock WHERE id = 'a'"
put = {"PutRequest": {"Item": {"id": {"S": "a"}, "pieces": {"N": "9"}}}}
for operation, request in (
    ("batch_execute_statement", {"Statements": [{"Statement": update}] * 2}),
    ("batch_execute_statement", {"Statements": [{"Statement": delete}] * 2}),
    ("execute_transaction", {"TransactStatements": [{"Statement": update}] * 2}),
    ("batch_write_item", {"RequestItems": {"stock": [put] * 2}}),
):
    dynamodb.put_item(TableName="stock", Item={"id": {"S": "a"}, "pieces": {"N": "1"}})
    try:
        getattr(dynamodb, operation)(**request)
        print(operation, "succeeds")
    except ClientError as error:
        print(operation, error.response["Error"]["Message"], sep=": ")
    print("  ", dynamodb.get_item(TableName="stock", Key={"id": {"S": "a"}}).get("Item", {}).get("pieces"))
PY
diff seen - <<'SEEN'
batch_execute_statement: Provided list of item keys contains duplicates
   {'N': '3'}
batch_execute_statement: Provided list of item keys contains duplicates
   None
execute_transaction: Transaction request cannot include multiple operations on one item
   {'N': '1'}
batch_write_item: Provided list of item keys contains duplicates
   {'N': '1'}
SEEN
