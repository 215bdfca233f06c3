"""What the CLI writes into a clone: nothing that git sees, when the README's commands are followed."""

from __future__ import annotations

import difflib

import pytest

from tests.engine.conftest import ROOT, Stacks

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("name", ["dev", "local", "prod"])
def test_a_stack_file_is_written_back_as_it_was_but_for_the_salt(name: str, stacks: Stacks) -> None:
    """Passphrases have a salt for each stack, which the CLI keeps in the stack's file and nowhere else.

    github.com/pulumi/pulumi, pkg/cmd/pulumi/stack/secrets.go; with the
    secrets of Pulumi Cloud it writes nothing.
    """
    before = (ROOT / f"Pulumi.{name}.yaml").read_text().splitlines()
    with stacks.new(name) as stack:
        after = (stack.checkout.root / f"Pulumi.{name}.yaml").read_text().splitlines()
    changed = [line for line in difflib.ndiff(before, after) if not line.startswith("  ")]
    assert [line.partition(":")[0] for line in changed] == ["+ encryptionsalt"]
