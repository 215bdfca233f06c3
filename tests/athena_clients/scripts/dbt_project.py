"""dbt-athena: a seed, a table, two incremental models and a view over orders, with their tests, built twice."""

import os
import shutil
import subprocess
from pathlib import Path

from pyathena import connect

folder = Path(os.environ["CLIENT_DIRECTORY"]) / "dbt"
shutil.copytree(Path(__file__).parent / "dbt", folder)
command = ("dbt", "build", "--no-use-colors", "--profiles-dir", str(folder), "--project-dir", str(folder))
cursor = connect(s3_staging_dir="s3://athena-clients/results/", schema_name="shop_dbt").cursor()
for rows in (3, 4):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0
    assert cursor.execute("SELECT count(*) FROM recent").fetchall() == [(rows,)]
    assert cursor.execute("SELECT count(*) FROM overwritten").fetchall() == [(rows,)]
    cursor.execute(
        "INSERT INTO shop.orders SELECT 4, 'placed', CAST('1.00' AS decimal(18, 2)), NULL, DATE '2026-01-03'"
    )
assert cursor.execute("SELECT name, weight FROM countries ORDER BY code").fetchall() == [
    ("Germany", 1.5),
    ("France, la", 2.0),
]
assert cursor.execute("SELECT count(*) FROM current_states").fetchall() == [(6,)]
