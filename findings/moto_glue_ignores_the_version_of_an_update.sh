#!/usr/bin/env bash
# moto 5.2.5 with boto3 1.44.8 (PyPI); needs Python 3.11.
#
# Iceberg's Glue catalogs commit by UpdateTable with the VersionId that they have read: AWS refuses it with
# ConcurrentModificationException when another writer was first. moto accepts the parameter and ignores it, so
# that the second of two concurrent commits replaces the first without an error, and its rows are gone.
#
# Seen:
#   read by both: metadata-0
#   after the first commit: metadata-1
#   after the second, with the old VersionId: metadata-2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "moto[glue]==5.2.5" boto3==1.44.8
venv/bin/python - <<'PY' | tee seen
import boto3
from moto import mock_aws

with mock_aws():
    glue = boto3.client("glue", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a")
    glue.create_database(DatabaseInput={"Name": "shop"})

    def table(metadata):
        return {"Name": "orders", "TableType": "EXTERNAL_TABLE", "Parameters": {"metadata_location": metadata}}

    def current():
        return glue.get_table(DatabaseName="shop", Name="orders")["Table"]

    glue.create_table(DatabaseName="shop", TableInput=table("metadata-0"))
    read = current()
    print("read by both:", read["Parameters"]["metadata_location"])
    glue.update_table(DatabaseName="shop", TableInput=table("metadata-1"), VersionId=read["VersionId"])
    print("after the first commit:", current()["Parameters"]["metadata_location"])
    glue.update_table(DatabaseName="shop", TableInput=table("metadata-2"), VersionId=read["VersionId"])
    print("after the second, with the old VersionId:", current()["Parameters"]["metadata_location"])
PY
diff seen - <<'SEEN'
read by both: metadata-0
after the first commit: metadata-1
after the second, with the old VersionId: metadata-2
SEEN
