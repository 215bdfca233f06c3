"""What `lake merge` says; its merges are in tests/integration/sandbox/test_merging.py."""

from __future__ import annotations

import pytest

from lake import command_merge
from lake.__main__ import main
from lake.costs import CommandCost
from lake.merging import MergePlan

HERE = ("--region", "eu-west-1", "--workgroup", "w", "--database", "d")


class OneMerge:
    """A merge of two objects that succeeds."""

    def __init__(self, *_: object, **__: object) -> None:
        self.done = False

    def plan(self) -> MergePlan:
        return MergePlan(table="orders_current", rebuilds=False, since="", objects=2, bytes=10, cost=CommandCost())

    def run(self) -> list[str]:
        return ["merging"]


def test_a_merge_says_that_it_has_merged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command_merge, "CurrentMerge", OneMerge)
    assert main(["merge", *HERE]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "merged"
    for more in ("--json", "--dry-run"):
        assert main(["merge", *HERE, more]) == 0
        assert "merged" not in capsys.readouterr().out


def test_a_merge_without_a_pause_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["merge", *HERE, "--every", "0s"])
    assert "'0s' leaves no pause" in capsys.readouterr().err
