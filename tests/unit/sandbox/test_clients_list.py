"""The list of clients in docs/sandbox.md names the versions that are tested."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clients.versions import pinned

ROOT = Path(__file__).parents[3]


def listed(client: str) -> str:
    """The version that the list gives for a client."""
    rows = [
        line.split("|") for line in (ROOT / "docs" / "sandbox.md").read_text().splitlines() if line.startswith("| ")
    ]
    return next(row[2].strip() for row in rows if row[1].strip() == client)


def required(requirements: str) -> dict[str, str]:
    """The versions that a file of requirements pins."""
    path = ROOT / "requirements" / requirements
    return dict(re.findall(r"^([\w-]+)==(\S+)", path.read_text(), re.MULTILINE))


def test_the_clients_of_other_languages_are_those_that_run() -> None:
    for client, version in pinned().items():
        assert listed(client).partition(" (")[0] == version


def test_the_clients_of_python_are_those_of_the_tests() -> None:
    tested, newest = required("dev.txt"), required("newest.txt")
    assert listed("boto3 and botocore") == f"{tested['boto3']} and {newest['boto3']}"
    for client in ("aioboto3", "aiodynamo", "PynamoDB", "AWS CLI"):
        assert listed(client) == tested[client.lower().replace("aws cli", "awscli")]


def test_the_clients_of_athena_are_those_of_their_environment() -> None:
    installed = required("athena-clients.txt")
    page = (ROOT / "docs" / "athena.md").read_text()
    names = {"PyAthena": "pyathena", "SQLAlchemy": "sqlalchemy", "awswrangler": "awswrangler"}
    for client, package in (names | {"dbt-athena": "dbt-athena", "AWS CLI": "awscli"}).items():
        assert f"| {client} | {installed[package]} |" in page
