"""Where the fast writer's credentials come from: the AWS configuration, as botocore reads it."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from pathlib import Path

import pytest

from loadgen.dynamodb.credentials import discover
from loadgen.dynamodb.reference import ReferenceWriter
from loadgen.dynamodb.signing import Keys
from loadgen.dynamodb.writer import Endpoint, Limits
from stack import UserError


@pytest.fixture(autouse=True)
def configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An AWS configuration of this test's own, empty: the path of its file."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path / "config"


async def test_given_ones_are_taken_as_they_are() -> None:
    endpoint = Endpoint(region="eu-west-1", url="http://127.0.0.1:1", access_key="a", secret_key="s")
    source, url = await discover(endpoint)
    assert (await source.current(), url) == (Keys("a", "s"), "http://127.0.0.1:1")


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize("text", ["AKIA\r", "a\nb", "\x7f"])
async def test_one_that_no_header_can_have_is_refused(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with the line ends of Windows leaves a carriage return (RFC 9110, 5.5: a field's value has none)."""
    for each in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(each, text if each == name else "a")
    source, _ = await discover(Endpoint(region="eu-west-1", url="http://127.0.0.1:1"))
    with pytest.raises(UserError, match=f"{name} has a control character, such as a line break: correct it"):
        await source.current()


def test_a_profile_is_read_and_the_regions_endpoint_is_aws(
    configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration.write_text(
        "[profile mine]\naws_access_key_id = id\naws_secret_access_key = secret\naws_session_token = token\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "mine")
    source, url = asyncio.run(discover(Endpoint(region="eu-west-1")))
    assert asyncio.run(source.current()) == Keys("id", "secret", "token")
    assert url == "https://dynamodb.eu-west-1.amazonaws.com"


def test_credentials_that_expire_are_refreshed(configuration: Path, tmp_path: Path) -> None:
    """By `credential_process`: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html"""
    count = tmp_path / "count"
    script = tmp_path / "vend.py"
    script.write_text(f"""
import datetime, json, pathlib
count = pathlib.Path({str(count)!r})
turn = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(turn))
soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
print(json.dumps(dict(
    Version=1, AccessKeyId=f"id-{{turn}}", SecretAccessKey="s", SessionToken="t", Expiration=soon.isoformat())))
""")
    configuration.write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    source, _ = asyncio.run(discover(Endpoint(region="eu-west-1")))
    first, second = asyncio.run(source.current()), asyncio.run(source.current())
    assert first.access_key.startswith("id-")
    assert int(second.access_key[3:]) > int(first.access_key[3:])


async def test_without_credentials_the_sentence_says_how_to_give_them() -> None:
    with pytest.raises(UserError, match=r"^No AWS credentials were found: give them in AWS_ACCESS_KEY_ID"):
        await discover(Endpoint(region="eu-west-1"))


async def test_the_reference_writer_says_which_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        if name == "aioboto3":
            raise ModuleNotFoundError(name)
        return import_module(name)

    monkeypatch.setattr("loadgen.dynamodb.reference.importlib.import_module", missing)
    with pytest.raises(UserError, match="install the project's extra `reference`"):
        await ReferenceWriter(Endpoint(region="eu-west-1"), Limits()).open(0)
