"""Whole runs from the command line, against a real server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from loadgen.cli import main
from loadgen.metrics.histogram import decode
from loadgen.report import report as reports
from loadgen.report.combined import CombinedReport
from loadgen.report.report import RunReport
from stack import Exit
from stack.ledger import read_ledger
from tests.integration.loadgen.order_table import REGION, OrderTable
from tests.serving import serving

WRITERS = ("fast", "aioboto3")


def options(table: OrderTable, directory: Path, *more: str) -> list[str]:
    return [
        *("--table", table.name, "--endpoint-url", table.endpoint_url, "--region", REGION),
        *("--report", str(directory / "report.json"), "--ledger", str(directory / "run.ledger"), "--quiet"),
        *more,
    ]


def load(directory: Path) -> tuple[RunReport, list[dict[str, Any]]]:
    ledger = [msgspec.to_builtins(write) for write in read_ledger(directory / "run.ledger")]
    return reports.load(directory / "report.json"), ledger


@pytest.mark.parametrize("writer", WRITERS)
def test_reads_and_transactions_have_their_own_figures(
    order_table: OrderTable, tmp_path: Path, writer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sandbox's own DynamoDB takes each call, whose form botocore's model checks in the other writer."""
    load_options = ["--rps", "100", "--duration", "2", "--max-in-flight", "2000", "--writer", writer]
    load_options += ["--keys", "uniform:rest=50ms", "--mix", "insert=40,update=10,delete=5,get=20,query=15,transact=10"]
    for threshold in ("get:failed==0", "query:failed==0", "transact:transacted==40", "write:write_units>0"):
        load_options += ["--threshold", threshold]
    assert main([*load_options, *options(order_table, tmp_path)]) == 0
    report, ledger = load(tmp_path)
    counts = report.counts
    assert {kind: part.counts.acked for kind, part in report.kinds.items()} == {
        "write": 110,
        "get": 40,
        "query": 30,
        "transact": 20,
    }
    assert counts.acked == counts.planned == 200
    assert counts.changes == len(ledger) == 110 + 2 * 20
    assert counts.read_units == 70
    assert 0 < counts.items_read <= 70
    for name in ("service", "intended", "lag"):
        each = {kind: part.latency[name].count for kind, part in report.kinds.items()}
        assert each == {kind: part.counts.acked for kind, part in report.kinds.items()}
        assert report.latency[name].count == 200
    assert sum(second.get("transact:acked", 0) for second in report.series) == 20

    last = {line["key"]: line for line in ledger}
    living = {key: str(line["version"]) for key, line in last.items() if line["op"] != "delete"}
    assert {key: item["version"]["N"] for key, item in order_table.items().items()} == living
    assert "transact 10/s · acked 20 (40 writes)" in capsys.readouterr().out


def test_the_ledger_of_a_run_is_a_trace_of_it(order_table: OrderTable, tmp_path: Path) -> None:
    """In two processes, each with separate items."""
    assert main(["--rps", "100", "--count", "100", "--mix", "insert=1", *options(order_table, tmp_path)]) == 0
    _, ledger = load(tmp_path)
    order_table.clear()
    trace = (tmp_path / "run.ledger").rename(tmp_path / "trace")
    assert main(["--trace", str(trace), "--processes", "2", *options(order_table, tmp_path)]) == 0
    report, again = load(tmp_path)
    assert report.counts.planned == len(ledger) == 100
    assert report.target.workload == f"trace {trace}"
    assert order_table.items().keys() == {line["key"] for line in again} == {line["key"] for line in ledger}


