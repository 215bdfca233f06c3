"""Scenarios of a file: each has its own options, beside those of the command line."""

from __future__ import annotations

import io
import re
from argparse import ArgumentTypeError
from pathlib import Path

import pytest
from rich.console import Console

from loadgen.cli import arguments
from loadgen.cli.scenarios import Scenario, read_scenarios
from loadgen.metrics.counters import Counts, MetricsRow
from loadgen.report.expected import Expected
from loadgen.report.live_scenarios import LiveScenarios
from loadgen.schedule.mix import Mix

DAY = """
[[scenario]]
name = "checkout"
rps = "3k/m"
mix = "insert=60,transact=40"
threshold = ["transact:failed==0", "dropped==0"]
abort = true

[[scenario]]
name = "browse"
start = "1m"
users = 20
think = "100ms"
seed = 9
max_write_units = 500
"""


def read(directory: Path, text: str, *argv: str) -> list[Scenario]:
    path = directory / "day.toml"
    path.write_text(text)
    return read_scenarios(path, ["--scenarios", str(path), *argv], arguments.parser())


def test_each_scenario_has_its_own_plan_and_files(tmp_path: Path) -> None:
    common = (
        "--duration",
        "30s",
        "--report",
        "out/r.json",
        "--html",
        "p.html",
        "--threshold",
        "rate>=1",
        "--seed",
        "4",
    )
    checkout, browse = read(tmp_path, DAY, *common)
    assert (checkout.name, checkout.start_s, browse.start_s) == ("checkout", 0, 60)
    assert checkout.plan.profile.rate(0) == 50
    assert checkout.plan.mix == Mix.parse("insert=60,transact=40")
    assert [one.expression for one in checkout.options.threshold] == ["rate>=1", "transact:failed==0", "dropped==0"]
    assert (checkout.options.abort, browse.options.abort) == (True, False)
    assert (browse.plan.users, browse.plan.think_s, browse.plan.max_write_units) == (20, 0.1, 500)
    assert checkout.plan.duration_s == browse.plan.duration_s == 30
    assert browse.plan.seed == 9
    assert checkout.options.report == Path("out/r.checkout.json")
    assert browse.options.html == Path("p.browse.html")
    assert browse.options.prometheus is None


def test_scenarios_of_a_seed_write_other_orders_and_the_same_ones_again(tmp_path: Path) -> None:
    two = '[[scenario]]\nname = "a"\nrps = 1\n[[scenario]]\nname = "b"\nrps = 1\n'
    first, again = (read(tmp_path, two, "--seed", "4") for _ in range(2))
    assert [one.plan for one in first] == [one.plan for one in again]
    assert first[0].plan.seed != first[1].plan.seed
    assert {one.plan.seed for one in first}.isdisjoint(one.plan.seed for one in read(tmp_path, two, "--seed", "5"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"has no \[\[scenario\]\]"),
        ("scenario = [1, 2]", r"has no \[\[scenario\]\]"),
        ("[[scenario]", "is not TOML"),
        ("[[scenario]]\nrps = 5", "needs a name of letters"),
        ('[[scenario]]\nname = "a/b"\nrps = 5', "needs a name of letters"),
        ('[[scenario]]\nname = "a"\nrsp = 5', "scenario 'a' of .*: there is no 'rsp': it is one of name, start, abort"),
        ('[[scenario]]\nname = "a"\nrps = [5, 9]', "scenario 'a' of .*: 'rps' has one value"),
        ('[[scenario]]\nname = "a"\nrps = 5\nmix = {insert = 1}', "scenario 'a' of .*: 'mix' has one value"),
        ('[[scenario]]\nname = "a"', "scenario 'a' of .*: give one of --rps"),
        ('[[scenario]]\nname = "a"\nrps = 5\nstart = "soon"', "scenario 'a' of .*: 'soon' is not a duration"),
        ('abort = true\n[[scenario]]\nname = "a"\nrps = 5', r"has 'abort' beside \[\[scenario\]\]: leave it out"),
        ('[[scenario]]\nname = "a"\nrps = 5\n' * 2, "have the same name twice"),
    ],
)
def test_a_file_that_has_no_scenarios_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ArgumentTypeError, match=said):
        read(tmp_path, text)
    with pytest.raises(ArgumentTypeError, match="cannot be read"):
        read_scenarios(tmp_path / "none.toml", [], arguments.parser())


def test_a_wrong_option_of_a_scenario_names_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(tmp_path, '[[scenario]]\nname = "a"\nrps = 5\n[[scenario]]\nname = "b"\nrps = "fast"')
    assert re.search(r"scenario 'b' of .*: argument --rps: 'fast' is not a rate", capsys.readouterr().err)


def test_the_live_view_has_a_line_for_each() -> None:
    checkout, browse = drawn(200)
    cells = [cell.strip() for cell in checkout.strip("│ ").split("│")]
    assert cells == ["checkout", "4", "50", "49", "0.0 ms", "7", "49", "1", "0", "0", "0"]
    assert "waits" in browse


def test_the_live_view_has_sentences_where_a_table_has_no_room() -> None:
    checkout, browse = drawn(80)
    assert checkout == "checkout, second 4: 49 of 50/s, p99 0.0 ms, 7 in flight; acked 49, dropped 1"
    assert browse == "browse waits"


def drawn(width: int) -> list[str]:
    """Return the lines of two scenarios, of which one has begun."""
    live = LiveScenarios(["checkout", "browse"], Console(file=io.StringIO(), width=width))
    expected = Expected(table="orders", writes=9, seconds=3, write_units=9, price_per_million=None, cost=None)
    for name in ("checkout", "browse"):
        live.view(name).begin(expected)
    live.view("checkout").row(MetricsRow(second=4, counts=Counts(planned=50, acked=49, dropped=1), in_flight=7))
    console = Console(file=io.StringIO(), width=width)
    console.print(live.table())
    for name in ("checkout", "browse"):
        live.view(name).end()
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines() if "checkout" in line or "browse" in line]
