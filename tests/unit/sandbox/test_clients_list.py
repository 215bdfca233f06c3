"""The list of clients in docs/sandbox.md names the versions that `make test-clients` pins."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[3]
CLIENTS = ROOT / "tests" / "clients"
MAVEN = "{http://maven.apache.org/POM/4.0.0}"


def listed(client: str) -> str:
    """The version that the list gives for a client."""
    rows = [
        line.split("|") for line in (ROOT / "docs" / "sandbox.md").read_text().splitlines() if line.startswith("| ")
    ]
    return next(row[2].strip() for row in rows if row[1].strip() == client)


def maven(folder: str, artifact: str) -> str:
    """The version of a dependency in a pom.xml."""
    tree = ElementTree.parse(CLIENTS / folder / "pom.xml")
    found = (each for each in tree.iter(f"{MAVEN}dependency") if each.findtext(f"{MAVEN}artifactId") == artifact)
    return next(each.findtext(f"{MAVEN}version") or "" for each in found)


def test_the_java_clients_are_those_of_maven() -> None:
    assert listed("SDK for Java v2") == maven("java", "bom")
    assert listed("KCL for Java") == maven("java", "amazon-kinesis-client")
    adapter = listed("DynamoDB Streams Kinesis Adapter")
    assert adapter.partition(" ")[0] == maven("java-streams", "dynamodb-streams-kinesis-adapter")


def test_the_javascript_client_is_that_of_npm() -> None:
    pinned: dict[str, str] = json.loads((CLIENTS / "javascript" / "package.json").read_text())["dependencies"]
    minors = sorted(version.rpartition(".")[0] for version in pinned.values())
    assert listed("SDK for JavaScript v3") == f"{minors[0]} to {minors[-1]}"


def test_the_go_client_is_that_of_its_modules() -> None:
    modules = dict(re.findall(r"/service/(\w+) v(\S+)\n", (CLIENTS / "go" / "go.mod").read_text()))
    assert listed("SDK for Go v2") == ", ".join(
        f"{name} {modules[name]}" for name in ("kinesis", "dynamodb", "cloudwatch")
    )


def test_the_clients_of_athena_are_those_of_their_environment() -> None:
    pinned = dict(
        re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements" / "athena-clients.txt").read_text(), re.MULTILINE)
    )
    page = (ROOT / "docs" / "athena.md").read_text()
    names = {"PyAthena": "pyathena", "SQLAlchemy": "sqlalchemy", "awswrangler": "awswrangler"}
    for client, package in (names | {"dbt-athena": "dbt-athena", "AWS CLI": "awscli"}).items():
        assert f"| {client} | {pinned[package]} |" in page
