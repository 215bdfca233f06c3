#!/usr/bin/env bash
# awslambdaric 4.2.2 (PyPI), AWS's own runtime client of Python functions; needs Python 3.11.
#
# The same response of a function is three times as long on the managed runtime python3.11 as on python3.12:
# the client escapes non-ASCII characters (\u00e9, six bytes) only where AWS_EXECUTION_ENV names a runtime older
# than 3.12, independent of the Python version. A response near Lambda's limit of 6 MB fits on one and not on the other.
#
# Seen:
#   AWS_Lambda_python3.11: 6009 bytes
#   AWS_Lambda_python3.12: 2009 bytes
#   AWS_Lambda_python3.13: 2009 bytes
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check awslambdaric==4.2.2
for runtime in python3.11 python3.12 python3.13; do
  AWS_EXECUTION_ENV=AWS_Lambda_$runtime venv/bin/python - <<'PY'
import os

from awslambdaric.lambda_runtime_marshaller import to_json

answer = to_json({"x": "\u00e9" * 1000})
print(f"{os.environ['AWS_EXECUTION_ENV']}: {len(answer.encode())} bytes")
PY
done | tee seen
diff seen - <<'SEEN'
AWS_Lambda_python3.11: 6009 bytes
AWS_Lambda_python3.12: 2009 bytes
AWS_Lambda_python3.13: 2009 bytes
SEEN
