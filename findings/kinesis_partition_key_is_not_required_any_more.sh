#!/usr/bin/env bash
# botocore 1.40.61 and 1.44.8 (PyPI); needs Python 3.11.
#
# The newer model of Kinesis no longer lists PartitionKey among the required members of PutRecord and of an entry of
# PutRecords, though the model's own documentation says that a stream needs one unless it chooses its shards in another
# way. So a record without a key, which the client refused before it was sent, now goes to the service: a test that
# expects ParamValidationError fails, and the error appears one round trip later.
#
# Seen:
#   1.40.61 PutRecord: Data, PartitionKey; entry: Data, PartitionKey
#   1.44.8 PutRecord: Data; entry: Data
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 1.40.61 1.44.8; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --disable-pip-version-check "botocore==$version"
  "venv-$version/bin/python" - "$version" <<'PY'
import sys

import botocore.session

model = botocore.session.get_session().get_service_model("kinesis")
record = model.operation_model("PutRecord").input_shape.required_members
entry = model.operation_model("PutRecords").input_shape.members["Records"].member.required_members
print(f"{sys.argv[1]} PutRecord: {', '.join(sorted(record))}; entry: {', '.join(sorted(entry))}")
PY
done | tee seen
diff seen - <<'SEEN'
1.40.61 PutRecord: Data, PartitionKey; entry: Data, PartitionKey
1.44.8 PutRecord: Data; entry: Data
SEEN
