#!/usr/bin/env bash
# pulumi-aws 7.51.1 with pulumi 3.272.0 (PyPI); needs Python 3.11.
#
# The reference of a resource is in its source, but not available from help(), an interactive shell's `?` or
# inspect.getdoc: neither the class nor its __init__ has a docstring at run time. It is on an overload,
# whose docstring only typing.get_overloads returns.
#
# Seen:
#   Bucket: class None, __init__ None, first overload 12415 characters
#   Table: class None, __init__ None, first overload 18316 characters
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pulumi==3.272.0 pulumi-aws==7.51.1
venv/bin/python - <<'PY' | tee seen
import typing

import pulumi_aws as aws

for resource in (aws.s3.Bucket, aws.dynamodb.Table):
    overload = typing.get_overloads(resource.__init__)[0]
    print(
        f"{resource.__name__}: class {resource.__doc__}, __init__ {resource.__init__.__doc__}, "
        f"first overload {len(overload.__doc__)} characters"
    )
PY
diff seen - <<'SEEN'
Bucket: class None, __init__ None, first overload 12415 characters
Table: class None, __init__ None, first overload 18316 characters
SEEN
