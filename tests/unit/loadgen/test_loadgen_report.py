"""The views of reports: thresholds, comparisons, the page, the summary."""

import csv
import json
import re
import sys
from argparse import ArgumentTypeError
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec import structs

from loadgen.cli import main
from loadgen.dynamodb.writer import Endpoint
from loadgen.job import Job, SegmentResult, SegmentTotals
from loadgen.metrics.counters import Counts, Latencies, MetricsRow
from loadgen.report import page, summary
from loadgen.report import report as reports
from loadgen.report.chart import Series, line_chart
from loadgen.report.compare import differences, lines
from loadgen.report.compare import main as compare
from loadgen.report.expected import Expected
from loadgen.report.export import main as export
from loadgen.report.report import KindReport, LostSegment, RunReport
from loadgen.report.threshold import Threshold
from loadgen.schedule.keys import Zipfian
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan, Preload
from loadgen.schedule.profile import Constant, Phases, Ramp
from stack import UserError

EPOCH_NS = 1_767_225_600 * 10**9


def latencies(*service_us: int) -> Latencies:
    buckets = Latencies()
    for value in service_us:
        buckets.service[value] += 1
        buckets.intended[value * 2] += 1
        buckets.lag[100] += 1
    return buckets


def row(second: int, in_flight: int, latencies: Latencies, **counts: Any) -> MetricsRow:
    return MetricsRow(second=second, counts=Counts(**counts), in_flight=in_flight, latencies=latencies)


def part(segment: int, *, cpu_s: float = 0.2, native: bool = True) -> SegmentResult:
    """A segment that has planned 100 writes in 2 seconds, dropped 2 and failed 1."""
    rows = [
        row(-1, 0, latencies(9_000_000), planned=10, sent=10, acked=10),
        row(0, 2, latencies(*range(1000, 1048)), planned=50, sent=50, acked=48),
        row(1, 0, latencies(*range(2000, 2049)), planned=50, sent=48, acked=49, dropped=2, failed={"timeout": 1}),
    ]
    counts = Counts(
        due=100,
        sent=98,
        acked=97,
        dropped=2,
        requests=99,
        retried=1,
        write_units=97,
        acked_by_op={"insert": 60, "update": 30, "delete": 7},
        throttled={"ThrottlingException": 1},
        failed={"timeout": 1},
        errors={"throttled": 1, "timeout": 1},
    )
    return SegmentResult(
        segment,
        rows,
        SegmentTotals(
            segment=segment, counts=counts, warm_up=Counts(due=10), elapsed_s=3.0, cpu_s=cpu_s, native=native
        ),
    )


@pytest.fixture
def job() -> Job:
    return Job(
        plan=Plan(profile=Constant(100.0, 2.0), seed=1, warm_up_s=1.0),
        endpoint=Endpoint(region="eu-west-1"),
        table="orders <b>",
        writer="fast",
        keys={"orders": ("order_id",)},
    )


@pytest.fixture
def report(job: Job) -> RunReport:
    return reports.build(job, [part(0), part(1)], start_epoch_ns=EPOCH_NS, interrupted=False)


def test_segments_add_up_and_the_warm_up_stays_out(report: RunReport) -> None:
    assert report.counts.planned == 200
    assert report.counts.due == 200
    assert report.counts.acked == 194
    assert report.counts.failed == {"timeout": 2}
    assert [second["planned"] for second in report.series] == [100, 100]
    assert report.latency["service"].count == 194
    assert report.latency["service"].max_ms < 3
    assert report.rate == 97


def test_a_lost_segment_is_reported_and_not_invented(job: Job) -> None:
    lost = SegmentResult(1, part(1).rows, None, "its process was ended by signal 9")
    report = reports.build(job, [part(0), lost], start_epoch_ns=EPOCH_NS, interrupted=False)
    assert report.counts.acked == 97
    assert report.latency["service"].count == 97
    assert [second["acked"] for second in report.series] == [48, 49]
    assert any("segment 1 was lost" in line and "signal 9" in line for line in summary.lines(report))


def test_a_report_survives_its_file(report: RunReport, tmp_path: Path) -> None:
    report.save(tmp_path / "report.json")
    assert reports.load(tmp_path / "report.json") == report


