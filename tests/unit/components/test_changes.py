from __future__ import annotations

from components.changes import CHANGES
from components.settings import declared


def test_every_setting_says_what_its_change_means() -> None:
    assert set(CHANGES) == {key.name for key in declared()}
    for change in CHANGES.values():
        assert all(text.endswith(".") for text in (change.says, change.refused, change.loses) if text)
