"""The command: a search that is stopped, its summary, its report and its exit code."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import NoReturn

import pytest
from msgspec import structs

from capacity import command, page, remedy
from capacity.report import CapacityStep, read
from loadgen.cli import main
from stack import Exit
from tests.unit.capacity.test_capacity_report import BEHIND, step


class Interrupted:
    """A search's steps, of which the third is stopped by Ctrl-C."""

    def __init__(self, *_: object) -> None:
        self.done: list[float] = []
        self.pipeline = Namespace(buffered_s=1.0)

    def run(self, rate: float, load_s: float) -> CapacityStep:
        if len(self.done) == 2:
            raise KeyboardInterrupt
        self.done.append(rate)
        return step(rate, load_s=load_s)


def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int | str | None:
    monkeypatch.setattr(command, "StepRunner", Interrupted)
    target = ["--table", "orders", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1", "--quiet"]
    try:
        return main(["capacity", *target, "--report", str(tmp_path / "capacity.json"), *options])
    except SystemExit as end:
        return end.code


def test_a_stopped_search_reports_the_steps_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert search(tmp_path, monkeypatch, "--from", "100") == Exit.INTERRUPTED
    report = read(tmp_path / "capacity.json")
    assert [one.rate for one in report.steps] == [100, 200]
    assert report.held_per_s == 200
    shown = " ".join(capsys.readouterr().out.split())
    assert "It takes at least 200 changes per second; no stage is a bottleneck up to this rate." in shown
    assert "The search ended early: it was stopped" in shown


UNDECIDED = [structs.replace(BEHIND, verdict="undecided")]


@pytest.mark.parametrize(("decided", "held"), [(0, None), (1, 100)])
def test_an_undecided_step_is_reported_when_the_search_stops_before_its_repetition(
    decided: int,
    held: float | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(self: Interrupted, rate: float, load_s: float) -> CapacityStep:
        if len(self.done) > decided:
            raise KeyboardInterrupt
        self.done.append(rate)
        return step(rate, load_s=load_s, flows=UNDECIDED) if len(self.done) > decided else step(rate, load_s=load_s)

    monkeypatch.setattr(Interrupted, "run", run)
    assert search(tmp_path, monkeypatch, "--from", "100") == Exit.INTERRUPTED
    report = read(tmp_path / "capacity.json")
    assert [one.result for one in report.steps] == [*["held"] * decided, "undecided"]
    assert report.held_per_s == held, "it decides nothing"
    assert ("No rate is decided" if held is None else "at least 100 changes") in report.verdict
    assert report.verdict in " ".join(capsys.readouterr().out.split())
    assert "<td>undecided</td>" in page.page(report)


def test_an_undecided_step_is_taken_as_held_when_no_longer_one_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(self: Interrupted, rate: float, load_s: float) -> CapacityStep:
        self.done.append(load_s)
        return step(rate, load_s=load_s, flows=UNDECIDED)

    monkeypatch.setattr(Interrupted, "run", run)
    assert search(tmp_path, monkeypatch, "--from", "100", "--to", "100", "--step", "10s", "--longest", "25s") == 0
    (only,) = read(tmp_path / "capacity.json").steps
    assert (only.load_s, only.result) == (20, "undecided, taken as held")


def test_a_search_that_is_stopped_while_its_prices_are_computed_is_reported_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def priced_stack(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(remedy, "priced_stack", priced_stack)
    monkeypatch.setattr(command, "SANDBOX", "the options")  # the origin of this search, whose stack has prices then
    assert search(tmp_path, monkeypatch, "--from", "100", "--to", "200") == Exit.INTERRUPTED
    assert [one.rate for one in read(tmp_path / "capacity.json").steps] == [100, 200]
    assert "The search ended early: it was stopped before its prices were known." in capsys.readouterr().out


def test_the_summary_comes_before_a_report_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert search(tmp_path, monkeypatch, "--report", "/dev/full") == Exit.BAD_INPUT
    shown = capsys.readouterr()
    assert "It takes" in shown.out
    assert shown.err.startswith("/dev/full cannot be written: No space left on device")


def test_a_search_goes_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert search(tmp_path, monkeypatch, "--from", "10", "--to", "5") == Exit.BAD_INPUT
    assert "--from is a rate above --to" in capsys.readouterr().err
