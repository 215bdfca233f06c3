"""The command line's refusals: one sentence, exit code 2."""

import asyncio
import os
import signal
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from loadgen.cli import arguments, main
from loadgen.cli.plan import plan_of
from loadgen.cli.run import Interrupts
from loadgen.distributed.cluster import Cluster
from loadgen.dynamodb.writer import Endpoint
from loadgen.job import Job
from loadgen.metrics.counters import METRICS
from loadgen.report import report as reports
from loadgen.schedule.plan import Plan, Preload
from loadgen.schedule.profile import Constant
from stack import UserError

NOWHERE = ("--endpoint-url", "http://127.0.0.1:1", "--region", "eu-west-1")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No sandbox, no AWS configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SANDBOX_STATE_DIR", raising=False)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--rps", "fast"], "'fast' is not a rate: write it as 500, 5k, 300/m or 20k/h"),
        (["--rps", "0"], "'0' is not above 0"),
        (["--rps", "5", "--duration", "soon"], "'soon' is not a duration: write it as 500ms, 90s, 5m or 1h"),
        (
            ["--rps", "5", "--mix", "update=1"],
            "the mix has no inserts, and updates and deletes need orders: --preload some",
        ),
        (["--rps", "5", "--preload", "10@"], "'' is not a rate"),
        (["--rps", "5", "--preload", "5", "--workload", "a:B"], "--preload writes orders"),
        (["--rps", "5", "--mix", "upsert=1"], "'upsert=1' is not one of insert, update, delete"),
        (["--rps", "5", "--max-in-flight", "0"], "0 is out of bounds: it must be at least 1"),
        ([], "give one of --rps, the rate, --users, how many"),
        (["--rps", "5", "--users", "5"], "give one of --rps, the rate, --users, how many"),
        (["--profile", "ramp"], "give one of --rps, the rate, --users, how many"),
        (["--users", "5", "--profile", "day.toml"], "--profile requires --rps"),
        (["--profile", "day.toml", "--duration", "5s"], "--duration cannot be combined with day.toml"),
        (["--profile", "day.toml"], "the profile day.toml cannot be read"),
        (["--rps", "5", "--think", "1s"], "--think requires --users"),
        (["--rps", "5", "--speed", "2"], "--speed requires --trace"),
        (["--rps", "5", "--batch-wait", "50ms"], "--batch-wait requires --batch"),
        (["--users", "5", "--batch", "5"], "--batch requires --rps"),
        (["--users", "5", "--threshold", "intended_p99<5ms"], "with --users intended latency is not defined"),
        (["--trace", "run.ledger", "--duration", "5s"], "--duration cannot be combined with --trace"),
        (["--rps", "5", "--threshold", "got:failed==0"], "there is no kind of call 'got': it is one of write, get"),
    ],
)
def test_a_wrong_option_is_explained(options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(options)
    assert exit_info.value.code == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_a_file_of_phases_needs_no_other_rate(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text('[[phase]]\nfor = "2s"\nrps = 300\n\n[[phase]]\nfor = "1s"\nrps = 3000\n')

    def planned(*options: str) -> Plan:
        return plan_of(arguments.parser().parse_args(["--profile", str(path), *options]))

    plan = planned()
    assert plan.count == 3600
    assert plan.max_in_flight == 3000, "as many as are planned in the fastest second"
    assert planned("--count", "500").count == 500
    assert planned("--preload", "10@5").preload == Preload(10, 5)
    with pytest.raises(ArgumentTypeError, match="--preload takes its rate from --rps: give that, or --preload 10@RATE"):
        planned("--preload", "10")


@pytest.mark.parametrize("writer", ["fast", "aioboto3"])
def test_an_endpoint_out_of_reach_is_reported(writer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rps", "5", "--table", "orders", "--writer", writer, *NOWHERE]) == 2
    error = capsys.readouterr().err
    assert error.startswith("http://127.0.0.1:1 cannot be reached (")
    assert error.count("\n") == 1


def test_a_missing_sandbox_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rps", "5"]) == 2
    assert "The sandbox is not running" in capsys.readouterr().err


@pytest.mark.parametrize("writer", ["fast", "aioboto3"])
def test_missing_credentials_are_reported(writer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rps", "5", "--table", "orders", "--region", "eu-west-1", "--writer", writer]) == 2
    assert "AWS_ACCESS_KEY_ID" in capsys.readouterr().err


def test_a_report_that_could_not_be_written_is_reported_before_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rps", "5", "--table", "orders", "--report", "no/where.json", *NOWHERE]) == 2
    assert "no is not a directory" in capsys.readouterr().err


def test_help_names_every_option_that_a_newcomer_needs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["--help"])
    assert exit_info.value.code == 0
    text = capsys.readouterr().out
    for option in ("--rps", "--duration", "--seed", "--mix", "--stack", "--table", "--endpoint-url", "--report"):
        assert option in text


def test_help_shows_what_is_in_brackets_and_every_metric(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert "[[phase]]" in text
    assert "[[scenario]]" in text
    for name in (*METRICS, "acked_share", "unsent", "rate"):
        assert name in text


@pytest.mark.parametrize("address", ["foo", ":", "http://127.0.0.1:4566", "tcp://", "tcp://host", "a b:1"])
def test_what_is_no_address_of_a_scheduler_is_one_sentence(address: str) -> None:
    with pytest.raises(UserError, match="write --cluster as tcp://HOST:PORT"):
        asyncio.run(Cluster(address).launch())


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = Job(
        plan=Plan(profile=Constant(1.0, 1.0), seed=1),
        endpoint=Endpoint(region="eu-west-1"),
        table="orders",
        writer="fast",
        keys={},
    )
    report = reports.build(job, [], start_epoch_ns=0, interrupted=False)
    report.save(tmp_path / "report.json")
    assert main(["html", str(tmp_path / "report.json"), str(tmp_path / "none" / "page.html")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--report", "a", "--html", "a"], "--report and --html"),
        (["--report", "a", "--ledger", "./a"], "--report and --ledger"),
        (["--html", "a", "--prometheus", "a"], "--html and --prometheus"),
        (["--report", "a", "--continue-from", "a"], "--report and --continue-from"),
        (["--ledger", "old", "--continue-from", "old", "--html", "old"], "--html and --ledger"),
    ],
)
def test_a_file_is_not_given_twice_before_the_run(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    target = ["--table", "orders", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"]
    assert main(["--rps", "1", *target, *options]) == 2
    assert f"would be both {said}: give one of them another path." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_run_leaves_the_signals_handlers_as_they_were() -> None:
    def terminate(*_: object) -> None:
        """End."""

    async def run() -> None:
        Interrupts().close()
        assert signal.getsignal(signal.SIGTERM) is terminate

    handler = signal.signal(signal.SIGTERM, terminate)
    try:
        asyncio.run(run())
    finally:
        signal.signal(signal.SIGTERM, handler)


def test_a_second_ctrl_c_before_the_start_leaves_the_workers_end_alone() -> None:
    """The first cancels the run, which ends its workers: cancelling that too would leave them, and a traceback."""
    ended = False

    async def run() -> None:
        nonlocal ended
        interrupts = Interrupts()
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            # The loop handles a signal in one of its next turns.
            for _ in range(10):
                await asyncio.sleep(0)
            assert interrupts.count == 2
            ended = True
            interrupts.close()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert ended
