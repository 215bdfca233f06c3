#!/usr/bin/env bash
# boto3 1.40.61 with botocore 1.40.61 (PyPI); needs Python 3.11.
#
# A client of S3 Control with a custom endpoint puts the account ID before the host's name even where
# the host is an address: http://127.0.0.1:4566 becomes http://123456789012.127.0.0.1:4566, which no resolver
# resolves, so a client cannot read a bucket's tags from an emulator at an address. S3's client leaves an address
# unchanged and puts the bucket into the path.
#
# Seen:
#   s3control: 123456789012.127.0.0.1:4566
#   s3: 127.0.0.1:4566
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check boto3==1.40.61
venv/bin/python - <<'PY' | tee seen
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse

ENDPOINT = dict(
    endpoint_url="http://127.0.0.1:4566", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="a"
)


def asked(service, operation, **arguments):
    """The host that a call would go to; nothing is sent."""
    hosts = []

    def answer(request, **_):
        hosts.append(urlsplit(request.url).netloc)
        return AWSResponse(request.url, 200, {}, None)

    client = boto3.client(service, **ENDPOINT)
    client.meta.events.register("before-send", answer)
    try:
        getattr(client, operation)(**arguments)
    except Exception:
        pass  # the made-up answer has no body
    return hosts[0]


bucket = "a-bucket"
print("s3control:", asked("s3control", "list_tags_for_resource", AccountId="123456789012", ResourceArn=f"arn:aws:s3:::{bucket}"))
print("s3:", asked("s3", "get_bucket_tagging", Bucket=bucket))
PY
diff seen - <<'SEEN'
s3control: 123456789012.127.0.0.1:4566
s3: 127.0.0.1:4566
SEEN
