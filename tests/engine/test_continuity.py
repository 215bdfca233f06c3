"""What the engine's own record says of a stack, read by the program from itself: changes that would lose rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Stack

pytestmark = pytest.mark.engine
TABLE = "aws:dynamodb/table:Table"
New = Callable[[str], Stack]


def test_a_change_that_would_lose_rows_is_refused_and_nothing_is_touched(deployed: New) -> None:
    """lakeFormat on a stack with rows: item by item, in the preview as in the update."""
    stack = deployed("dev")
    stack.account.calls.clear()
    stack.set(lakeFormat="parquet", bufferSizeMb=64)
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        refused = stack.pulumi(*command)
        assert not refused
        assert "lakeFormat is parquet, but the lake's rows are in json-gzip" in " ".join(refused.out.split())
    assert stack.account.made("Create", "Update", "Delete") == []


def test_a_renamed_stack_changes_nothing(deployed: New) -> None:
    """https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_rename/."""
    stack = deployed("dev")
    renamed = stack.pulumi("stack", "rename", "another")
    assert renamed, renamed.out
    stack.account.calls.clear()
    same = stack.checkout.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes", stack="another")
    assert same, same.out
    assert stack.account.made("Create", "Update", "Delete") == []


def test_an_on_demand_table_becomes_a_provisioned_one_at_its_units(deployed: New) -> None:
    stack = deployed("dev")
    stack.account.calls.clear()
    stack.set(tableCapacity="provisioned", tableMaxReadUnits=50, tableMaxWriteUnits=900)
    changed = stack.up()
    assert changed, changed.out
    (table,) = [call for call in stack.account.made("Update") if call.type == TABLE]
    assert (table.inputs["readCapacity"], table.inputs["writeCapacity"]) == (5, 5)
    assert stack.account.made("Delete") == []
    again = stack.up("--expect-no-changes")
    assert again, again.out

    # From here on the units are the scaling's.
    stack.account.change_behind(TABLE, table.id, readCapacity=30, writeCapacity=40)
    refreshed = stack.pulumi("refresh", "--yes", "--skip-preview")
    assert refreshed, refreshed.out
    kept = stack.up("--expect-no-changes")
    assert kept, kept.out
    assert stack.account.of(TABLE)[0].inputs["readCapacity"] == 30
