"""The table's examples and generated statements, to the sandbox's Athena and to the real Trino.

`make test-oracle` runs it if a JDK and Maven are installed.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Generator

import pytest

from sandbox.athena.functions import FUNCTIONS
from tests.oracle.trino.engine import Trino, trino
from tests.oracle.trino.report import compare, shown, statements

pytestmark = pytest.mark.oracle
_STATEMENTS = 300
_LEAST_SHARE = 0.97


@pytest.fixture(scope="module")
def engine() -> Generator[Trino]:
    with trino() as running:
        yield running


def test_trino_answers_the_tables_examples_as_the_table_says(engine: Trino) -> None:
    wrong = [
        f"{example}: Trino says {shown(said)}, the table {answer!r}"
        for example, answer in dict.fromkeys(function.example for function in FUNCTIONS)
        if (said := engine.ask(f"SELECT {example}")).rows != ((answer,),)
    ]

    assert wrong == []


def test_fresh_statements_are_answered_as_trino_answers_them(engine: Trino) -> None:
    # Not of hypothesis, whose first example is always the seed 0, and which would shrink a seed for minutes.
    seed = secrets.randbelow(2**32)
    asked = [(sql, engine.ask(sql)) for sql in statements(seed, _STATEMENTS)]
    found = list(compare(asked))
    counts = Counter(verdict for verdict, *_ in found)
    wrong = [f"{sql}\nTrino: {shown(t)}\nours:  {shown(o)}" for verdict, sql, o, t in found if verdict == "wrong"]

    assert wrong == [], f"seed {seed}"
    assert counts["same"] >= _LEAST_SHARE * _STATEMENTS, f"seed {seed}: {dict(counts)}"
