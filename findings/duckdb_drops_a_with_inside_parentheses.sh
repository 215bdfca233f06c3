#!/usr/bin/env bash
# duckdb 2.0.1 (PyPI); needs Python 3.11.
#
# A query in parentheses behind a WITH may begin with another WITH, whose names hide those of the outer one. DuckDB 2.0.1
# takes such a statement and drops the inner WITH: a name that both define is the outer one's, with no error, and a name
# of the inner one alone does not exist. One branch more behind it (UNION ALL), and the inner WITH counts. DuckDB 1.5
# refuses the first form with a parser's error, so only the upgrade makes it a wrong result.
#
# Seen:
#   1.5.6 hidden name: ParserException
#   1.5.6 with a further branch: [(2,), (9,)]
#   2.0.1 hidden name: [(1,)]
#   2.0.1 name of the inner one: CatalogException
#   2.0.1 with a further branch: [(2,), (9,)]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > ask.py <<'PY'
import duckdb

OUTER = "WITH latest AS (SELECT 1 AS version) "
HIDDEN = OUTER + "(WITH latest AS (SELECT 2 AS version) SELECT version FROM latest)"
asked = {"hidden name": HIDDEN, "with a further branch": HIDDEN + " UNION ALL SELECT 9"}
if duckdb.__version__.startswith("2."):
    asked["name of the inner one"] = OUTER + "(WITH newer AS (SELECT version FROM latest) SELECT version FROM newer)"
for name in sorted(asked, key=lambda name: ("hidden name", "name of the inner one", "with a further branch").index(name)):
    try:
        found = duckdb.sql(asked[name]).fetchall()
    except duckdb.Error as error:
        found = type(error).__name__
    print(f"{duckdb.__version__} {name}: {found}")
PY
for version in 1.5.6 2.0.1; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
  "venv-$version/bin/python" ask.py
done | tee seen
diff seen - <<'SEEN'
1.5.6 hidden name: ParserException
1.5.6 with a further branch: [(2,), (9,)]
2.0.1 hidden name: [(1,)]
2.0.1 name of the inner one: CatalogException
2.0.1 with a further branch: [(2,), (9,)]
SEEN
