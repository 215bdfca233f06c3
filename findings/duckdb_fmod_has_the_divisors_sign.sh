#!/usr/bin/env bash
# duckdb 1.4.4 and 2.0.1 (PyPI); needs Python 3.11.
#
# In C, Java, Python's math, PostgreSQL's mod and DuckDB's own % a remainder has the sign of the dividend. DuckDB's
# function fmod, which has the name of C's, gives it the divisor's sign, as Python's % does; and of a small negative
# dividend it returns the divisor itself, so that "fmod(x, n) < n" does not hold. A query that is moved from % to fmod,
# or from another engine, changes its results for negative values only.
#
# Seen: the last lines of this file, the same with both versions.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > ask.py <<'PY'
import math

import duckdb

for x, y in ((-7.5, 3.0), (7.0, -3.0), (-1e-20, 3.0)):
    of_duckdb = duckdb.execute("SELECT fmod($x, $y), $x::DOUBLE % $y::DOUBLE", {"x": x, "y": y}).fetchone()
    print(f"{x:g} and {y:g}: fmod {of_duckdb[0]:g}, % {of_duckdb[1]:g}, C's fmod {math.fmod(x, y):g}")
PY
for version in 1.4.4 2.0.1; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
  "venv-$version/bin/python" ask.py > "seen-$version"
  diff "seen-$version" - <<'SEEN'
-7.5 and 3: fmod 1.5, % -1.5, C's fmod -1.5
7 and -3: fmod -2, % 1, C's fmod 1
-1e-20 and 3: fmod 3, % -1e-20, C's fmod -1e-20
SEEN
  cat "seen-$version"
done
