"""Errors that the user can fix: one sentence on stderr, and exit code 2."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from shutil import copytree

import pytest

from tests.conftest import free_port
from tests.e2e.pipeline import PROJECT, assert_refused, command


@pytest.mark.parametrize(
    "arguments", [("lake", "verify"), ("lake", "query", "SELECT 1"), ("loadgen", "--rps", "1", "--duration", "1")]
)
def test_the_sandbox_is_not_running(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = command(*arguments, "--state-dir", str(tmp_path / "none"))
    assert_refused(result, "sandbox is not running", "python -m sandbox up", "--stack")
    assert result.err.count("\n") == 1


def test_the_stack_is_unknown(tmp_path: Path) -> None:
    result = command("lake", "verify", "--stack", "nowhere", env={"PATH": str(tmp_path)})
    assert_refused(result, "no stack 'nowhere'", "dev")


def test_an_unknown_stack_is_refused_by_the_sandbox(tmp_path: Path) -> None:
    result = command("sandbox", "up", "--stack", "nowhere", "--state-dir", str(tmp_path / "s"))
    assert_refused(result, "nowhere")


def test_a_config_value_is_wrong(tmp_path: Path) -> None:
    for name in ("__main__.py", "Pulumi.yaml"):
        (tmp_path / name).write_text((PROJECT / name).read_text())
    config = (PROJECT / "Pulumi.local.yaml").read_text()
    wrong = re.sub(r'(kinesisShards): "\d+"', r"\1: lots", config)
    assert wrong != config
    (tmp_path / "Pulumi.wrong.yaml").write_text(wrong)
    result = command("sandbox", "up", "--stack", "wrong", "--state-dir", str(tmp_path / "s"), cwd=tmp_path)
    assert_refused(result, "'kinesisShards' must be of type 'integer'")


@pytest.mark.parametrize("arguments", [("lake", "verify"), ("components.explain", "--stack", "dev")])
def test_the_schema_lacks_the_key(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    copytree(PROJECT / "transform", tmp_path / "transform")
    schema = (PROJECT / "transform/schema.py").read_text()
    key = '        _column("order_id", "string", "the order\'s key"),\n'
    assert key in schema
    (tmp_path / "transform/schema.py").write_text(schema.replace(key, ""))
    refused = command(*arguments, cwd=tmp_path)
    assert_refused(refused, "transform/schema.py is not valid (every key attribute of 'order' needs a column)")
    assert refused.err.count("\n") == 1


def test_the_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = command("sandbox", "up", "--state-dir", str(tmp_path / "s"), "--port", port)
    assert_refused(result, port, "--port")


def test_an_unreachable_endpoint_is_reported() -> None:
    result = command(
        "lake",
        "query",
        "SELECT 1",
        "--region",
        "eu-west-1",
        "--endpoint-url",
        f"http://127.0.0.1:{free_port()}",
        "--workgroup",
        "w",
        "--database",
        "d",
    )
    assert_refused(result, "Nothing answers at http://127.0.0.1", "--endpoint-url")
