#!/usr/bin/env bash
# duckdb 2.0.0 (PyPI); needs Python 3.11.
#
# to_json writes all digits of a DECIMAL. json_merge_patch, with an empty object as the other side, writes the same
# document with the number read as a double: 20 digits become 17, without an error.
#
# Seen:
#   to_json: {"d":12345678901234567890.123456789}
#   json_merge_patch: {"d":12345678901234567000.0}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.0
venv/bin/python - <<'PY' | tee seen
import duckdb

row = "struct_pack(d := 12345678901234567890.123456789::DECIMAL(38,9))"
print("to_json:", *duckdb.sql(f"SELECT to_json({row})").fetchall()[0])
print("json_merge_patch:", *duckdb.sql(f"SELECT json_merge_patch('{{}}', to_json({row}))").fetchall()[0])
PY
diff seen - <<'SEEN'
to_json: {"d":12345678901234567890.123456789}
json_merge_patch: {"d":12345678901234567000.0}
SEEN
