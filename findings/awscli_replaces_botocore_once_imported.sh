#!/usr/bin/env bash
# awscli 1.46.3 with botocore 1.40.61 (PyPI); needs Python 3.11.
#
# The AWS CLI is installed as a package beside botocore. It contains its own botocore, and once it is imported, an
# import hook binds that one to the name: in a program with both, the order of imports decides which botocore it gets.
#
# Seen:
#   installed: 1.40.61
#   imported after awscli: another
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check awscli==1.46.3 botocore==1.40.61
venv/bin/python - <<'PY' | tee seen
from importlib.metadata import version

print("installed:", version("botocore"))
import awscli.clidriver
import botocore

print("imported after awscli:", "the installed" if botocore.__version__ == version("botocore") else "another")
PY
diff seen - <<'SEEN'
installed: 1.40.61
imported after awscli: another
SEEN
