"""The runbook is true: every alarm has its section, and every command of the documentation exists with its options."""

from __future__ import annotations

import io
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

import botocore
import botocore.session
import pytest

from components.settings import declared
from tests.unit.components.conftest import ROOT
from tests.unit.components.running import CHOSEN, Record

RUNBOOK = (ROOT / "RUNBOOK.md").read_text()
DOCUMENTS = [str(path.relative_to(ROOT)) for path in (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")))]
ENDS = {"&&", "|", "#", ">", ";"}

# Options that the AWS CLI takes with every command, and commands that are the CLI's own.
CLI_OPTIONS = {"--region", "--output", "--query", "--profile", "--max-items"}
CLI_COMMANDS = {("s3", "sync"), ("logs", "tail")}


def commands() -> Iterator[tuple[str, str]]:
    """Every command of the documentation with the document: those of the blocks, and those between backticks."""
    for name in DOCUMENTS:
        text = (ROOT / name).read_text()
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
            joined = re.sub(r"\\\n\s*", "", block)  # a line that goes on in the next
            for line in re.findall(r"^\s*\$ (.*)$", joined, re.MULTILINE):
                yield from ((name, part.strip()) for part in line.split("&&"))
        for inline in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            if inline.startswith(("python -m ", "make ", "aws ")) and "…" not in inline:
                yield name, inline


def words(command: str) -> list[str]:
    return list(takewhile(lambda word: word not in ENDS, shlex.split(command, comments=True)))


PYTHON = sorted({command for _, command in commands() if command.startswith("python -m ")})
MAKE = sorted({command for _, command in commands() if command.startswith("make ")})
AWS = sorted({command for _, command in commands() if command.startswith("aws ")})


# botocore has no types.
xform_name: Any = cast("Any", botocore).xform_name
model_of: Any = cast("Any", botocore.session).get_session().get_service_model


@cache
def help_of(module: str, *subcommand: str) -> str:
    """What a package, or its subcommand, prints for --help; in this process, which has most of its imports."""
    printed = io.StringIO()
    main = str(ROOT / Path(*module.split("."), "__main__.py"))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setattr(sys, "argv", [main, *subcommand, "--help"])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(main, run_name="__main__")
    assert not ended.value.code, f"python -m {' '.join((module, *subcommand))} --help"
    return printed.getvalue()


def test_there_are_commands_to_look_at() -> None:
    assert len(PYTHON) > 15
    assert len(MAKE) > 5
    assert len(AWS) > 8


@pytest.mark.parametrize("command", PYTHON)
def test_a_python_command_exists_with_its_options(command: str) -> None:
    _, _, module, *rest = words(command)
    if module == "pytest":
        tests = [word.partition("::")[0] for word in rest if word.startswith("tests/")]
        assert tests
        assert all((ROOT / test).exists() for test in tests)
        return
    place = ROOT / Path(*module.split("."))
    if module.startswith(("tests.", "benchmarks.")) or not place.is_dir():
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()
        return
    first = rest[0] if rest and not rest[0].startswith("-") else ""
    subcommand = [first] if first and re.search(rf"^\s+{re.escape(first)}\b", help_of(module), re.MULTILINE) else []
    known = help_of(module, *subcommand)
    for option in (word.partition("=")[0] for word in rest if word.startswith("--")):
        assert re.search(rf"{option}\b", known), f"python -m {module} {' '.join(subcommand)} has no option {option}"


@pytest.mark.parametrize("command", MAKE)
def test_a_make_target_exists(command: str) -> None:
    targets = set(re.findall(r"^([a-zA-Z-][\w./-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    target = words(command)[1]
    assert target in targets or "/" in target


@pytest.mark.parametrize("command", AWS)
def test_an_aws_command_is_an_operation_with_its_members(command: str) -> None:
    """By botocore's models: the AWS CLI makes its commands and options of them."""
    _, service, operation, *rest = words(command)
    if (service, operation) in CLI_COMMANDS:
        return
    model = model_of("s3" if service == "s3api" else service)
    named = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in named
    members = {f"--{xform_name(name, '-')}" for name in model.operation_model(named[operation]).input_shape.members}
    assert {word for word in rest if word.startswith("--")} <= members | CLI_OPTIONS


def test_every_alarm_has_a_section_and_every_section_is_an_alarm_s(record: Record) -> None:
    """Operators search for the alarm's name: write a section for a new one."""
    chapter = RUNBOOK.partition("\n## When an alarm is raised\n")[2].partition("\n## ")[0]
    alarms = {
        alarm.name.removeprefix("observability-")
        for changed in ({}, {"captureMode": "native", **CHOSEN})
        for alarm in record("dev", changed).of("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert set(re.findall(r"^### (.+)$", chapter, re.MULTILINE)) == alarms


def test_every_setting_that_it_names_is_one() -> None:
    keys = {key.name for key in declared()}
    named = set(re.findall(r"pulumi config set (\w+)", RUNBOOK)) | set(
        re.findall(r"--(?:change|config) (\w+)=", RUNBOOK)
    )
    assert named
    assert named <= keys
    for word in re.findall(r"`([a-z]+[A-Z][A-Za-z]+)`", RUNBOOK):
        assert word in keys, word


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of a document's titles."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_or_a_title_leads_somewhere(document: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / document).read_text()):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (ROOT / document).parent / file if file else ROOT / document
        assert there.exists(), target
        assert not anchor or anchor in anchors(there.read_text()), target


def test_the_stack_s_names_are_those_that_it_speaks_of(record: Record) -> None:
    names = {
        str(value) for one in record("dev", CHOSEN).resources for value in one.inputs.values() if isinstance(value, str)
    }
    for name in set(re.findall(r"order[-_]cdc[-_]dev[-_][a-z-]*[a-z]", RUNBOOK)) - {
        "order-cdc-dev-deploy-a",
        "order-cdc-dev-deploy-b",
    }:
        assert name in names, name