def test_a_report_from_before_a_counter_was_added_can_be_read_and_drawn(report: RunReport, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    report.save(path)
    document = json.loads(path.read_text())
    for numbers in (document["counts"], document["warm_up"], *document["series"]):
        del numbers["retried"]
    path.write_text(json.dumps(document))
    old = reports.read(path)
    assert old.counts.retried == 0
    assert old.counts.acked == report.counts.acked
    assert "retried" in page.render(old)
    assert {line.name: line.first for line in lines(old, report)}["retried"] == 0


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 1}', "[1, 2]"])
def test_another_file_is_no_report(content: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(UserError, match="is not a report of a run"):
        reports.read(path)


@pytest.mark.parametrize(("kind", "said"), [("capacity", "a search for the capacity"), ("scenarios", "several")])
def test_a_report_of_another_kind_is_called_by_its_kind(kind: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"schema": 1, "kind": kind}))
    with pytest.raises(UserError, match=f"report.json is the report of {said}"):
        reports.read(path)


def test_a_report_of_another_schema_is_refused(report: RunReport, tmp_path: Path) -> None:
    structs.replace(report, schema=99).save(tmp_path / "report.json")
    with pytest.raises(UserError, match="is a report of schema 99"):
        reports.read(tmp_path / "report.json")


def test_a_busy_generator_is_said_to_be_the_limit(job: Job) -> None:
    idle = reports.build(job, [part(0)], start_epoch_ns=EPOCH_NS, interrupted=False)
    busy = reports.build(job, [part(0, cpu_s=2.9)], start_epoch_ns=EPOCH_NS, interrupted=False)
    assert not idle.generator.limited
    assert busy.generator.limited
    assert "the generator was the limit" in busy.generator.verdict


@pytest.mark.parametrize(
    ("segments", "said"), [((True, True), "yes"), ((True, False), "partly"), ((False, False), "no"), ((), "unknown")]
)
def test_the_report_its_summary_and_its_page_say_whether_the_segments_were_compiled(
    job: Job, segments: tuple[bool, ...], said: str
) -> None:
    parts = [part(number, native=native) for number, native in enumerate(segments)]
    report = reports.build(job, parts, start_epoch_ns=EPOCH_NS, interrupted=False)
    assert report.generator.native == said
    assert any(line.startswith(f"native: {said}") for line in summary.lines(report))
    assert f"native: {said}" in page.render(report)


def test_a_comparison_says_when_only_one_run_was_compiled(job: Job) -> None:
    first, second = (
        reports.build(job, [part(0, native=native)], start_epoch_ns=EPOCH_NS, interrupted=False)
        for native in (True, False)
    )
    assert differences(first, first) == []
    assert differences(first, second) == ["native: yes and no"]


def test_a_narrow_comparison_breaks_no_word(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.json", "b.json"):
        reports.build(job, [part(0)], start_epoch_ns=EPOCH_NS, interrupted=False).save(tmp_path / name)
    monkeypatch.setenv("COLUMNS", "40")
    assert compare([str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 0
    words = set(capsys.readouterr().out.split())
    assert {"generator's", "throttled", "a.json", "b.json"} <= words


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
        "keys: uniform:rest_s=1 and zipfian:theta=1.2,rest_s=0.05",
        "limit: none and 300",
        "preload: none and orders=20,per_s=100",
    ]


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("service_p99<2.1ms", True),
        ("service_p99<0.0021s", True),
        ("service_p50<1ms", False),
        ("intended_max<=4.1ms", True),
        ("intended_mean>1ms", True),
        ("lag_p99.9<=0.1ms", True),
        ("dropped==0", False),
        ("dropped <= 4", True),
        ("failed<3", True),
        ("throttled<2", False),
        ("acked_share>=97%", True),
        ("acked_share>=0.98", False),
        ("rate>=97", True),
        ("acked_share>=0.97", True),
    ],
)
def test_a_threshold_holds_or_fails(report: RunReport, text: str, met: bool) -> None:
    assert Threshold.parse(text).check(report).met is met


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fast",
        "p99<5ms",
        "acked_share>=99.9",
        "intended_p99<5",
        "dropped==0ms",
        "rate>=5%",
        "intended_p101<5ms",
        "intended_p99=5ms",
    ],
)
def test_what_is_no_threshold_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        Threshold.parse(text)


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


