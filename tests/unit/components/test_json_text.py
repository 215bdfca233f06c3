"""JSON text of documents with outputs, compared with the SDK's `Output.json_dumps`."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest
from pulumi.runtime import Settings, configure

from components.json_text import json_text


def _outcome(text: pulumi.Output[str]) -> tuple[str | None, bool, bool]:
    async def read() -> tuple[str | None, bool, bool]:
        return await text.future(), await text.is_known(), await text.is_secret()

    return asyncio.get_event_loop().run_until_complete(read())


def _known(value: Any) -> Any:
    return pulumi.Output.from_input(value)


def _unknown() -> Any:
    return pulumi.Output.from_input(pulumi.UNKNOWN)


@pytest.fixture(autouse=True)
def loop() -> Any:
    configure(Settings("project", "stack", dry_run=True))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: {"a": [1, 2.5, None, True, "é"], "b": {"c": [[0]]}}, id="no output"),
        pytest.param(lambda: {"z": _known("x"), "a": [_known(1), {"deep": _known(["l", {"m": 2}])}]}, id="outputs"),
        pytest.param(lambda: {"a": pulumi.Output.secret("x"), "b": 1}, id="a secret"),
        pytest.param(lambda: {"a": _known("x"), "b": [_unknown()]}, id="an unknown"),
        pytest.param(lambda: {"a": ("x", _known("y"))}, id="a tuple"),
        pytest.param(lambda: "text", id="text alone"),
    ],
)
def test_it_says_what_the_sdk_says(make: Any) -> None:
    assert _outcome(json_text(make())) == _outcome(pulumi.Output.json_dumps(make()))
