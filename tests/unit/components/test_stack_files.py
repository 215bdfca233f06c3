"""The files that the Pulumi CLI reads and writes: it changes nothing in them, and installs from them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.unit.components.conftest import STACKS


def leaves(value: object) -> list[object]:
    match value:
        case dict():
            return [leaf for one in cast("dict[str, object]", value).values() for leaf in leaves(one)]
        case list():
            return [leaf for one in cast("list[object]", value) for leaf in leaves(one)]
        case _:
            return [value]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_is_in_the_form_that_the_cli_writes(stack: str, root: Path) -> None:
    """It keeps every value as text, and so puts 1 and true in quotes whenever it saves the file.

    github.com/pulumi/pulumi, sdk/go/common/workspace/project.go (ProjectStack.Save) and
    sdk/go/common/util/yamlutil/edit.go.
    """
    document = cast("dict[str, Any]", yaml.safe_load((root / f"Pulumi.{stack}.yaml").read_text()))
    assert list(document) == ["config"], "no salt and no key of somebody's secrets is checked in"
    assert [leaf for leaf in leaves(document) if not isinstance(leaf, str)] == []


def test_a_users_own_stack_is_no_change_of_the_clone(root: Path, tmp_path: Path) -> None:
    """README: cp Pulumi.dev.yaml Pulumi.mine.yaml; in that file the CLI keeps the salt of the stack's passphrase."""
    shutil.copy(root / ".gitignore", tmp_path)
    for stack in (*STACKS, "mine"):
        shutil.copy(root / "Pulumi.dev.yaml", tmp_path / f"Pulumi.{stack}.yaml")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    asked = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    shown = {line.split()[-1] for line in asked.stdout.splitlines()}
    assert shown == {".gitignore", *(f"Pulumi.{stack}.yaml" for stack in STACKS)}


def test_pulumi_install_finds_what_to_install(root: Path) -> None:
    """With the toolchain pip it installs requirements.txt and nothing else, and without one says that it is done.

    github.com/pulumi/pulumi, sdk/python/toolchain/pip.go (InstallDependencies).
    """
    runtime = cast("dict[str, Any]", yaml.safe_load((root / "Pulumi.yaml").read_text()))["runtime"]
    assert runtime["options"]["toolchain"] == "pip"
    lines = [line for line in (root / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == ["--require-hashes", "-r requirements/runtime.txt"]
    pinned = (root / "requirements" / "runtime.txt").read_text()
    assert "\npulumi-aws==" in pinned
    assert pinned.count("==") <= pinned.count("--hash=sha256:")


def test_without_a_cli_the_engines_tests_say_that_they_skip(root: Path, tmp_path: Path) -> None:
    for tool in ("make", "sh"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    result = subprocess.run(
        ["make", "test-engine"], cwd=root, env={"PATH": str(tmp_path)}, check=True, capture_output=True, text=True
    )
    (line,) = result.stdout.splitlines()
    assert line.startswith("test-engine: skipped, because there is no pulumi CLI on the PATH")
