"""Athena's table of functions: its examples, its page, and what Trino answered to generated statements."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.athena.functions import BY_NAME, FUNCTIONS, UNSUPPORTED
from sandbox.athena.functions.function import Kind
from sandbox.athena.functions.page import page
from sandbox.athena.functions.signature import parse_signature
from tests.golden import ROOT
from tests.oracle.trino.compare import verdict
from tests.oracle.trino.report import WRITTEN, recorded, shown
from tests.oracle.trino.session import Sandbox

_TOGETHER = 20
_LEAST_SHARE = 0.97


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return Sandbox(tmp_path_factory.mktemp("lake"))


def _examples(kind: Kind) -> list[list[tuple[str, str | None]]]:
    """The examples of a kind, so many as one statement asks."""
    examples = list(dict.fromkeys(function.example for function in FUNCTIONS if function.kind == kind))
    return [examples[i : i + _TOGETHER] for i in range(0, len(examples), _TOGETHER)]


@pytest.mark.parametrize("kind", ["scalar", "aggregate", "window"])
def test_every_example_has_its_answer(sandbox: Sandbox, kind: Kind) -> None:
    for examples in _examples(kind):
        said = sandbox.ask(f"SELECT {', '.join(example for example, _ in examples)}")

        assert said.error is None, said.message
        assert dict(zip((example for example, _ in examples), said.rows[0], strict=True)) == dict(examples)


def test_every_signature_is_one_of_its_own_function() -> None:
    for function in FUNCTIONS:
        for text in function.signatures:
            parse_signature(text)
            assert text.partition("(")[0].split()[-1] == function.name


def test_nothing_is_both_there_and_not_there() -> None:
    assert sorted(UNSUPPORTED & BY_NAME.keys()) == []


def test_the_page_is_that_of_the_table() -> None:
    assert (ROOT / "docs" / "athena-functions.md").read_text(encoding="utf-8") == page()


def test_recorded_statements_are_answered_as_trino_answered_them(sandbox: Sandbox) -> None:
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    for sql, theirs in recorded():
        ours = sandbox.ask(sql)
        found = verdict(ours, theirs)
        counts[found] += 1
        if found in {"wrong", "crashed"}:
            wrong.append(f"{sql}\nTrino: {shown(theirs)}\nours:  {shown(ours)}")

    assert wrong == []
    assert counts["same"] >= _LEAST_SHARE * counts.total(), dict(counts)


def test_statements_at_the_edges_are_answered_as_trino_answered_them_or_refused(sandbox: Sandbox) -> None:
    wrong = [
        f"{found}: {sql}\nTrino: {shown(theirs)}\nours:  {shown(ours)}"
        for sql, theirs in recorded(WRITTEN)
        if (found := verdict(ours := sandbox.ask(sql), theirs)) in {"wrong", "crashed", "taken"}
    ]

    assert wrong == []
