"""The fast writer over TLS, with expiring credentials, and with an endpoint behind a proxy."""

import ssl
import time
from pathlib import Path

import pytest

from loadgen.dynamodb import fast
from loadgen.dynamodb.credentials import CredentialSource
from loadgen.dynamodb.fast import FastWriter, locate
from loadgen.dynamodb.signing import Keys
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.dynamodb.writes import Call, Outcome, Reply
from stack import UserError
from tests.integration.loadgen.faulty import Fault, Faulty, faulty_server

LIMITS = Limits(connections=4, connect_timeout_s=5, read_timeout_s=5)
PUT: dict[str, object] = {"TableName": "orders", "Item": {"order_id": {"S": "1"}, "version": {"N": "1"}}}


async def ask(url: str) -> Reply:
    writer = FastWriter(Endpoint(region="eu-west-1", url=url, access_key="AK", secret_key="secret"), LIMITS)
    try:
        await writer.open(2)
        return await writer.ask("PutItem", PUT)
    finally:
        await writer.close()


async def test_a_trusted_certificate_is_accepted(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, context = certificate
    monkeypatch.setenv("AWS_CA_BUNDLE", str(path))
    async with faulty_server(lambda _: Fault.NONE, context) as (faulty, url):
        assert (await ask(url)).outcome is Outcome.OK
        assert faulty.items.keys() == {"1"}


async def test_an_unknown_certificate_is_refused(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    async with faulty_server(lambda _: Fault.NONE, certificate[1]) as (faulty, url):
        reply = await ask(url)
        assert reply.outcome is Outcome.UNREACHABLE
        assert "certificate verify failed" in reply.message
        assert not faulty.items


class Renewed:
    """A session with new credentials from the second request on."""

    def __init__(self) -> None:
        self.asked = 0

    async def current(self) -> Keys:
        self.asked += 1
        return Keys("OLD", "secret", "token") if self.asked == 1 else Keys("NEW", "secret", "token")


async def test_renewed_credentials_are_used_as_soon_as_the_old_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    def reject_old(faulty: Faulty) -> Fault:
        return Fault.EXPIRED if "Credential=OLD/" in faulty.headers["authorization"] else Fault.NONE

    source = Renewed()
    async with faulty_server(reject_old) as (_, url):

        async def discover(_: Endpoint) -> tuple[CredentialSource, str]:
            return source, url

        monkeypatch.setattr(fast, "discover", discover)
        writer = FastWriter(Endpoint(region="eu-west-1"), LIMITS)
        await writer.open(1)
        try:
            assert (await writer.ask("PutItem", PUT)).outcome is Outcome.CREDENTIALS
            deadline = time.monotonic() + 60
            while (reply := await writer.ask("PutItem", PUT)).outcome is not Outcome.OK:
                assert time.monotonic() < deadline
        finally:
            await writer.close()
    assert reply.outcome is Outcome.OK
    assert source.asked >= 2


async def test_a_failed_renewal_is_reported_with_the_rejection(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Renewed):
        async def current(self) -> Keys:
            if self.asked:
                raise OSError("the token endpoint is gone")
            return await super().current()

    async with faulty_server(lambda _: Fault.EXPIRED) as (_, url):

        async def discover(_: Endpoint) -> tuple[CredentialSource, str]:
            return Failing(), url

        monkeypatch.setattr(fast, "discover", discover)
        writer = FastWriter(Endpoint(region="eu-west-1"), LIMITS)
        await writer.open(1)
        try:
            deadline = time.monotonic() + 60
            while "the token endpoint is gone" not in (await writer.ask("PutItem", PUT)).message:
                assert time.monotonic() < deadline
        finally:
            await writer.close()


def test_an_endpoint_behind_a_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    with pytest.raises(UserError, match="--writer aioboto3"):
        locate("https://dynamodb.eu-west-1.amazonaws.com")
    _, host = locate("https://localhost:8443")
    assert host == "localhost:8443"


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_certificates_that_cannot_be_read_are_named(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    if text is not None:
        bundle.write_text(text)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with pytest.raises(UserError, match=r"AWS_CA_BUNDLE names .*bundle\.pem, which cannot be used \(.+\): correct it"):
        locate("https://localhost:8443")


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://127.0.0.1:4566", "127.0.0.1:4566", 4566),
        ("http://localhost", "localhost", 80),
        ("http://[::1]:8000", "[::1]:8000", 8000),
        ("http://localhost:80/", "localhost", 80),
    ],
)
def test_the_host_header_has_the_port_unless_it_is_the_scheme_s_own(url: str, host: str, port: int) -> None:
    address, header = locate(url)
    assert (header, address.port) == (host, port)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://"])
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="is not an endpoint"):
        locate(url)


async def test_a_call_without_a_listener_is_no_error() -> None:
    async with faulty_server(lambda _: Fault.NONE) as (_, url):
        writer = FastWriter(Endpoint(region="eu-west-1", url=url, access_key="AK", secret_key="secret"), LIMITS)
        await writer.open(0)
        writer.send(Call("PutItem", (b"{}",), sent_ns=time.monotonic_ns()))
        await writer.close()
