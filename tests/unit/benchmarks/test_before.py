"""The comparison with an earlier commit: its ratios and its refusals."""

from __future__ import annotations

import pytest

from benchmarks import before
from benchmarks.before import Compared


def test_a_ratio_is_of_one_pair() -> None:
    compared = Compared("transform, 500 records", "µs per record", before=[4.0, 8.0], now=[2.0, 6.0])
    assert compared.ratios == [0.5, 0.75]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no-such-commit"], "git knows no commit no-such-commit: name one of `git log`."),
        (["HEAD", "--pairs", "0"], "--pairs and --seconds must be greater than 0"),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = before.main(arguments)
    except SystemExit as end:
        code = end.code
    assert code == 2
    shown = capsys.readouterr().err
    assert sentence in shown
    assert len(shown.splitlines()) == 1
