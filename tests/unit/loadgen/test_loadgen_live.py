"""The terminal's display during a run."""

import io

from rich.console import Console

from loadgen.cli.progress import JsonLines
from loadgen.metrics.counters import Counts, Latencies, MetricsRow
from loadgen.report.expected import Expected
from loadgen.report.live import LiveView
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant

EXPECTED = Expected(
    table="orders", writes=5000, seconds=20.0, write_units=5000, price_per_million=1.25, cost=5000 * 1.25e-6
)


def row(second: int) -> MetricsRow:
    latencies = Latencies()
    latencies.service[1500] = latencies.intended[2500] = latencies.lag[80] = 250
    counts = Counts(planned=250, sent=250, acked=245, throttled={"ThrottlingException": 3})
    return MetricsRow(second=second, counts=counts, in_flight=7, latencies=latencies)


def test_the_view_shows_target_and_achieved_rate_latencies_and_trouble() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    view = LiveView(Plan(profile=Constant(250.0, 20.0), seed=1), "orders", console)
    view.begin(EXPECTED)
    for second in range(12):
        view.row(row(second))
    view.end()
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "5,000 writes to orders in 20 s, about 5,000 write units, which cost about 0.0063" in text
    last = text[text.rindex("╭") :]
    lines = [line.strip("│ ").split() for line in last.splitlines()]
    assert ["planned", "250/s", "█" * 12] in lines
    assert ["acked", "245/s", "█" * 12] in lines
    assert ["service", "1.5", "ms", "1.5", "ms"] in lines
    assert ["intended", "2.5", "ms", "2.5", "ms"] in lines
    assert "in flight 7   acked 2,940   dropped 0   failed 0   retried 0   throttled 36" in last
    assert "12 of 20 s" in last


def test_a_narrow_view_cuts_no_number_and_shows_the_last_seconds() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    view = LiveView(Plan(profile=Constant(250.0, 80.0), seed=1), "orders", console)
    view.begin(EXPECTED)
    for second in range(70):
        view.row(
            row(second) if second < 69 else MetricsRow(second=69, counts=Counts(), in_flight=0, latencies=Latencies())
        )
    view.end()
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    last = text[text.rindex("╭") :].splitlines()[:11]
    assert {len(line) for line in last} == {40}
    lines = [line.strip("│ ") for line in last]
    assert lines[2] == f"planned            0/s  {'█' * 11}▁"
    assert [lines[5].split(), lines[6].split()] == [["p50", "p99"], ["service", "0.0", "ms", "0.0", "ms"]]
    assert [" ".join(line.split()) for line in lines[8:]] == [
        "in flight 0 acked 16,905",
        "dropped 0 failed 0",
        "retried 0 throttled 207",
    ]


def test_without_a_terminal_each_second_is_a_line_of_json() -> None:
    stream = io.StringIO()
    lines = JsonLines(stream=stream)
    lines.begin(EXPECTED)
    lines.row(row(0))
    lines.end()
    first, second = stream.getvalue().splitlines()
    assert '"writes":5000' in first
    assert '"acked":245' in second
    assert '"intended_p99_ms":2.5' in second
