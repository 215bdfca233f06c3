"""The engine's answers are those that AWS's DynamoDB Local gave to the same calls (tests/oracle/recorded.json).

The file's first line says which version, and when; `make test-oracle` asks Local itself.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.oracle.record import RECORDED
from tests.oracle.session import differences, engine_session

ABOUT, *SESSIONS = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("number", range(len(SESSIONS)))
def test_the_engine_answers_as_dynamodb_local_did(number: int) -> None:
    session: dict[str, Any] = SESSIONS[number]
    calls = [(operation, request) for operation, request in session["calls"]]

    found = differences(calls, (session["answers"], session["changes"]), engine_session(calls))

    assert found == [], ABOUT
