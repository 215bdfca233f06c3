"""A commit has the same checks by hand, by the hooks and by CI."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
MAKEFILE = (ROOT / "Makefile").read_text()


def tool(command: str) -> str:
    """The program of a command, and what follows up to its options: `.venv/bin/ruff check`."""
    return re.split(r" (?:-|\.$|\.\s)", command.replace("$(BIN)", ".venv/bin"))[0].removesuffix(" .")


def recipe(target: str) -> list[str]:
    found = re.search(rf"^{target}:[^\n]*\n((?:\t[^\n]*\n)+)", MAKEFILE, re.MULTILINE)
    assert found
    return [line.strip() for line in found[1].splitlines()]


def hooks() -> list[dict[str, Any]]:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    return repository["hooks"]


def test_the_hooks_are_the_tools_of_make_check() -> None:
    assert [tool(hook["entry"]) for hook in hooks()] == [tool(command) for command in recipe("check")]


def test_a_hook_fetches_nothing() -> None:
    assert {hook["language"] for hook in hooks()} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks())


def test_coverage_runs_the_tests_as_make_test_does() -> None:
    (tests,) = recipe("test")
    assert tests.replace("python -m", "coverage run -m") in recipe("coverage")


def test_coverage_measures_every_package() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tools["coverage"]["run"]["source"] == tools["importlinter"]["root_packages"]
