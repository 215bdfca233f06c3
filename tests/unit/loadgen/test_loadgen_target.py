"""Finding the table before a run."""

import asyncio
from typing import Any, cast

import pytest

from loadgen.dynamodb.retry import RetryPolicy
from loadgen.dynamodb.target import key_names
from loadgen.dynamodb.writer import Endpoint, Writer
from loadgen.dynamodb.writes import Outcome, Reply
from stack import UserError

HERE = Endpoint(region="eu-west-1")
DESCRIPTION = b'{"Table":{"TableStatus":"ACTIVE","KeySchema":[{"AttributeName":"order_id","KeyType":"HASH"}]}}'
THROTTLED = Reply(Outcome.THROTTLED, "ThrottlingException", "Rate exceeded")


class Replies:
    """A writer that answers with these replies, the last of them again and again."""

    def __init__(self, *replies: Reply) -> None:
        self.asked = 0
        self._replies = replies

    async def ask(self, target: str, parameters: dict[str, Any]) -> Reply:
        assert (target, parameters) == ("DescribeTable", {"TableName": "orders"})
        self.asked += 1
        return self._replies[min(self.asked, len(self._replies)) - 1]


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waited


async def test_a_throttled_description_is_asked_for_again(waits: list[float]) -> None:
    writer = Replies(THROTTLED, Reply(Outcome.SERVER_ERROR, "InternalServerError"), Reply(Outcome.OK, body=DESCRIPTION))
    assert await key_names(cast("Writer", writer), "orders", HERE) == ("order_id",)
    assert writer.asked == 3
    assert len(waits) == 2


async def test_a_description_that_stays_throttled_is_one_sentence() -> None:
    writer = Replies(THROTTLED)
    with pytest.raises(UserError, match="ThrottlingException: Rate exceeded"):
        await key_names(cast("Writer", writer), "orders", HERE)
    assert writer.asked == RetryPolicy().max_attempts


async def test_a_missing_table_is_asked_for_once() -> None:
    writer = Replies(Reply(Outcome.INVALID, "ResourceNotFoundException", "not found"))
    with pytest.raises(UserError, match="There is no table 'orders'"):
        await key_names(cast("Writer", writer), "orders", HERE)
    assert writer.asked == 1
