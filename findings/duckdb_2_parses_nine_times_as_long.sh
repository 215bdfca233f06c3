#!/usr/bin/env bash
# duckdb 1.5.6 and 2.0.1 (PyPI); needs Python 3.11.
#
# EXPLAIN ANALYZE does not show how long a statement takes to parse. DuckDB 2.0 has another parser than 1.5, and takes
# about nine times as long for the same text: 2.7 ms instead of 0.3 for a SELECT of 300 sums, of 14 ms for the whole. A
# service whose generated queries are long and whose rows are few is slower after the upgrade. A statement of
# extract_statements() can be executed again, with other parameters, without parsing.
#
# The times depend on the machine, so the script prints only what compares the two versions in one run.
#
# Seen:
#   2.0.1 takes more than 4 times as long as 1.5.6 to parse 300 columns: True
#   2.0.1 saves more than half of its parsing by executing a parsed statement: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > ask.py <<'PY'
import statistics
import time

import duckdb

con = duckdb.connect()
con.execute("CREATE TABLE wide AS SELECT " + ", ".join(f"{i} AS c{i}" for i in range(300)))
text = "SELECT " + ", ".join(f"c{i} + 1 AS d{i}" for i in range(300)) + " FROM wide"
(parsed,) = duckdb.extract_statements(text)


def timed(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


rounds = [
    (
        timed(lambda: duckdb.extract_statements(text)),
        timed(lambda: con.execute(text).fetchall()),
        timed(lambda: con.execute(parsed).fetchall()),
    )
    for _ in range(101)
]
print(*(statistics.median(times) for times in zip(*rounds)))
PY
for version in 1.5.6 2.0.1; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
  "venv-$version/bin/python" ask.py > "times-$version"
done
python3 - <<'PY' | tee seen
old, new = ([float(one) for one in open(f"times-{version}").read().split()] for version in ("1.5.6", "2.0.1"))
print(f"2.0.1 takes more than 4 times as long as 1.5.6 to parse 300 columns: {new[0] > 4 * old[0]}")
print(f"2.0.1 saves more than half of its parsing by executing a parsed statement: {new[1] - new[2] > new[0] / 2}")
PY
diff seen - <<'SEEN'
2.0.1 takes more than 4 times as long as 1.5.6 to parse 300 columns: True
2.0.1 saves more than half of its parsing by executing a parsed statement: True
SEEN
