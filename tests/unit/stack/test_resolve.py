from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stack import Credentials, UserError, credentials, resolve
from stack.outputs import NAMES
from tests.serving import serving

DEPLOYED = {name: f"the-{name}" for name in NAMES} | {"region": "eu-west-1"}


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/_sandbox/health" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(autouse=True)
def empty_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "SANDBOX_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def endpoint_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Health)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def running_sandbox(tmp_path: Path, endpoint_url: str) -> Path:
    return _sandbox(tmp_path / ".sandbox", endpoint_url)


def _sandbox(directory: Path, endpoint_url: str) -> Path:
    directory.mkdir()
    (directory / "server.json").write_text(json.dumps({"endpoint_url": endpoint_url, "port": 1}))
    (directory / "outputs.json").write_text(json.dumps(DEPLOYED | {"endpoint_url": endpoint_url}))
    return directory


def _pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put a `pulumi` on the PATH that runs `body` with its arguments in `argv`."""
    executable = tmp_path / "bin" / "pulumi"
    executable.parent.mkdir()
    executable.write_text(f"#!{sys.executable}\nimport json, sys\nargv = sys.argv[1:]\n{body}\n")
    executable.chmod(0o755)
    monkeypatch.setenv("PATH", str(executable.parent))


def _refusal(message: str) -> str:
    return f"sys.stderr.write({message!r}); sys.exit(255)"


def test_a_running_sandbox_gives_every_output_and_its_credentials(running_sandbox: Path, endpoint_url: str) -> None:
    outputs = resolve()
    assert outputs.endpoint_url == endpoint_url
    assert {name: outputs.require(name) for name in NAMES} == DEPLOYED | {"endpoint_url": endpoint_url}
    assert credentials(outputs) == Credentials("sandbox", "sandbox")


def test_explicit_options_win_one_by_one_over_the_sandbox(running_sandbox: Path) -> None:
    outputs = resolve(table_name="mine", view_name=None)
    assert (outputs.table_name, outputs.view_name) == ("mine", "the-view_name")


def test_a_running_sandbox_is_not_mixed_with_options_that_point_elsewhere(running_sandbox: Path) -> None:
    for outputs in (
        resolve(table_name="mine", endpoint_url="http://127.0.0.1:9"),
        resolve(table_name="mine", region="us-east-1"),
    ):
        assert outputs.database_name is None
        assert outputs.origin == "the options"


def test_the_state_directory_is_taken_from_the_argument_then_the_environment(
    tmp_path: Path, endpoint_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = _sandbox(tmp_path / "elsewhere", endpoint_url)
    assert resolve(state_dir=directory).table_name == "the-table_name"
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(directory))
    assert resolve().table_name == "the-table_name"


def test_without_anything_the_sandbox_is_said_to_be_stopped() -> None:
    with pytest.raises(UserError, match=r"sandbox is not running: start it with `python -m sandbox up`, .*--stack"):
        resolve()


def test_a_sandbox_that_left_its_files_behind_is_not_running(tmp_path: Path) -> None:
    _sandbox(tmp_path / ".sandbox", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="not running"):
        resolve()


def test_a_sandbox_without_a_deployment_is_distinguished(running_sandbox: Path) -> None:
    (running_sandbox / "outputs.json").unlink()
    with pytest.raises(UserError, match="nothing is deployed"):
        resolve()


def test_a_sandbox_that_was_started_empty_asks_for_the_stack_that_is_in_it(running_sandbox: Path) -> None:
    (running_sandbox / "outputs.json").unlink()
    (running_sandbox / "deployment.json").write_text(json.dumps({"stack": None, "region": "eu-west-1"}))
    with pytest.raises(UserError, match=r"was started empty: name the stack .* --stack NAME"):
        resolve()


def test_a_stack_in_a_sandbox_says_where_its_aws_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"region": "eu-west-1", "table_name": "t", "endpoint_url": "http://127.0.0.1:4566"})
    _pulumi(tmp_path, monkeypatch, f"print({answer!r})")
    outputs = resolve("local")
    assert outputs.endpoint_url == "http://127.0.0.1:4566"
    assert credentials(outputs) == Credentials("sandbox", "sandbox")


def test_a_table_alone_is_enough_without_stack_or_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    outputs = resolve(table_name="mine")
    assert (outputs.require("table_name"), outputs.require("region")) == ("mine", "us-east-1")
    with pytest.raises(UserError, match=r"database_name is not known .* give --database"):
        outputs.require("database_name")


def test_the_region_may_come_from_the_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "no-config").write_text("[default]\nregion = ap-south-1\n")
    assert resolve(table_name="mine").region == "ap-south-1"


def test_an_unknown_override_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="tabel_name"):
        resolve(tabel_name="mine")


def test_a_loopback_endpoint_gets_the_sandboxs_credentials_only_without_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    local = resolve(table_name="t", endpoint_url="http://localhost:8000")
    assert credentials(local) == Credentials("sandbox", "sandbox")
    assert credentials(resolve(table_name="t")) is None
    assert credentials(resolve(table_name="t", endpoint_url="https://dynamodb.example.com")) is None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    assert credentials(local) is None


def test_a_named_stack_answers_through_the_pulumi_cli_and_options_win(
    running_sandbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = json.dumps({"region": "eu-west-1", "table_name": "orders", "not_ours": [1]})
    check = "assert argv == ['stack', 'output', '--json', '--non-interactive', '--stack', 'dev'], argv"
    _pulumi(tmp_path, monkeypatch, f"{check}\nprint({answer!r})")
    outputs = resolve("dev", region="us-east-1")
    assert (outputs.table_name, outputs.region, outputs.endpoint_url) == ("orders", "us-east-1", None)
    assert credentials(outputs) is None
    with pytest.raises(UserError, match="view_name is not known from stack 'dev'"):
        outputs.require("view_name")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (_refusal("error: no stack named 'dev' found"), "There is no stack 'dev'"),
        (
            _refusal("error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"),
            "not logged in: run `pulumi login`",
        ),
        (_refusal("warning: old\nerror: constructing secrets manager: no passphrase\n"), "secrets manager"),
        ("print('{}')", "has no outputs: deploy it with `pulumi up --stack dev`"),
        ("print('Hello')", "did not print JSON"),
    ],
)
def test_what_the_pulumi_cli_refuses_becomes_one_sentence(
    body: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pulumi(tmp_path, monkeypatch, body)
    with pytest.raises(UserError, match=sentence) as raised:
        resolve("dev")
    assert "\n" not in str(raised.value)


def test_without_the_pulumi_cli_the_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("stack.pulumi.program", lambda: tmp_path)
    with pytest.raises(UserError, match="only the Pulumi CLI can read, and it is not on the PATH"):
        resolve("dev")


def test_without_the_pulumi_cli_a_stack_that_the_project_does_not_configure_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("dev", "prod"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("stack.pulumi.program", lambda: tmp_path)
    with pytest.raises(UserError, match="no stack 'staging': this project configures dev, prod"):
        resolve("staging")
