"""The golden files are what `make snapshots` writes: a new column needs that command and no edit by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import golden

COPIED = {"tests", "transform"}
NOT_NEEDED = {".git", ".sandbox", "findings"}
TESTS = (
    "tests/unit/transform/test_golden.py",
    "tests/unit/transform/test_transform_schema.py",
    "tests/unit/components/test_explain.py::test_the_stack_is_as_it_was_reviewed[dev]",
    "tests/unit/components/test_fanout.py::test_it_is_as_it_was_reviewed",
)
"""The tests that compare with a golden file, and the schema's own."""
PAGE = golden.ROOT / "docs" / "athena-functions.md"
"""The golden file without columns."""
MEND_AND_TEST = """
import sys, pytest
from tests import golden
golden.main()
sys.exit(pytest.main(["-q", "--basetemp", "made", *sys.argv[1:]]))
"""
"""`make snapshots` and the tests in one process, because both load pulumi_aws, which takes most of the time."""


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # It is not a part of this run's tests, nor of the processes that they are shared among.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project with an extra column; files that are not copied are links."""
    for path in golden.ROOT.iterdir():
        if path.name in COPIED:
            shutil.copytree(path, tmp_path / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.name not in NOT_NEEDED:
            (tmp_path / path.name).symlink_to(path)
    schema = tmp_path / "transform" / "schema.py"
    before = schema.read_text()
    column = '        _column("coupon", "decimal(9,4)", "what it was worth", "coupon", "worth"),\n'
    first, columns, rest = before.partition("    columns=(\n")
    lines = rest.splitlines(keepends=True)
    schema.write_text("".join((first, columns, *lines[:3], column, *lines[3:])))
    return tmp_path


def test_every_golden_file_is_one_that_is_made() -> None:
    there = {*golden.EVENTS.glob("*.row.json"), *golden.SNAPSHOTS.iterdir(), PAGE}
    assert there == set(golden.files())


def test_a_new_column_needs_make_snapshots_and_nothing_else(checkout: Path) -> None:
    done = run(checkout, "-c", MEND_AND_TEST, *TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    changed = golden.files().keys() - {PAGE}
    assert {str(path.relative_to(golden.ROOT)) for path in changed} <= set(done.stdout.split())