class Page(HTMLParser):
    """Checks that tags are closed in order, and gathers what a page loads and says."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.polylines = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        self.polylines += tag == "polyline"
        if tag not in ("meta", "line", "polyline", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "polyline", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_loads_nothing(report: RunReport) -> None:
    report.thresholds = [Threshold.parse("dropped==0").check(report)]
    html = page.render(report)
    parser = Page()
    parser.feed(html)
    assert parser.open == []
    assert parser.loads == []
    assert "http:" not in html
    assert "https:" not in html
    assert parser.polylines >= 10
    for text in ("orders <b>", "194", "ThrottlingException", "dropped==0", "intended p99"):
        assert text in parser.text


def test_a_page_can_be_drawn_of_a_run_in_which_nothing_happened(job: Job) -> None:
    empty = SegmentResult(0, [], SegmentTotals(segment=0, counts=Counts(), warm_up=Counts(), elapsed_s=0.0, cpu_s=0.0))
    report = reports.build(job, [empty], start_epoch_ns=EPOCH_NS, interrupted=True)
    assert "Nothing: every write" in page.render(report)
    assert "the generator sent nothing" in summary.lines(report)


@pytest.mark.parametrize(
    ("text", "measured"),
    [("intended_mean<2ms", "ms"), ("rate>=97", "/s"), ("acked_share>=99%", "%"), ("dropped==0", "4")],
)
def test_a_threshold_says_what_was_measured_with_its_unit(report: RunReport, text: str, measured: str) -> None:
    report.thresholds = [Threshold.parse(text).check(report)]
    assert report.thresholds[0].measured.endswith(measured)
    assert any(report.thresholds[0].measured in line for line in summary.lines(report))


def test_a_share_just_below_one_is_not_shown_as_one(report: RunReport) -> None:
    almost = structs.replace(report, counts=structs.replace(report.counts, planned=10_000_000, acked=9_999_999))
    assert Threshold.parse("acked_share>=100%").check(almost).measured == "99.99999%"


def test_a_report_is_exported_by_the_suffix_of_the_file(
    report: RunReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.thresholds = [Threshold.parse(text).check(report) for text in ("dropped==0", "rate>=97")]
    report.lost = [LostSegment(segment=1, reason="its process was ended by signal 9")]
    report.save(tmp_path / "report.json")
    for name in ("run.xml", "run.csv", "run.hgrm"):
        assert export([str(tmp_path / "report.json"), str(tmp_path / name)]) == 0
    suite = ElementTree.fromstring((tmp_path / "run.xml").read_text())
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    failure = suite.find("testcase[@name='dropped==0']/failure")
    assert failure is not None
    assert failure.get("message") == "dropped==0: it is 4"
    rows = list(csv.DictReader((tmp_path / "run.csv").read_text().splitlines()))
    assert [int(row["acked"]) for row in rows] == [second["acked"] for second in report.series]
    assert f"Total count    = {report.latency['intended'].count:12d}" in (tmp_path / "run.hgrm").read_text()
    assert main(["export", str(tmp_path / "report.json"), str(tmp_path / "run.pdf")]) == 2
    assert ".hgrm, .xml, .csv" in capsys.readouterr().err


def test_a_chart_of_one_second_shows_a_line() -> None:
    chart = line_chart([Series("rate", "first", [(0, 5.0)])], label="rate", x_format=str, y_format=str)
    (points,) = re.findall(r'<polyline class="line first" points="([^"]+)"', chart)
    assert len(set(points.split())) == 2


def test_the_summary_breaks_between_words_on_a_terminal(
    report: RunReport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    summary.show(report)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 40
    assert shown.split() == " ".join(summary.lines(report)).split()


def test_the_page_about_the_lines_of_progress_names_every_member(report: RunReport) -> None:
    text = (Path(__file__).parents[3] / "docs" / "loadgen.md").read_text()
    section = text.partition("## The lines of progress")[2].partition("\n## ")[0]
    for name in (*report.series[0], *Expected.__struct_fields__):
        assert f"`{name}`" in section
