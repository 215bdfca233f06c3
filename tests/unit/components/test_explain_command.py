"""The command: its output by default, in full, as JSON, and its refusals."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from components.explain import cli, stacks, text
from components.settings import Settings
from stack.commandline import Exit
from tests.golden import SNAPSHOTS
from tests.unit.components.running import Record
from tests.unit.components.test_explain import priced
from without_engine.project import stack_names

Capture = pytest.CaptureFixture[str]
WIDTH = 100


def test_by_default_it_is_a_line_a_stage(root: Path, capsys: Capture) -> None:
    assert cli.main(["--stack", "dev"], root) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Stack dev in eu-west-1, ")
    stages = [line.split()[0] for line in lines[3 : lines.index("", 3)]]
    assert stages == ["Table", "Capture", "Lake", "Catalogue", "Delivery", "Analytics", "Observability", "total"]
    assert any("--full" in line for line in lines)


def test_no_line_is_wider_than_a_terminal(record: Record) -> None:
    for stack in ("dev", "prod"):
        made = priced(record(stack, {"eventFanout": "true"}), Settings(), stack)
        assert [line for line in (*text.overview(made), *text.tree(made)) if len(line) > WIDTH] == []


@pytest.mark.parametrize("columns", [40, 64, 80, 99])
@pytest.mark.parametrize("option", [(), ("--full",), ("--change", "captureMode=native")])
def test_on_a_narrow_terminal_no_line_is_wider_and_no_word_is_lost(
    columns: int, option: tuple[str, ...], root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    arguments = ["--stack", "dev", *option]
    assert cli.main(arguments, root) == 0
    whole = Counter(capsys.readouterr().out.replace(":", "").split())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(arguments, root) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if len(line) > columns and len(line.split()) > 1] == []
    assert whole - Counter(shown.replace(":", "").split()) == Counter()


def test_in_full_it_is_the_tree_with_every_waiver_s_reason(root: Path, capsys: Capture) -> None:
    assert cli.main(["--stack", "dev", "--full"], root) == 0
    printed = capsys.readouterr().out
    assert "Pipe capture-pipe" in printed
    assert "waived: DynamoDB.2, because the stack is disposable" in printed
    assert "waived: S3.9, because it is the bucket of the access logs" in printed


def test_as_json_it_is_what_the_documentation_says(root: Path, capsys: Capture) -> None:
    assert cli.main(["--stack", "dev", "--json"], root) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (document["version"], document["stack"], document["region"]) == (1, "dev", "eu-west-1")
    assert set(document) == {"version", "stack", "region", "cost", "prices", "stages", "resources"}
    assert set(document["prices"]) == {"checked", "of_us_east_1", "unverified", "unknown"}
    assert all(set(one) == {"urn", "kind", "purpose", "resources", "cost"} for one in document["stages"])
    assert all(
        set(one)
        == {
            *("urn", "type", "name", "parent", "component", "protected"),
            *("purpose", "cost", "controls", "inputs"),
        }
        for one in document["resources"]
    )
    month = sum(one["cost"]["month"] for one in document["resources"] if one["cost"] and not one["component"])
    assert document["cost"]["month"] == pytest.approx(month, abs=1e-4)
    (table,) = [one for one in document["resources"] if one["type"] == "aws:dynamodb/table:Table"]
    waived = {control["id"]: control["reason"] for control in table["controls"] if control["status"] == "waived"}
    assert waived["DynamoDB.2"] == "the stack is disposable"


def test_it_prints_every_input(root: Path, capsys: Capture) -> None:
    assert cli.main(["--stack", "dev", "--inputs"], root) == 0
    assert capsys.readouterr().out == (SNAPSHOTS / "dev.txt").read_text()


def test_it_shows_what_a_choice_would_bring(root: Path, capsys: Capture) -> None:
    arguments = ["--stack", "dev", "--full", "--config", "eventFanout=true", "--config", "captureMode=native"]
    assert cli.main(arguments, root) == 0
    printed = capsys.readouterr().out
    assert "EventBus fanout" in printed
    assert "Pipe capture-pipe" not in printed


def test_an_invalid_setting_is_refused(root: Path, capsys: Capture) -> None:
    assert cli.main(["--stack", "dev", "--config", "eventFanout"], root) == 2
    assert "eventFanout is ''; allowed: true or false." in capsys.readouterr().err


def test_who_has_read_enough_may_go(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, s: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    assert cli.main(["--stack", "dev"], root) == Exit.UNREAD


def test_an_unknown_stack_is_refused_with_those_there_are(root: Path, capsys: Capture) -> None:
    assert cli.main(["--stack", "staging"], root) == 2
    assert capsys.readouterr().err == "There is no stack 'staging': the stacks are dev, local, prod.\n"


def test_what_the_program_refuses_is_said_in_its_own_words(
    root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.explain.stacks.config", lambda *_: {"sales-analytics-cdc:lakeFormat": "orc"})  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] - a stand-in
    assert cli.main(["--stack", "dev"], root) == 2
    assert "lakeFormat is 'orc'; allowed: parquet, json-gzip." in capsys.readouterr().err


def test_a_secret_of_the_stack_file_needs_no_passphrase(root: Path, tmp_path: Path) -> None:
    """`pulumi config set --secret alarmEmail …` leaves ciphertext in the file, which is not an address."""
    (tmp_path / "Pulumi.yaml").write_text((root / "Pulumi.yaml").read_text())
    secret = "encryptionsalt: v1:x\nconfig:\n  sales-analytics-cdc:alarmEmail:\n    secure: v1:y:z\n"
    (tmp_path / "Pulumi.mine.yaml").write_text(secret)
    assert stack_names(tmp_path) == ["mine"]
    assert stacks.config(tmp_path, "mine")["sales-analytics-cdc:alarmEmail"] == "secret@example.com"


def test_the_permissions_are_policies_one_a_line(root: Path, capsys: Capture) -> None:
    assert cli.main(["--stack", "dev", "--permissions"], root) == 0
    document = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(document) == 2
    assert all(policy["Version"] == "2012-10-17" and policy["Statement"] for policy in document)
