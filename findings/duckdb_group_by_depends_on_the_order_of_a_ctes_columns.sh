#!/usr/bin/env bash
# duckdb 2.0.1 (PyPI); needs Python 3.11.
#
# The columns of a CTE have names, so their order should not matter to a query that names them. In DuckDB 2.0.1 it
# decides the plan: where a CTE is used twice, the minimum and maximum of its first columns reach the query and those of
# the last ones do not. So a GROUP BY of a day, or of any small range, counts in an array if the CTE selects the day first
# and hashes if it selects it last. The rows are the same; only EXPLAIN shows the difference.
#
# Seen:
#   id, shop, amount, day: Hash Group By, 30 rows
#   day, amount, id, shop: Perfect Hash Group By, 30 rows
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > ask.py <<'PY'
import duckdb

con = duckdb.connect()
con.execute(
    "CREATE TABLE sales AS SELECT i AS id, 'shop ' || i % 7 AS shop, i * 3 AS amount,"
    " DATE '2026-01-01' + CAST(i % 30 AS INTEGER) AS day FROM range(10000) AS t(i)"
)
for columns in ("id, shop, amount, day", "day, amount, id, shop"):
    cte = f"WITH s AS (SELECT {columns} FROM sales) "
    rows = "(SELECT day, amount FROM s WHERE id < 5 UNION ALL SELECT a.day, a.amount FROM s AS a JOIN s AS b ON a.id = b.id)"
    grouped = f"{cte}SELECT day, sum(amount) FROM {rows} GROUP BY day"
    (plan,) = (row[1] for row in con.execute(f"EXPLAIN {grouped}").fetchall())
    kind = "Perfect Hash Group By" if "Perfect Hash Group By" in plan else "Hash Group By"
    print(f"{columns}: {kind}, {len(con.execute(grouped).fetchall())} rows")
PY
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "duckdb==2.0.1"
venv/bin/python ask.py | tee seen
diff seen - <<'SEEN'
id, shop, amount, day: Hash Group By, 30 rows
day, amount, id, shop: Perfect Hash Group By, 30 rows
SEEN
