"""A function's configuration and its files."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from sandbox.functions.config import FunctionConfig, host_architecture, host_runtime, parse_function, why_not_here
from sandbox.functions.package import PackageError, runtime_modules, unpack
from tests.serving import serving


def zipped(**files: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def config(code: bytes) -> FunctionConfig:
    return FunctionConfig(
        name="orders",
        arn="arn:aws:lambda:eu-west-1:123456789012:function:orders",
        handler="index.handler",
        runtime=host_runtime(),
        architecture=host_architecture(),
        timeout_s=3,
        memory_mb=128,
        code_sha256=base64.b64encode(hashlib.sha256(code).digest()).decode(),
        log_group="/aws/lambda/orders",
    )


class Code(ThreadingHTTPServer):
    """Gives the code of the function "orders"."""

    daemon_threads = True

    def __init__(self) -> None:
        self.code = b""
        self.requests = 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Code)
        self.server.requests += 1
        found = self.path == "/_sandbox/functions/orders/code" and bool(self.server.code)
        self.send_response_only(200 if found else 404)
        self.end_headers()
        self.wfile.write(self.server.code if found else b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter's name in http.server
        pass


@pytest.fixture
def code() -> Generator[Code]:
    server = Code()
    with serving(server):
        yield server


def test_code_is_fetched_once_and_unpacked(code: Code, tmp_path: Path) -> None:
    code.code = zipped(index="one")
    first = unpack(config(code.code), code.url, tmp_path)
    again = unpack(config(code.code), code.url, tmp_path)
    assert first == again
    assert (first / "index").read_text() == "one"
    assert code.requests == 1


def test_new_code_takes_the_place_of_the_old(code: Code, tmp_path: Path) -> None:
    code.code = zipped(index="one")
    old = unpack(config(code.code), code.url, tmp_path)
    code.code = zipped(index="two")
    new = unpack(config(code.code), code.url, tmp_path)
    assert (new / "index").read_text() == "two"
    assert not old.exists()


def test_code_that_is_not_to_be_had(code: Code, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="cannot be fetched: HTTP 404"):
        unpack(config(b"x"), code.url, tmp_path)


def test_code_that_is_another_than_configured(code: Code, tmp_path: Path) -> None:
    code.code = zipped(index="one")
    with pytest.raises(PackageError, match="does not match its configuration"):
        unpack(config(b"x"), code.url, tmp_path)


def test_code_that_is_no_zip(code: Code, tmp_path: Path) -> None:
    code.code = b"no zip"
    with pytest.raises(PackageError, match="is not a zip"):
        unpack(config(code.code), code.url, tmp_path)
    assert list((tmp_path / "orders").iterdir()) == []


def test_the_runtimes_modules_are_these_alone(tmp_path: Path) -> None:
    names = {path.name.split(".")[0] for path in runtime_modules(tmp_path).iterdir()}
    assert {"awslambdaric", "runtime_client", "simplejson", "boto3"} <= names
    assert not {"msgspec", "pytest", "moto"} & names


def test_a_configuration_as_boto3_gives_it() -> None:
    found = parse_function(
        {
            "FunctionName": "orders",
            "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:orders",
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Timeout": 30,
            "MemorySize": 512,
            "CodeSha256": "sha",
            "Architectures": ["arm64"],
            "Environment": {"Variables": {"B": "2", "A": "1"}},
            "Version": "$LATEST",
        }
    )
    assert (found.timeout_s, found.memory_mb, found.architecture) == (30, 512, "arm64")
    assert found.environment == (("A", "1"), ("B", "2"))
    assert found.log_group == "/aws/lambda/orders"
    assert found.region == "eu-west-1"


def test_a_function_for_another_machine_is_reported_in_one_sentence() -> None:
    here = config(b"")
    assert why_not_here(here) is None
    elsewhere = why_not_here(replace(here, runtime="python2.7", architecture="vax"))
    assert elsewhere is not None
    assert "built for python2.7 on vax and this machine runs" in elsewhere
    assert "'host'" in elsewhere
