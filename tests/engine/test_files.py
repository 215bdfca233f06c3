"""What the CLI writes into a clone: nothing that git sees, when the README's commands are followed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

import pytest

from tests.engine.conftest import ROOT, Stack, Stacks

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("name", ["dev", "local", "prod"])
def test_a_stack_file_is_written_back_as_it_was_except_the_salt(name: str, stacks: Stacks) -> None:
    """Passphrases have a salt for each stack, which the CLI keeps in the stack's file and nowhere else.

    github.com/pulumi/pulumi, pkg/cmd/pulumi/stack/secrets.go; with the
    secrets of Pulumi Cloud it writes nothing.
    """
    before = (ROOT / f"Pulumi.{name}.yaml").read_text().splitlines()
    with stacks.new(name) as stack:
        after = (stack.checkout.root / f"Pulumi.{name}.yaml").read_text().splitlines()
    changed = [line for line in difflib.ndiff(before, after) if not line.startswith("  ")]
    assert [line.partition(":")[0] for line in changed] == ["+ encryptionsalt"]


def test_the_readmes_commands_leave_the_clone_clean(new: Callable[[str], Stack]) -> None:
    checkout = new("another").checkout
    (checkout.root / "Pulumi.another.yaml").unlink()
    for command in ("init --quiet", "add --all", "-c user.name=a -c user.email=a@b commit --quiet --message all"):
        if command == "add --all":
            # In a clone it is a directory, which .gitignore knows; here it leads to one.
            (checkout.root / ".git" / "info" / "exclude").write_text(".venv\n")
        done = checkout.run("git", *command.split())
        assert done, done.out
    (block,) = re.findall(r"## On AWS\n.*?```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    commands = [line.removeprefix("$ ").partition("#")[0] for line in block.splitlines()]
    # What installs has a test elsewhere, and what writes and verifies needs AWS.
    wanted = [command for command in commands if command.startswith(("cp ", "pulumi "))]
    assert [command.split()[:2] for command in wanted] == [
        ["cp", "Pulumi.dev.yaml"],
        ["pulumi", "stack"],
        ["pulumi", "destroy"],
    ]
    for command in wanted:
        done = checkout.run("bash", "-euc", command)
        assert done, done.out
        assert checkout.run("git", "status", "--porcelain").out == ""
