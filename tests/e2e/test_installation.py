"""`pip install .`: the wheel, what each of its extras brings, and its three commands far from the checkout."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sandbox.monitoring.raised import coming_alarms
from sandbox.state import client
from stack import version
from tests.conftest import free_port
from tests.e2e.installation import ROOT, Environment, build, required
from tests.e2e.pipeline import Finished, wait_for

PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks", "tests"}
_DELIVERED = 'SELECT SUM("DeliveryToS3.Records") FROM "AWS/Firehose"'
COMPILED = {f"{package}/_native.abi3.so" for package in ("lake", "loadgen", "sandbox", "transform")}


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Not pytest's own temporary directory: a Unix socket's path has only 107 bytes."""
    with TemporaryDirectory(prefix="wheel-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def wheel(directory: Path) -> Path:
    return build("wheel", directory / "dist")


@pytest.fixture(scope="module")
def alone(directory: Path, wheel: Path) -> Environment:
    """The load generator, and no extra."""
    return Environment(directory / "alone", wheel)


class Deployed:
    """A sandbox that an installed `cdc-sandbox` has started, far from the checkout."""

    def __init__(self, environment: Environment, directory: Path) -> None:
        self.environment = environment
        self.cwd = directory / "anywhere"
        self.cwd.mkdir()
        self.state = ("--state-dir", str(directory / "state"))
        self.written = 0

    def run(self, command: str, *arguments: str, environment: Environment | None = None) -> Finished:
        """A command on this sandbox, from its environment or another."""
        return (environment or self.environment).run(self.cwd, command, *arguments, *self.state)

    def load(self, environment: Environment) -> tuple[dict[str, Any], str]:
        """100 orders, written from an environment: the report, and what was shown."""
        done = self.run(
            *("loadgen", "--rps", "400", "--count", "100", "--quiet", "--report", "r.json", "--ledger", "r.ledger"),
            environment=environment,
        )
        assert done.code == 0, done.err
        self.written += 100
        return json.loads((self.cwd / "r.json").read_text()), done.out


@pytest.fixture(scope="module")
def deployed(directory: Path, wheel: Path) -> Iterator[Deployed]:
    made = Deployed(Environment(directory / "all", wheel, "sandbox"), directory)
    started = made.run("cdc-sandbox", "up", "--port", str(free_port()))
    assert started.code == 0, started.err
    yield made
    stopped = made.run("cdc-sandbox", "down")
    assert stopped.code == 0, stopped.err


def names(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as opened:
        return set(opened.namelist())


def test_the_wheel_is_for_this_platform_and_holds_packages_program_and_compiled_parts(wheel: Path) -> None:
    assert re.fullmatch(rf"sales_analytics_cdc-{version()}-cp311-abi3-(linux|macosx_11_0)_\w+\.whl", wheel.name)
    held = names(wheel)
    assert {name.partition("/")[0] for name in held} == PACKAGES | {f"sales_analytics_cdc-{version()}.dist-info"}
    assert held >= COMPILED | {f"{package}/py.typed" for package in PACKAGES}
    program = {"__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.local.yaml", "Pulumi.prod.yaml"}
    assert held >= {f"stack/_project/{name}" for name in program | {"requirements/transform.txt"}}
    with zipfile.ZipFile(wheel) as archive:
        (entries,) = (name for name in held if name.endswith("/entry_points.txt"))
        assert "[pytest11]\ncdc-sandbox = pytest_cdc_sandbox.plugin\n" in archive.read(entries).decode()
    for directory in ("components/native", "transform/native"):
        assert held >= {f"{directory}/{path.name}" for path in (ROOT / directory).iterdir()}


def test_the_sdist_has_all_that_a_wheel_is_built_from(directory: Path) -> None:
    listed = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, check=True, capture_output=True, text=True)
    needed = {*listed.stdout.split(), "pyproject.toml", "hatch_build.py", "__main__.py", "Pulumi.yaml", "README.md"}
    with tarfile.open(build("sdist", directory / "sdist")) as archive:
        archive.extractall(directory / "source", filter="data")
    (source,) = (directory / "source").iterdir()
    assert [name for name in sorted(needed) if (source / name).read_bytes() != (ROOT / name).read_bytes()] == []
    assert list(source.rglob("*.so")) == []


def test_an_extra_brings_what_its_command_takes_and_no_more(wheel: Path) -> None:
    heavy = {"pulumi", "pulumi-aws", "moto", "duckdb", "boto3", "aioboto3", "distributed", "ziglang"}
    assert required(wheel) & heavy == set()
    assert required(wheel, "lake") & heavy == {"boto3"}
    assert required(wheel, "pulumi") & heavy == {"pulumi", "pulumi-aws", "ziglang"}
    assert required(wheel, "sandbox") & heavy == heavy - {"aioboto3", "distributed"}
    assert "aioboto3" in required(wheel, "reference")
    assert "distributed" in required(wheel, "cluster")


@pytest.mark.parametrize("command", ["loadgen", "lake", "cdc-sandbox"])
def test_each_command_is_there_without_any_extra(alone: Environment, directory: Path, command: str) -> None:
    shown = alone.run(directory, command, "--version")
    assert (shown.code, shown.out) == (0, f"sales-analytics-cdc {version()}\n")
    wrong = alone.run(directory, command, "--no-such-option")
    assert wrong.code == 2
    assert wrong.err.startswith(f"{command}: ")


def test_a_command_whose_extra_is_missing_says_which(alone: Environment, deployed: Deployed) -> None:
    for command, extra in ((("lake", "query", "SELECT 1"), "lake"), (("cdc-sandbox", "up"), "sandbox")):
        refused = deployed.run(*command, environment=alone)
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert f"`pip install '.[{extra}]'`" in refused.err
    for module in ("components.explain", "components.audit"):
        refused = alone.run(deployed.cwd, "python", "-m", module, "--stack", "dev")
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert "`pip install '.[pulumi]'`" in refused.err


def test_the_whole_pipeline_runs_from_what_is_installed(deployed: Deployed) -> None:
    report, shown = deployed.load(deployed.environment)
    assert report["generator"]["native"] == "yes"
    assert "\nnative: yes\n" in shown
    on = ("--mix", "update=4,delete=1", "--continue-from", "r.ledger", "--ledger", "on.ledger", "--report", "on.json")
    assert deployed.run("loadgen", "--rps", "400", "--count", "50", "--quiet", *on).code == 0
    deployed.written += 50
    verified = deployed.run("lake", "verify", *("--ledger", "r.ledger", "--ledger", "on.ledger"), "--report", "v.json")
    assert verified.code == 0, verified.err
    assert json.loads((deployed.cwd / "v.json").read_text())["changes"] == deployed.written
    _raises_no_alarm(json.loads(deployed.run("cdc-sandbox", "env", "--json").out)["AWS_ENDPOINT_URL"])
    wrong = deployed.run("lake", "query", "SELECT nothing FROM orders")
    assert wrong.code == 2
    assert len(wrong.err.splitlines()) == 1
    compiled = deployed.environment.run(
        deployed.cwd, "python", "-c", "from transform import compiled, handler; print(compiled.missing)"
    )
    assert (compiled.code, compiled.out) == (0, "None\n")


def _raises_no_alarm(endpoint_url: str) -> None:
    """A first deployment and its load raise no alarm: neither now nor when the periods of their metrics have ended."""
    cloudwatch = client("cloudwatch", endpoint_url)
    now = datetime.now(UTC)

    def delivered() -> bool:
        (found,) = cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "all", "Expression": _DELIVERED, "Period": 60}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
        )["MetricDataResults"]
        return sum(found["Values"]) >= 100

    try:
        wait_for(delivered, "the metrics of the delivery")
        assert coming_alarms(endpoint_url) == []
    finally:
        cloudwatch.close()


def test_without_its_compiled_module_the_load_generator_runs_and_says_so(
    alone: Environment, deployed: Deployed, directory: Path
) -> None:
    report, shown = deployed.load(alone)
    assert report["generator"]["native"] == "yes"
    compiled = alone.site_packages / "loadgen" / "_native.abi3.so"
    aside = compiled.rename(directory / compiled.name)
    try:
        report, shown = deployed.load(alone)
    finally:
        aside.rename(compiled)
    assert report["counts"]["acked"] == 100
    assert report["generator"]["native"] == "no"
    assert "\nnative: no; " in shown
