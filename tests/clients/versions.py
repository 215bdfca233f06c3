"""The versions of the clients of other languages, as their folders pin them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

CLIENTS = Path(__file__).parent
_MAVEN = "{http://maven.apache.org/POM/4.0.0}"


def pinned() -> dict[str, str]:
    """The version of each client by its name."""
    packages: dict[str, str] = json.loads((CLIENTS / "javascript" / "package.json").read_text())["dependencies"]
    minors = sorted(version.rpartition(".")[0] for version in packages.values())
    modules = dict(re.findall(r"/service/(\w+) v(\S+)\n", (CLIENTS / "go" / "go.mod").read_text()))
    return {
        "SDK for Go v2": ", ".join(f"{name} {modules[name]}" for name in ("kinesis", "dynamodb", "cloudwatch")),
        "SDK for JavaScript v3": f"{minors[0]} to {minors[-1]}",
        "SDK for Java v2": _maven("java", "bom"),
        "KCL for Java": _maven("java", "amazon-kinesis-client"),
        "DynamoDB Streams Kinesis Adapter": _maven("java-streams", "dynamodb-streams-kinesis-adapter"),
    }


def _maven(folder: str, artifact: str) -> str:
    """The version of a dependency in a pom.xml."""
    tree = ElementTree.parse(CLIENTS / folder / "pom.xml")
    found = (each for each in tree.iter(f"{_MAVEN}dependency") if each.findtext(f"{_MAVEN}artifactId") == artifact)
    return next(each.findtext(f"{_MAVEN}version") or "" for each in found)
