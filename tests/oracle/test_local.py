"""Generated calls, to the engine and to AWS's DynamoDB Local: the same answers, errors and stream records.

Run by `make test-oracle`, where Java and Maven are.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle import generate
from tests.oracle.run import Endpoint, local
from tests.oracle.session import differences, engine_session

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def dynamodb_local() -> Generator[Endpoint]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with local(port) as endpoint:
        yield endpoint


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(random=st.randoms(use_true_random=False))
def test_the_engine_answers_as_dynamodb_local(dynamodb_local: Endpoint, random: Random) -> None:
    calls = generate.Generator(random).calls(30)

    assert differences(calls, dynamodb_local.session(calls), engine_session(calls)) == []
