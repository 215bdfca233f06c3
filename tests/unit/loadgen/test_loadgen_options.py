from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from loadgen.schedule.key_choices import keys
from loadgen.schedule.mix import Mix
from loadgen.values import amount, duration, number, positive, rate, share, whole


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("500ms", 0.5), ("2h", 7200), ("0.25s", 0.25)]
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1d", "1 s", "1m30s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a duration"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "per_s"),
    [
        ("500", 500),
        ("0.5", 0.5),
        ("5k", 5000),
        ("1.5k/s", 1500),
        ("300/m", 5),
        ("36k/h", 10),
        ("1M", 1e6),
        ("1_000", 1000),
    ],
)
def test_a_rate_has_units(text: str, per_s: float) -> None:
    assert rate(text) == pytest.approx(per_s)


@pytest.mark.parametrize("text", ["", "k", "5K", "5/d", "-1", "5 k", "nan", "inf"])
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a rate"):
        rate(text)


def test_bounds_are_kept() -> None:
    assert whole(1, 25)("25") == 25
    assert whole(1)("10_000") == 10_000
    for text in ("0", "26", "1.5", "x"):
        with pytest.raises(ArgumentTypeError):
            whole(1, 25)(text)
    with pytest.raises(ArgumentTypeError, match="not above 0"):
        positive(duration)("0s")


@pytest.mark.parametrize("parse", [number, share, rate, duration])
@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "x", ""])
def test_a_number_is_finite(parse: Callable[[str], float], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a"):
        parse(text)


def test_a_share_is_not_below_zero() -> None:
    assert share("10%") == share("0.1") == pytest.approx(0.1)
    with pytest.raises(ArgumentTypeError, match="'-5%' is not a share"):
        share("-5%")


@pytest.mark.parametrize(("text", "whole_number"), [("500", 500), ("10k", 10_000), ("1.5k", 1500), ("1_000", 1000)])
def test_an_amount_is_whole(text: str, whole_number: int) -> None:
    assert amount(text) == whole_number


@pytest.mark.parametrize("text", ["", "0", "0.4", "-5", "300/m", "10K", "9" * 20])
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a whole number above 0: write it as 5000 or 10k"):
        amount(text)


@pytest.mark.parametrize("parse", [whole(0), duration, rate])
@pytest.mark.parametrize("digits", [20, 400])
def test_a_number_that_no_run_can_have_is_out_of_bounds(parse: Callable[[str], float], digits: int) -> None:
    with pytest.raises(ArgumentTypeError, match="is out of bounds"):
        parse("9" * digits)


def test_a_mix_names_its_kinds() -> None:
    assert Mix.parse("insert=60, update=30,delete=10") == Mix(60, 30, 10)
    assert Mix.parse("insert=1") == Mix(1, 0, 0)
    with pytest.raises(ValueError, match="'insert' is given twice"):
        Mix.parse("insert=1,update=2,insert=1")


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(ArgumentTypeError, match="'theta' of 'zipfian' is given twice"):
        keys("zipfian:theta=1.2,theta=1.3")


def test_a_mix_cycles_through_its_lowest_terms_from_an_insert() -> None:
    cycle = Mix(60, 30, 10).cycle(seed=3)
    assert cycle[0] == "insert"
    assert sorted(cycle) == ["delete", *["insert"] * 6, *["update"] * 3]
    assert cycle == Mix(6, 3, 1).cycle(seed=3)
