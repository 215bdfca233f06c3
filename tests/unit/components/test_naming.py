from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.naming import Names

STACK = st.text("abcXYZ019-_.", min_size=1, max_size=100)


def test_a_short_name_reads_as_it_is_meant() -> None:
    assert Names("order-cdc", "prod")("delivery") == "order-cdc-prod-delivery"
    assert Names("order-cdc", "prod").identifier("lake") == "order_cdc_prod_lake"


@given(STACK, st.sampled_from(["lake", "delivery-role", "dead-letters"]), st.sampled_from([50, 64, 255]))
def test_a_name_keeps_its_limit_and_its_letters(stack: str, part: str, limit: int) -> None:
    name = Names("order-cdc", stack)(part, limit)
    assert len(name) <= limit
    assert re.fullmatch(r"order-cdc-[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
    assert name.endswith(f"-{part}")
    assert "--" not in name


@given(STACK, STACK)
def test_two_stacks_have_two_names(one: str, other: str) -> None:
    assert (Names("order-cdc", one)("lake") == Names("order-cdc", other)("lake")) == (one == other)


def test_a_prefix_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        Names("p" * 60, "A")("lake")