def test_scenarios_run_at_a_time_and_each_has_its_report(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "day.toml").write_text(
        '[[scenario]]\nname = "writes"\nrps = 50\ncount = 50\nmix = "insert=1"\n'
        '[[scenario]]\nname = "users"\nusers = 2\ncount = 30\nstart = "200ms"\nmix = "insert=1,get=1"\n'
        'threshold = ["get:acked==15"]\n'
    )
    assert main(["--scenarios", str(tmp_path / "day.toml"), *options(order_table, tmp_path)]) == 0
    writes, users = (reports.load(tmp_path / f"report.{name}.json") for name in ("writes", "users"))
    assert (writes.counts.acked, users.counts.acked) == (50, 30)
    assert users.started_at > writes.started_at
    ledger = [line.key for line in read_ledger(tmp_path / "run.ledger")]
    assert order_table.items().keys() == set(ledger)
    assert len(set(ledger)) == len(ledger) == 65
    out = capsys.readouterr().out
    assert out.index("scenario writes") < out.index("scenario users")

    together = msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=CombinedReport)
    assert together.started_at == writes.started_at
    assert [(row.name, row.start_s, row.counts.acked) for row in together.scenarios] == [
        ("writes", 0.0, 50),
        ("users", 0.2, 30),
    ]
    assert together.scenarios[1].thresholds[0].expression == "get:acked==15"
    assert (together.total.counts.acked, together.total.counts.planned) == (80, 80)
    service = [decode(report.latency["service"].histogram) for report in (writes, users)]
    assert decode(together.total.latency["service"].histogram) == dict(Counter(service[0]) + Counter(service[1]))
    assert together.total.latency["intended"].count == 50, "a closed loop has none"
    assert together.total.elapsed_s == pytest.approx(max(writes.elapsed_s, 0.2 + users.elapsed_s))
    assert "total" in out


