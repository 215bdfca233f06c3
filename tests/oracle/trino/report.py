"""Runs new statements on both engines and reports their agreement and every difference.

    python -m tests.oracle.trino.report --statements 500 [--seed 7] [--record]

With --record Trino's results are stored beside this file, as a fixture that needs no Java.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests.oracle.trino.compare import Verdict, verdict
from tests.oracle.trino.engine import VERSION, Answer, trino
from tests.oracle.trino.generate import Generator
from tests.oracle.trino.session import Sandbox

RECORDED = Path(__file__).with_name("recorded.jsonl")
WRITTEN = Path(__file__).with_name("written.jsonl")
"""Return statements written by hand, at the limits of the sandbox's Athena."""


def statements(seed: int, count: int) -> Iterator[str]:
    """Generated statements of a seed."""
    generator = Generator(Random(seed))
    return (generator.statement() for _ in range(count))


def recorded(path: Path = RECORDED) -> Iterator[tuple[str, Answer]]:
    """Return the recorded statements with Trino's results; the file's first line has their version and date."""
    with path.open(encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            said: dict[str, Any] = json.loads(line)
            yield said["sql"], Answer.of(said)


def record(answers: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Write statements with Trino's results, one per line."""
    head = {"trino": VERSION, "recorded": f"{datetime.now(UTC):%Y-%m-%d}"}
    lines = [head, *({"sql": sql, **said} for sql, said in answers)]
    RECORDED.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")


def compare(answers: Iterable[tuple[str, Answer]]) -> Iterator[tuple[Verdict, str, Answer, Answer]]:
    """Return the sandbox's result of each statement beside Trino's."""
    with TemporaryDirectory() as directory:
        sandbox = Sandbox(Path(directory))
        for sql, theirs in answers:
            ours = sandbox.ask(sql)
            yield verdict(ours, theirs), sql, ours, theirs


def main() -> None:
    """Run, compare, and print the differences."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=500)
    parser.add_argument("--seed", type=int, default=int(datetime.now(UTC).timestamp()))
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    with trino() as engine:
        said = [(sql, engine.said(sql)) for sql in statements(options.seed, options.statements)]
    if options.record:
        record(said)
    counts: Counter[str] = Counter()
    for found, sql, ours, theirs in compare((sql, Answer.of(answer)) for sql, answer in said):
        counts[found] += 1
        if found != "same":
            sys.stdout.write(f"{found}: {sql}\n  Trino:   {shown(theirs)}\n  sandbox: {shown(ours)}\n")
    agreed = counts["same"] / sum(counts.values())
    sys.stdout.write(f"seed {options.seed}: {agreed:.1%} as Trino {VERSION} {dict(counts)}\n")


def shown(answer: Answer) -> str:
    """Format a result in one line."""
    return f"{answer.error}: {answer.message}" if answer.error else f"{list(answer.rows)}"


if __name__ == "__main__":
    main()
