"""The views of reports: thresholds, comparisons, the page, the summary."""

import csv
import json
import re
import sys
from argparse import ArgumentTypeError
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec import structs

from loadgen.cli import main
from loadgen.job import Job, SegmentResult, SegmentTotals
from loadgen.metrics.counters import Counts
from loadgen.report import page, summary
from loadgen.report import report as reports
from loadgen.report.chart import Series, line_chart
from loadgen.report.compare import lines
from loadgen.report.expected import Expected
from loadgen.report.export import main as export
from loadgen.report.report import LostSegment, RunReport
from loadgen.report.threshold import Threshold
from stack import UserError
from tests.unit.loadgen.reported import EPOCH_NS, part


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


@pytest.mark.parametrize("text", ["get:service_p99<5ms", "query:intended_max>=0ms", "get:acked_share>=99%"])
def test_a_threshold_of_what_was_not_measured_does_not_hold(report: RunReport, text: str) -> None:
    found = Threshold.parse(text).check(report)
    assert (found.met, found.measured) == (False, "not measured")
    assert Threshold.parse("get:failed==0").check(report).met, "a counter is 0"


def test_a_run_without_a_reply_meets_no_limit_of_latency(job: Job) -> None:
    nothing = reports.build(job, [], start_epoch_ns=EPOCH_NS, interrupted=False)
    assert not Threshold.parse("intended_p99<50ms").check(nothing).met


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
        ("rate<97/s", False),
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
        "acked>=5/s",
        "intended_p101<5ms",
        "intended_p99=5ms",
    ],
)
def test_what_is_no_threshold_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        Threshold.parse(text)


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


@pytest.mark.parametrize("command", ["html", "export"])
def test_what_was_written_is_said_on_a_terminal_alone(
    command: str, report: RunReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report.save(tmp_path / "report.json")
    arguments = [command, str(tmp_path / "report.json"), str(tmp_path / "run.csv")]
    assert main(arguments) == 0
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(arguments) == 0
    assert " ".join(capsys.readouterr().err.split()) == f"{tmp_path / 'run.csv'} is written."


@pytest.mark.parametrize("command", ["html", "export"])
def test_a_report_is_not_replaced_by_its_page(
    command: str, report: RunReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.csv"
    report.save(path)
    before = path.read_bytes()
    assert main([command, str(path), str(path)]) == 2
    assert path.read_bytes() == before
    assert capsys.readouterr().err.startswith(f"{path} would be both the report and the ")


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
