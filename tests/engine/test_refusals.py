"""What the engine says when something is wrong: one sentence, before anything is made."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from components.settings import PROJECT
from tests.engine.conftest import Stack

pytestmark = pytest.mark.engine
New = Callable[[str], Stack]
EMAIL = "never-shown@example.org"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kinesisRetentionHours": 23}, "kinesisRetentionHours is '23'; allowed: a whole number from 24 to 8760"),
        ({"kinesisShard": 1}, "kinesisShard is not a setting of this program; did you mean kinesisShards"),
        ({"lakeFormat": "parquet", "bufferSizeMb": 16}, "bufferSizeMb is 16, but lakeFormat parquet needs 64 to 128"),
    ],
    ids=["a value", "a key", "two that do not agree"],
)
@pytest.mark.parametrize("command", ["preview", "up"])
def test_a_wrong_setting_is_reported_in_its_sentence_before_anything_is_made(
    command: str, settings: dict[str, str | int], sentence: str, new: New
) -> None:
    dev = new("dev")
    dev.set(**settings)
    refused = dev.pulumi("preview") if command == "preview" else dev.up()
    assert not refused
    assert sentence in refused.out
    assert "Traceback" not in refused.out
    assert dev.account.made("Check", "Create") == []
    assert [one["type"] for one in dev.checkout.resources("dev") if one["type"] != "pulumi:pulumi:Stack"] == []


@pytest.mark.parametrize(
    "call",
    [("Configure", "pulumi:providers:aws"), ("Invoke", "aws:index/getCallerIdentity:getCallerIdentity")],
    ids=["none", "not accepted"],
)
def test_missing_credentials_are_reported_in_a_sentence_before_anything_is_made(
    call: tuple[str, str], new: New
) -> None:
    """The first thing that the program asks is whose account it is; the provider looks for credentials before that."""
    dev = new("dev")
    dev.account.refuse[call] = "No valid credential sources found."
    refused = dev.up()
    assert not refused
    assert "AWS does not say which account this is (No valid credential sources found)" in " ".join(refused.out.split())
    assert "Traceback" not in refused.out
    assert dev.account.things == []


def test_a_secret_address_is_a_secret_wherever_the_cli_keeps_it(new: New) -> None:
    """In the stack's file and in the state; the provider itself is given it, as it must be."""
    prod = new("prod")
    chosen = prod.pulumi("config", "set", "--secret", f"{PROJECT}:alarmEmail", EMAIL)
    assert chosen, chosen.out
    done = prod.up()
    assert done, done.out
    assert EMAIL not in done.out
    (subscription,) = prod.account.of("aws:sns/topicSubscription:TopicSubscription")
    assert subscription.inputs["endpoint"] == EMAIL
    assert EMAIL not in json.dumps(prod.checkout.resources("prod"))
    assert EMAIL not in (prod.checkout.root / "Pulumi.prod.yaml").read_text()
    assert not [path for path in prod.checkout.state.rglob("*") if path.is_file() and EMAIL in path.read_text()]
    same = prod.up("--expect-no-changes")
    assert same, same.out
