#!/usr/bin/env bash
# duckdb 2.0.0 (PyPI); needs Python 3.11.
#
# array_to_string passes over NULL elements, and of an empty list it is the empty text. Of a list that has nothing but
# NULLs it is NULL, so that joining an order's notes loses the whole text when none is filled in, and only then.
#
# Seen:
#   ['a', NULL]: a
#   []: ''
#   [NULL]: None
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.0
venv/bin/python - <<'PY' | tee seen
import duckdb

for notes in ("['a', NULL]", "[]", "[NULL]"):
    ((joined,),) = duckdb.sql(f"SELECT array_to_string({notes}::VARCHAR[], ',')").fetchall()
    print(f"{notes}: {joined!r}" if not joined else f"{notes}: {joined}")
PY
diff seen - <<'SEEN'
['a', NULL]: a
[]: ''
[NULL]: None
SEEN
