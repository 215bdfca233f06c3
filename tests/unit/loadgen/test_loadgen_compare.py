"""Two reports side by side."""

import sys
from pathlib import Path

import pytest
from msgspec import structs

from loadgen.job import Job
from loadgen.metrics.counters import Counts, Latencies
from loadgen.report import report as reports
from loadgen.report.compare import differences, lines
from loadgen.report.compare import main as compare
from loadgen.report.report import KindReport, RunReport
from loadgen.schedule.keys import Zipfian
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Preload
from loadgen.schedule.profile import Constant, Phases, Ramp
from tests.unit.loadgen.reported import EPOCH_NS, part


def test_a_comparison_says_when_only_one_run_was_compiled(job: Job) -> None:
    first, second = (
        reports.build(job, [part(0, native=native)], start_epoch_ns=EPOCH_NS, interrupted=False)
        for native in (True, False)
    )
    assert differences(first, first) == []
    assert differences(first, second) == ["native: yes and no"]


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120])
def test_a_comparison_breaks_no_word_at_any_width(
    width: int, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal's user copies a file's name; that of the second is wider than some of the terminals."""
    monkeypatch.chdir(tmp_path)
    second = "after-the-change-of-the-pipeline.json"
    for name in ("a.json", second):
        reports.build(job, [part(0)], start_epoch_ns=EPOCH_NS, interrupted=False).save(Path(name))
    for name, value in {"COLUMNS": str(width), "LINES": "50", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert compare(["a.json", second]) == 0
    out = capsys.readouterr().out
    words = [word.strip(",:") for word in out.split()]
    assert {"acked", "generator's", "throttled", "a.json", second} <= set(words)
    assert all(len(line) <= width or second in line for line in out.splitlines())


def test_a_comparison_in_a_file_has_the_whole_names(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    second = f"{'after-the-change-of-the-pipeline' * 4}.json"
    for name in ("a.json", second):
        reports.build(job, [part(0)], start_epoch_ns=EPOCH_NS, interrupted=False).save(Path(name))
    assert compare(["a.json", second]) == 0
    assert second in capsys.readouterr().out.splitlines()[1].split()


def test_reports_of_the_same_name_have_their_directories(
    report: RunReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        report.save(tmp_path / name / "report.json")
    assert compare(["before/report.json", "after/report.json"]) == 0
    out = capsys.readouterr().out
    assert "before/report.json" in out
    assert "after/report.json is not worse." in out


def test_a_comparison_says_in_words_how_the_plans_differ(job: Job) -> None:
    other = structs.replace(
        job.plan,
        profile=Phases((Constant(50.0, 1.5), Ramp(50.0, 100.0, 30.0))),
        mix=Mix(50, 40, 0, get=10),
        keys=Zipfian(1.2),
        limit=300,
        preload=Preload(20, 100.0),
    )
    first, second = (
        reports.build(structs.replace(job, plan=plan), [part(0)], start_epoch_ns=EPOCH_NS, interrupted=False)
        for plan in (job.plan, other)
    )
    phases = "phases:phases=constant:per_s=50,duration_s=1.5 then ramp:from_per_s=50,to_per_s=100,duration_s=30"
    assert differences(first, second) == [
        f"profile: constant:per_s=100,duration_s=2 and {phases},title=phases",
        "mix: insert=60,update=30,delete=10 and insert=50,update=40,get=10",
        "keys: uniform:rest_s=0.1 and zipfian:theta=1.2,rest_s=0.05",
        "limit: none and 300",
        "preload: none and orders=20,per_s=100",
    ]


def test_a_comparison_reports_what_got_worse(
    report: RunReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slower = structs.replace(report, counts=structs.replace(report.counts, acked=150, dropped=48))
    report.save(tmp_path / "a.json")
    slower.save(tmp_path / "b.json")
    worse = {line.name: line.worse for line in lines(report, slower)}
    assert worse["acked per second"] == pytest.approx(44 / 194)
    assert worse["dropped"] == pytest.approx(11)
    assert worse["intended p99, ms"] == 0
    both = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    assert compare(both) == 0
    assert compare([*both, "--tolerate", "2000%"]) == 0
    assert compare([*both, "--tolerate", "10%"]) == 1
    assert compare([*both[::-1], "--tolerate", "10%"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "acked per second" in out
    assert "b.json is worse by more than 10% in: acked per second (-22.7%), dropped (+1,100.0%)." in out
    assert "a.json is not worse by more than 10%." in out


def test_a_comparison_says_which_kind_of_call_got_worse(report: RunReport) -> None:
    """Reads that are slower hide among many writes: they have their own lines."""

    def of(counts: Counts, service_us: int) -> KindReport:
        latencies = Latencies()
        for latency in (latencies.service, latencies.intended, latencies.lag):
            latency[service_us] += counts.acked
        return KindReport(counts=counts, latency=reports.latency_reports(latencies))

    writes = of(Counts(acked=180), 1000)
    first = structs.replace(report, kinds={"write": writes, "get": of(Counts(acked=14), 1000)})
    second = structs.replace(report, kinds={"write": writes, "get": of(Counts(acked=14), 2000)})
    worse = {line.name: line.worse for line in lines(first, second) if line.worse}
    assert all(name.startswith("get: ") and name.endswith(", ms") for name in worse)
    assert {"get: service p50, ms", "get: intended p99, ms"} <= worse.keys()
    assert worse["get: service p99, ms"] == pytest.approx(1.0, rel=0.01)
    # A run of writes alone has no lines of reads, and its writes are all that it did.
    names = [line.name for line in lines(report, second)]
    assert not [name for name in names if name.startswith("get: ")]
    assert "write: service p99, ms" in names
    assert not [name for name in (line.name for line in lines(report, report)) if ": " in name]
