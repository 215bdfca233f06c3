#!/usr/bin/env bash
# moto 5.2.5 with boto3 1.44.8 (PyPI); needs Python 3.11.
#
# DeleteBucketMetricsConfiguration of an empty bucket deletes the bucket, as do the calls that delete its analytics
# and Intelligent-Tiering configurations: moto does not recognise these sub-resources and executes DeleteBucket.
# On a bucket with an object the error is BucketNotEmpty. A configuration that moto supports, such as the inventory's,
# is deleted alone. S3 deletes the configuration and leaves the bucket.
#
# Seen:
#   metrics: the bucket is gone
#   analytics: the bucket is gone
#   intelligent_tiering: the bucket is gone
#   metrics, with an object: BucketNotEmpty
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "moto[s3]==5.2.5" boto3==1.44.8
venv/bin/python - <<'PY' | tee seen
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws


def ended(kind, key=""):
    """What becomes of a bucket of which a configuration is deleted."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a")
        s3.create_bucket(Bucket="a-bucket")
        if key:
            s3.put_object(Bucket="a-bucket", Key=key, Body=b"")
        try:
            getattr(s3, f"delete_bucket_{kind}_configuration")(Bucket="a-bucket", Id="all")
        except ClientError as error:
            return error.response["Error"]["Code"]
        there = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        return "the bucket is there" if there else "the bucket is gone"


for kind in ("metrics", "analytics", "intelligent_tiering"):
    print(f"{kind}: {ended(kind)}")
print(f"metrics, with an object: {ended('metrics', 'key')}")
PY
diff seen - <<'SEEN'
metrics: the bucket is gone
analytics: the bucket is gone
intelligent_tiering: the bucket is gone
metrics, with an object: BucketNotEmpty
SEEN