def test_a_closed_loop_says_what_it_hides(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    load_options = ["--users", "3", "--count", "60", "--processes", "2", "--html", str(page)]
    assert main([*load_options, *options(order_table, tmp_path)]) == 0
    report, ledger = load(tmp_path)
    assert report.counts.planned == report.counts.acked == len(ledger) == 60
    assert (report.latency["service"].count, report.latency["intended"].count) == (60, 0)
    assert "intended latency: not defined in a closed loop" in capsys.readouterr().out
    assert "coordinated omission applies" in page.read_text()


@pytest.mark.parametrize("writer", WRITERS)
def test_the_table_holds_what_the_ledger_says(order_table: OrderTable, tmp_path: Path, writer: str) -> None:
    code = main(["--rps", "100", "--duration", "3", "--seed", "5", "--writer", writer, *options(order_table, tmp_path)])
    report, ledger = load(tmp_path)
    counts = report.counts
    assert code == 0
    assert counts.planned == counts.sent == counts.acked == len(ledger) == 300
    assert counts.dropped == 0
    assert not counts.failed
    assert counts.acked_by_op["update"] > 10
    assert counts.acked_by_op["delete"] > 3

    last = {line["key"]: line for line in ledger}
    living = {key: str(line["version"]) for key, line in last.items() if line["op"] != "delete"}
    assert {key: item["version"]["N"] for key, item in order_table.items().items()} == living


def test_both_writers_write_the_same_orders(order_table: OrderTable, tmp_path: Path) -> None:
    """With a rest that no reply outlasts: a change of an order in flight becomes an insert."""
    written: list[list[dict[str, Any]]] = []
    for writer in WRITERS:
        arguments = ["--rps", "200", "--duration", "1", "--seed", "9", "--keys", "uniform:rest=1s", "--writer", writer]
        assert main([*arguments, *options(order_table, tmp_path)]) == 0
        items = sorted(order_table.items().values(), key=lambda item: item["order_id"]["S"])
        for item in items:
            del item["ordered_at"], item["updated_at"]
        written.append(items)
    assert len(written[0]) == 200
    assert written[0] == written[1]


def test_the_report_has_the_histograms_and_a_row_a_second(order_table: OrderTable, tmp_path: Path) -> None:
    assert main(["--rps", "50", "--duration", "2", *options(order_table, tmp_path)]) == 0
    report, _ = load(tmp_path)
    for name in ("service", "intended", "lag"):
        assert sum(decode(report.latency[name].histogram).values()) == 100
    assert sum(second["acked"] for second in report.series) == 100
    assert [second["second"] for second in report.series] == list(range(len(report.series)))
    assert report.latency["intended"].percentiles_ms["p99"] >= report.latency["service"].percentiles_ms["p50"] > 0


def test_the_warm_up_is_written_but_not_counted(order_table: OrderTable, tmp_path: Path) -> None:
    assert main(["--rps", "50", "--duration", "1", "--warm-up", "1s", *options(order_table, tmp_path)]) == 0
    report, ledger = load(tmp_path)
    assert report.counts.acked == report.warm_up.acked == 50
    assert len(ledger) == 100
    assert report.latency["service"].count == report.latency["lag"].count == 50


def test_preloaded_orders_are_there_to_be_changed_and_not_counted(order_table: OrderTable, tmp_path: Path) -> None:
    load_options = ["--rps", "50", "--duration", "1", "--mix", "update=4,delete=1", "--preload", "400@800/s"]
    assert main([*load_options, "--warm-up", "1s", *options(order_table, tmp_path)]) == 0
    report, ledger = load(tmp_path)
    assert report.plan.max_in_flight == 800, "what is planned in a second"
    assert report.warm_up.acked_by_op["insert"] >= 400
    assert report.warm_up.acked == 450
    assert report.counts.acked == 50
    assert report.counts.acked_by_op["insert"] == report.counts.substituted < 25
    assert len(ledger) == 500
    assert report.rate == pytest.approx(50, rel=0.2)


def test_what_is_beyond_the_bound_is_dropped_and_counted(order_table: OrderTable, tmp_path: Path) -> None:
    assert main(["--rps", "2000", "--duration", "1", "--max-in-flight", "2", *options(order_table, tmp_path)]) == 0
    counts = load(tmp_path)[0].counts
    assert counts.dropped > 0
    assert counts.planned == counts.due == counts.sent + counts.dropped == 2000
    assert counts.sent == counts.acked
    assert len(order_table.items()) == counts.acked_by_op["insert"] - counts.acked_by_op["delete"]


def test_ctrl_c_stops_sending_and_still_writes_the_report(order_table: OrderTable, tmp_path: Path) -> None:
    arguments = ["--rps", "50", "--duration", "10m", *options(order_table, tmp_path)]
    arguments.remove("--quiet")
    process = subprocess.Popen([sys.executable, "-m", "loadgen", *arguments], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert msgspec.json.decode(process.stderr.readline())["writes"] == 30_000
        assert msgspec.json.decode(process.stderr.readline())["second"] == 0
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "stopping" in rest
    report, ledger = load(tmp_path)
    assert report.interrupted
    assert report.counts.planned == 30_000
    assert report.counts.unsent == 30_000 - report.counts.sent > 0
    assert report.counts.acked == report.counts.sent == len(ledger)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_stopped_while_its_report_is_written_has_it_all_the_same(
    number: signal.Signals, order_table: OrderTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: RunReport, path: Path) -> None:
        os.kill(os.getpid(), number)
        save(self, path)

    save = RunReport.save
    monkeypatch.setattr(RunReport, "save", stopped)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        assert main(["--rps", "100", "--count", "5", *options(order_table, tmp_path)]) == Exit.INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, handler)
    assert load(tmp_path)[0].counts.acked == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is played by /dev/full, which is Linux's")
def test_a_full_disk_costs_neither_the_figures_nor_the_report_of_a_ledger(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_options = ["--rps", "100", "--duration", "1", *options(order_table, tmp_path)]
    assert main([*load_options, "--report", "/dev/full"]) == 2
    out, error = capsys.readouterr()
    assert "acked 100" in out
    assert error == "/dev/full cannot be written: No space left on device; make room or give another path.\n"
    assert main([*load_options, "--ledger", "/dev/full"]) == 2
    report = reports.load(tmp_path / "report.json")
    assert report.lost == []
    assert report.failure is not None
    assert "lacks acknowledged writes, because it cannot be written: No space left" in report.failure
    assert report.failure.endswith("; make room or change --ledger.")


@pytest.mark.parametrize("until", ["launched", "described"])
def test_ctrl_c_before_the_first_write_is_clean(until: str, tmp_path: Path) -> None:
    """The target does not respond (to DescribeTable): the run is still in preparation."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        arguments = ["--rps", "5", "--table", "t", "--endpoint-url", url, "--region", REGION, "--processes", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "loadgen", *arguments, "--report", str(tmp_path / "report.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"},
        )
        try:
            with ExitStack() as open_sockets:
                if until == "described":
                    open_sockets.enter_context(silent.accept()[0]).recv(4096)
                else:
                    wait_for_a_child(process)
                os.killpg(process.pid, signal.SIGINT)  # like a terminal
                out, error = process.communicate(timeout=30)
        finally:
            process.kill()
            process.communicate()
    assert (process.returncode, error) == (130, "")
    assert "Traceback" not in out
    assert not (tmp_path / "report.json").exists()


def wait_for_a_child(process: subprocess.Popen[str]) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not children.read_text():
        assert process.poll() is None, "it ended before it had a child"
        time.sleep(0.005)


@pytest.mark.parametrize("writer", ["fast", "aioboto3"])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"Table":5}', b'{"Table":{"KeySchema":5}}'])
def test_a_target_that_is_no_dynamodb_is_one_sentence(
    body: bytes, writer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Other)
    with serving(server):
        url = f"http://127.0.0.1:{server.server_port}"
        arguments = ["--rps", "5", "--table", "t", "--endpoint-url", url, "--region", REGION, "--writer", writer]
        assert main([*arguments, "--report", str(tmp_path / "report.json")]) == 2
    error = capsys.readouterr().err
    assert "does not answer DescribeTable as DynamoDB does" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(("writer", "batch"), [("fast", "1"), ("fast", "5"), ("aioboto3", "1")])
def test_a_run_goes_on_from_the_orders_of_an_earlier_one(
    order_table: OrderTable, tmp_path: Path, writer: str, batch: str
) -> None:
    """Versions go on, and what an order has beside its life stays, also where an update puts the whole item."""
    first = ["--rps", "400", "--count", "200", "--keys", "uniform:rest=50ms", "--seed", "1"]
    assert main([*first, *options(order_table, tmp_path)]) == 0
    before, left = order_table.items(), (tmp_path / "run.ledger").rename(tmp_path / "first.ledger")
    gone = min(before)
    order_table.client.delete_item(TableName=order_table.name, Key={"order_id": {"S": gone}})

    more = ["--rps", "400", "--count", "60", "--mix", "update=5,delete=1,get=2", "--writer", writer, "--batch", batch]
    more += ["--processes", "2" if writer == "fast" else "1", "--continue-from", str(left)]
    assert main([*more, *options(order_table, tmp_path)]) == 0
    report, ledger = load(tmp_path)
    assert report.counts.acked_by_op["update"] + report.counts.acked_by_op["delete"] > 30
    assert report.counts.items_read > 0
    after = order_table.items()
    expected = {key: int(item["version"]["N"]) for key, item in before.items() if key != gone}
    for line in ledger:
        if line["op"] == "update":
            assert line["version"] == expected[line["key"]] + 1
        if line["op"] == "delete":
            assert expected.pop(line["key"]) == line["version"]
        else:
            expected[line["key"]] = line["version"]
    assert {key: int(item["version"]["N"]) for key, item in after.items()} == expected
    own = {"status", "version", "updated_at", "note", "cancel_reason"}
    for key in before.keys() & after.keys():
        assert {name: after[key][name] for name in after[key].keys() - own} == {
            name: before[key][name] for name in before[key].keys() - own
        }


def test_a_ledger_to_go_on_from_must_fit(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = tmp_path / "first.ledger"
    run = ["--rps", "400", "--count", "5", "--mix", "insert=1", *options(order_table, tmp_path)]

    def refused(*more: str) -> str:
        assert main([*run, "--continue-from", str(ledger), *more]) == 2
        return capsys.readouterr().err

    assert "first.ledger cannot be read: No such file or directory.\n" in refused()
    ledger.write_text('{"key":"a-1","op":"insert","version":1,"table":"others"}\n')
    assert f"leaves no orders in the table {order_table.name}: those in it are in others.\n" in refused()
    ledger.write_text("placed\n")
    assert "Line 1 of the ledger" in refused()
    ledger.unlink()
    assert main([*run, "--seed", "1"]) == 0
    (tmp_path / "run.ledger").rename(ledger)
    assert "is of a run with the same --seed, whose orders would be new again.\n" in refused("--seed", "1")
