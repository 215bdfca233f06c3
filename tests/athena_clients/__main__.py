"""Runs each Athena client against a sandbox and prints the results: `python -m tests.athena_clients PYTHON [NAME …]`.

PYTHON is the interpreter of the clients' own environment (requirements/athena-clients.txt); `make test-athena-clients`
makes it. A client is a script in scripts/ that fails when a result is wrong. It is configured as for AWS, except the
endpoint and the credentials in the environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.state import ACCESS_KEY, SECRET_KEY, client
from tests.integration.sandbox.athena_place import worker
from tests.integration.sandbox.dataplane import running

_SCRIPTS = Path(__file__).parent / "scripts"
_REGION = "eu-west-1"
_TIMEOUT_S = 600
BUCKET = "athena-clients"
ORDERS = """CREATE TABLE shop.orders WITH (external_location = 's3://athena-clients/orders/', format = 'JSON') AS
SELECT * FROM (VALUES
    (1, 'paid', CAST('19.90' AS decimal(18, 2)), TIMESTAMP '2026-01-01 10:00:00', DATE '2026-01-01'),
    (2, 'shipped', CAST('5.05' AS decimal(18, 2)), TIMESTAMP '2026-01-02 11:30:00.5', DATE '2026-01-02'),
    (3, 'paid', CAST(NULL AS decimal(18, 2)), NULL, NULL)
) AS t(id, status, total, placed_at, day)"""
CLIENTS = ("pyathena_cursors", "sqlalchemy_tables", "awswrangler_frames", "dbt_project", "aws_cli")


def main(python: str, names: Sequence[str]) -> int:
    """Run the clients with these names, or all, by an interpreter; 1 if one failed."""
    failed = False
    with (
        TemporaryDirectory(prefix="athena-clients-") as directory,
        running(Path(directory)) as sandbox,
        worker("sandbox.athena", sandbox.endpoint_url, sandbox.state),
    ):
        _create_orders(sandbox.endpoint_url)
        for name in names or CLIENTS:
            failed |= not _passes(python, name, sandbox.endpoint_url, Path(directory))
    return 1 if failed else 0


def _create_orders(endpoint_url: str) -> None:
    athena = client("athena", endpoint_url)
    client("s3", endpoint_url).create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": _REGION})
    client("glue", endpoint_url).create_database(DatabaseInput={"Name": "shop"})
    id_ = athena.start_query_execution(
        QueryString=ORDERS, ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"}
    )["QueryExecutionId"]
    while (status := athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"])["State"] in {
        "QUEUED",
        "RUNNING",
    }:
        time.sleep(0.05)
    if status["State"] != "SUCCEEDED":
        raise RuntimeError(status["StateChangeReason"])


def _passes(python: str, name: str, endpoint_url: str, directory: Path) -> bool:
    """Run a client; return whether it succeeded. The output of a failing one is printed."""
    begun_s = time.monotonic()
    given = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_REGION": _REGION,
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
        "CLIENT_DIRECTORY": str(directory),
    }
    done = subprocess.run(
        (python, str(_SCRIPTS / f"{name}.py")),
        env=os.environ | given,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    passed = done.returncode == 0
    print(f"{name}: {'passed' if passed else 'failed'} in {time.monotonic() - begun_s:.0f} s", flush=True)
    if not passed:
        print(done.stdout + done.stderr, flush=True)
    return passed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
