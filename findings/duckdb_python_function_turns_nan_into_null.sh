#!/usr/bin/env bash
# duckdb 2.0.0 with numpy 2.4.6 (PyPI); needs Python 3.11.
#
# A double that is not a number passes through DuckDB's own functions as NaN, but a Python function's NaN comes back as
# NULL: an average over the column then leaves the row out, and a count of NULLs counts it.
#
# Seen:
#   DuckDB's own: nan, NULL False
#   from Python: None, NULL True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.0 numpy==2.4.6
venv/bin/python - <<'PY' | tee seen
import math

import duckdb

connection = duckdb.connect()
connection.create_function("measured", lambda x: math.nan, ["DOUBLE"], "DOUBLE")
for title, call in (("DuckDB's own", "'nan'::DOUBLE + x"), ("from Python", "measured(x)")):
    value, missing = connection.execute(f"SELECT {call}, ({call}) IS NULL FROM (VALUES (1.0)) t(x)").fetchone()
    print(f"{title}: {value}, NULL {missing}")
PY
diff seen - <<'SEEN'
DuckDB's own: nan, NULL False
from Python: None, NULL True
SEEN
