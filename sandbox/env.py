"""`python -m sandbox env`: the environment that a shell, and every AWS client in it, needs to use the sandbox.

eval "$(python -m sandbox env)"

The lines after the exports are comments: a call of each client with the names of the deployed resources.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from sandbox.state import ACCESS_KEY, SECRET_KEY


def variables(outputs: Mapping[str, Any]) -> dict[str, str]:
    """The environment variables, from the outputs of `up`.

    AWS_ENDPOINT_URL: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html. AWS_ALLOW_HTTP belongs
    to Rust's object_store, by which Polars, DataFusion and delta-rs read S3:
    https://docs.rs/object_store/latest/object_store/aws/enum.AmazonS3ConfigKey.html
    """
    return {
        "AWS_ENDPOINT_URL": outputs["endpoint_url"],
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": outputs["region"],
        "AWS_DEFAULT_REGION": outputs["region"],
        "AWS_ALLOW_HTTP": "true",
    }


def shell(outputs: Mapping[str, Any]) -> str:
    """Lines for a POSIX shell: the exports, and then the examples as comments."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables(outputs).items()]
    return "\n".join([*exports, *(f"# {line}" for line in examples(outputs))]) + "\n"


def examples(outputs: Mapping[str, Any]) -> list[str]:
    """A line for each client; empty for a sandbox without a stack."""
    if "table_name" not in outputs:
        return []
    table, workgroup, database = outputs["table_name"], outputs["workgroup_name"], outputs["database_name"]
    return [
        f"AWS CLI   aws dynamodb scan --table-name {table} --max-items 1",
        f'boto3     boto3.resource("dynamodb").Table("{table}").scan(Limit=1)',
        f'PyAthena  pyathena.connect(work_group="{workgroup}", schema_name="{database}")',
        f'Polars    polars.scan_parquet("s3://{outputs["bucket_name"]}/{outputs["change_log_name"]}/**/*.parquet")',
    ]
