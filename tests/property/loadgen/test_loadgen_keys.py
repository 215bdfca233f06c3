from argparse import ArgumentTypeError
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.schedule.key_choices import keys as parse
from loadgen.schedule.keys import SPAN, AnyKeys, HotSet, Latest, Uniform, Zipfian

choices = st.sampled_from([Uniform(), Latest(), Latest(1.0), Zipfian(), Zipfian(1.3), HotSet(), HotSet(3, 0.5)])


@given(keys=choices, bits=st.integers(min_value=0, max_value=2**32 - 1), ready=st.integers(1, 3 * SPAN))
def test_the_choice_is_of_an_order_that_is_ready_and_kept(keys: AnyKeys, bits: int, ready: int) -> None:
    number = keys.choose(bits, ready)
    assert 0 <= number < ready
    assert number < SPAN if keys.of_first else number >= ready - SPAN


def shares(keys: AnyKeys, ready: int, draws: int = 40_000) -> list[float]:
    """The share of each order over evenly spread bits."""
    chosen = Counter(keys.choose((2 * draw + 1) * 2**31 // draws, ready) for draw in range(draws))
    return [chosen[number] / draws for number in range(ready)]


@pytest.mark.parametrize("theta", [0.5, 0.99, 1.2])
def test_zipfian_shares_fall_with_the_rank(theta: float) -> None:
    weights = [(rank + 1) ** -theta for rank in range(50)]
    expected = [weight / sum(weights) for weight in weights]
    assert shares(Zipfian(theta), 50) == pytest.approx(expected, abs=1e-3)
    assert shares(Latest(theta), 50)[::-1] == pytest.approx(expected, abs=1e-3)


def test_uniform_shares_are_equal() -> None:
    assert shares(Uniform(), 50) == pytest.approx([0.02] * 50, abs=1e-3)


def test_the_hot_set_gets_its_share() -> None:
    found = shares(HotSet(5, 0.8), 50)
    assert found[:5] == pytest.approx([0.164] * 5, abs=1e-3)
    assert found[5:] == pytest.approx([0.004] * 45, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("uniform", Uniform()),
        ("latest:theta=0.5", Latest(0.5)),
        ("zipfian:rest=10ms", Zipfian(0.99, 0.01)),
        ("hot:keys=7,share=0.5", HotSet(7, 0.5)),
    ],
)
def test_a_choice_is_called_by_name(text: str, made: AnyKeys) -> None:
    assert parse(text) == made


@pytest.mark.parametrize("text", ["coldest", "hot:share=1", "hot:keys=0", "uniform:theta=1"])
def test_a_wrong_choice_is_explained(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        parse(text)
