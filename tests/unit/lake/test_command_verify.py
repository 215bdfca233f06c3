from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import pytest
from msgspec import Raw

from lake.__main__ import main
from lake.comparison import Comparison
from lake.costs import CommandCost
from lake.fingerprints import BUCKETS, Fingerprints
from lake.inventory import Inventory
from lake.verification import Report, Verification, VerifyProgress
from lake.verify_plan import VerifyPlan
from stack import StackOutputs, UserError
from transform.schema import TABLE

HERE = ["--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:9", "--table", "orders"]


def _verification(*, missing: bool) -> Verification:
    fingerprints = Fingerprints(TABLE)
    inventory = Inventory(fingerprints)
    inventory.add([Raw(b'{"order_id":{"S":"order-1"}}')])
    comparison = Comparison(TABLE, fingerprints, inventory, lambda _: [])
    if missing:
        comparison.expect(range(BUCKETS))
        comparison.compare_rows([], range(BUCKETS))
    inventory.close()
    report = Report(
        ok=not missing,
        items=1,
        rows=comparison.rows,
        missing=comparison.missing,
        extra=0,
        different=0,
        log_rows=3,
        changes=2,
        duplicates=1,
        writes=None,
        lost=None,
        ended="settled" if missing else "all right",
        waited_s=1.5,
        settle_s=20.0,
    )
    return Verification(report, comparison, None)


class FakeVerify:
    """A fake of `verify`: records its arguments, and returns a given result."""

    def __init__(self) -> None:
        self.missing = False
        self.asked: dict[str, Any] = {}

    def __call__(
        self, outputs: StackOutputs, *, watch: Callable[[VerifyProgress], None], **options: Any
    ) -> Verification:
        self.asked = options | {"table": outputs.table_name}
        watch(VerifyProgress("compared", int(self.missing), 1.5))
        return _verification(missing=self.missing)


def _plan(source: Literal["table", "keys", "export"], items: int | None, size: int | None) -> VerifyPlan:
    return VerifyPlan(source=source, items=items, bytes=size, objects=3, log_bytes=2_000_000, cost=CommandCost())


PLANS = {
    "table": _plan("table", 1200, 900_000),
    "keys": _plan("keys", None, None),
    "export": _plan("export", 1, 700),
}


@pytest.fixture(autouse=True)
def planned(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(_: StackOutputs, *, by_key: bool, export: str | None) -> VerifyPlan:
        return PLANS["keys" if by_key else "table" if export is None else "export"]

    monkeypatch.setattr("lake.command_verify.plan", plan)


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> FakeVerify:
    fake = FakeVerify()
    monkeypatch.setattr("lake.command_verify.verify", fake)
    return fake


def test_what_is_right_is_summed_up_and_exits_0(verify: FakeVerify, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *HERE]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "reads about 1,200 items of the table (900 KB), and 3 objects of the change log (2.0 MB) twice;"
    )
    assert "verified in 1.5 s" in out
    assert "0 missing, 0 extra, 0 different" in out
    assert "3 rows, 2 changes, 1 duplicate " in out
    assert verify.asked["table"] == "orders"
    assert (verify.asked["settle_s"], verify.asked["ledger"]) == (None, None)


def test_what_is_wrong_is_named_and_exits_1(
    verify: FakeVerify, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verify.missing = True
    (path := tmp_path / "run.ledger").touch()
    assert main(["verify", *HERE, "--sample", "25", "--timeout", "5", "--settle", "0", "--ledger", str(path)]) == 1
    out = capsys.readouterr().out
    assert "NOT VERIFIED" in out
    assert "missing rows will not arrive" in out
    assert ["missing", "order-1"] in [line.split()[:2] for line in out.splitlines()]
    assert (verify.asked["timeout_s"], verify.asked["settle_s"]) == (5.0, 0.0)
    assert verify.asked["ledger"] == [path]
    assert (verify.asked["share"], verify.asked["since"], verify.asked["as_of"]) == (0.25, None, None)


def test_the_report_goes_to_a_file_or_to_standard_output(
    verify: FakeVerify, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verify.missing = True
    path = tmp_path / "report.json"
    assert main(["verify", *HERE, "--json", "--report", str(path)]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(path.read_text())
    assert printed["differences"] == [{"kind": "missing", "key": ["order-1"]}]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "reads about 1,200 items of the table (900 KB), and"),
        (("--since", "2h"), "reads the items whose keys have changed, each by its key, and"),
        (("--export", "arn:aws:dynamodb:…"), "reads 1 item of the export (700 bytes), and"),
    ],
)
def test_a_dry_run_says_what_would_be_read_and_reads_nothing(
    options: tuple[str, ...], said: str, verify: FakeVerify, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *HERE, "--dry-run", *options]) == 0
    out = capsys.readouterr().out
    assert out.startswith(said)
    assert "about 0.00 dollars" in out
    assert main(["verify", *HERE, "--dry-run", "--json", *options]) == 0
    assert json.loads(capsys.readouterr().out)["objects"] == 3
    assert not verify.asked


def test_a_report_that_cannot_be_written_is_said_so(
    verify: FakeVerify, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *HERE, "--report", str(tmp_path)]) == 2
    assert "cannot be written: it is a directory" in capsys.readouterr().err
    assert not verify.asked, "before the work, not after it"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ledger", "none"], "The ledger none cannot be read: No such file or directory."),
        (["--ledger", "report"], "Line 1 of the ledger report is not an acknowledged write"),
        (["--ledger", "run", "--report", "run"], "run would be both --report and --ledger run: give"),
        (["--erased", "order-1"], "--erased names keys of a ledger's writes: add --ledger."),
    ],
)
def test_a_wrong_ledger_is_said_before_the_work(
    options: list[str],
    said: str,
    verify: FakeVerify,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").touch()
    Path("report").write_text("{}\n")
    assert main(["verify", *HERE, *options]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(said)
    assert shown.out == ""
    assert not verify.asked


def test_the_result_is_shown_before_a_report_that_finds_no_space(
    verify: FakeVerify, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *HERE, "--report", "/dev/full"]) == 2
    shown = capsys.readouterr()
    assert "verified in 1.5 s" in shown.out
    assert shown.err.endswith("The report cannot be written to /dev/full: No space left on device.\n")


def test_a_user_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: Any, **__: Any) -> Verification:
        raise UserError("There is no DynamoDB table 'orders': check --table.")

    monkeypatch.setattr("lake.command_verify.verify", refuse)
    assert main(["verify", *HERE]) == 2
    assert capsys.readouterr().err == "There is no DynamoDB table 'orders': check --table.\n"


@pytest.mark.parametrize(
    "option",
    [
        ["--timeout", "soon"],
        ["--settle", "-1"],
        ["--timeout", "inf"],
        ["--nonsense"],
        ["--sample", "0"],
        ["--show", "-3"],
        ["--show", "some"],
        ["--since", "9999-01-01"],
        ["--as-of", "soon"],
    ],
)
def test_a_wrong_option_is_one_sentence_too(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["verify", *HERE, *option])
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert option[0] in error
    assert error.count("\n") == 1


def test_without_a_database_the_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *HERE, "--workgroup", "w"]) == 2
    assert "give --database" in capsys.readouterr().err


def test_a_verification_lets_go_of_its_files() -> None:
    with closing(_verification(missing=True)) as verification:
        assert len(list(verification.differences())) == 1
