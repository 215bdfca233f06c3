#!/usr/bin/env bash
# botocore 1.40.61 (PyPI); needs Python 3.11.
#
# To make a client of one service, botocore's loader lists the folders of all services, once for each kind of file that
# it looks for: the service's model, and the rules of its endpoints. The first client of a session costs 818 listings,
# where two of the service's own folder would do, as for a second client: the names are kept.
#
# Seen:
#   first client: 818 listings of 408 folders
#   second client: 2 listings of 1 folder
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check botocore==1.40.61
HOME=$folder venv/bin/python - <<'PY' | tee seen
import os

import botocore.session

listed = []
list_folder = os.listdir


def counted(path="."):
    listed.append(str(path))
    return list_folder(path)


os.listdir = counted
session = botocore.session.Session()
for name, service in (("first", "s3"), ("second", "sqs")):
    listed.clear()
    session.create_client(service, "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    folders = len(set(listed))
    print(f"{name} client: {len(listed)} listings of {folders} folder{'s' * (folders > 1)}")
PY
diff seen - <<'SEEN'
first client: 818 listings of 408 folders
second client: 2 listings of 1 folder
SEEN
