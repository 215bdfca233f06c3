from __future__ import annotations

import pytest

from lake.counts import counted


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 error records"), (1, "1 error record"), (2000, "2,000 error records")]
)
def test_a_noun_has_the_number_that_counts_it(count: int, text: str) -> None:
    assert counted(count, "error record") == text
