"""Records a running DynamoDB Local's answers to telling and generated calls: `python -m tests.oracle.record PORT`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.oracle import telling
from tests.oracle.generate import Generator
from tests.oracle.run import VERSION, Endpoint

RECORDED = Path(__file__).with_name("recorded.json")
_SESSIONS = 12
_CALLS = 30


def main(port: str) -> None:
    """Write the sessions, one per line, after a header line."""
    endpoint = Endpoint(f"http://127.0.0.1:{port}/")
    lines: list[Any] = [{"dynamodb-local": VERSION, "recorded": f"{datetime.now(UTC):%Y-%m-%d}"}]
    sessions = [telling.calls(), *(Generator(Random(seed)).calls(_CALLS) for seed in range(_SESSIONS))]
    for calls in sessions:
        answers, changes = endpoint.session(calls)
        lines.append({"calls": calls, "answers": answers, "changes": changes})
    RECORDED.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
