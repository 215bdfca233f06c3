#!/usr/bin/env bash
# duckdb 1.5.6 and 2.0.1 (PyPI); needs Python 3.11.
#
# DuckDB 2.0 raises an error where 1.5 gave NULL for a division by zero, so a query guards it: a subquery selects the
# rows that can be divided by, and computes. That works until its result is filtered: a comparison of the computed column
# is moved into the subquery, in front of the subquery's own WHERE, and divides by zero for the rows that this excludes.
#
# Seen:
#   1.5.6 subquery: 6 rows
#   1.5.6 filtered: 3 rows
#   2.0.1 subquery: 6 rows
#   2.0.1 filtered: InvalidInputException: Invalid Input Error: Division by zero in expression (60 // (a % 3))
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > ask.py <<'PY'
import duckdb

con = duckdb.connect()
con.execute("CREATE TABLE t AS SELECT i AS a FROM range(10) AS r(i)")
guarded = "SELECT 60 // (a % 3) AS share FROM t WHERE a % 3 <> 0"
for name, sql in (("subquery", guarded), ("filtered", f"SELECT share FROM ({guarded}) WHERE share = 60")):
    try:
        found = f"{len(con.execute(sql).fetchall())} rows"
    except duckdb.Error as error:
        found = f"{type(error).__name__}: {str(error).partition('. ')[0]}"
    print(f"{duckdb.__version__} {name}: {found}")
PY
for version in 1.5.6 2.0.1; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
  "venv-$version/bin/python" ask.py
done | tee seen
diff seen - <<'SEEN'
1.5.6 subquery: 6 rows
1.5.6 filtered: 3 rows
2.0.1 subquery: 6 rows
2.0.1 filtered: InvalidInputException: Invalid Input Error: Division by zero in expression (60 // (a % 3))
SEEN
