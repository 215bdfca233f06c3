from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from lake.__main__ import main
from stack import StackOutputs

HERE = [
    "--region",
    "eu-west-1",
    "--endpoint-url",
    "http://127.0.0.1:9",
    "--workgroup",
    "analysts",
    "--database",
    "sales",
]


class FakeAthena:
    """An Athena client that answers every statement with one row: the statement itself."""

    def __init__(self, failure: dict[str, Any] | None = None) -> None:
        self._failure = failure
        self.requests: list[dict[str, Any]] = []

    def start_query_execution(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return {"QueryExecutionId": "id"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        return {"QueryExecution": {"Status": self._failure or {"State": "SUCCEEDED"}}}

    def get_query_results(self, **_: Any) -> dict[str, Any]:
        rows = [{"Data": [{"VarCharValue": text}]} for text in ("sql", self.requests[-1]["QueryString"])]
        metadata = {"ColumnInfo": [{"Name": "sql", "Type": "varchar"}]}
        return {"ResultSet": {"Rows": rows, "ResultSetMetadata": metadata}}

    def list_named_queries(self, **_: Any) -> dict[str, Any]:
        return {"NamedQueryIds": ["1"]}

    def get_named_query(self, **_: Any) -> dict[str, Any]:
        return {
            "NamedQuery": {
                "Name": "order funnel",
                "Description": "where orders stand",
                "Database": "elsewhere",
                "QueryString": "SELECT 42",
            }
        }


@pytest.fixture
def athena(monkeypatch: pytest.MonkeyPatch) -> FakeAthena:
    return _use(monkeypatch, FakeAthena())


def _use(monkeypatch: pytest.MonkeyPatch, fake: FakeAthena) -> FakeAthena:
    def client(service: str, _: StackOutputs) -> FakeAthena:
        assert service == "athena"
        return fake

    monkeypatch.setattr("lake.command_query.client", client)
    return fake


def test_the_result_is_csv_where_there_is_no_terminal(athena: FakeAthena, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "SELECT 1", *HERE]) == 0
    assert capsys.readouterr() == ('"sql"\n"SELECT 1"\n', "")
    assert athena.requests[0]["WorkGroup"] == "analysts"
    assert athena.requests[0]["QueryExecutionContext"] == {"Database": "sales"}


@pytest.mark.parametrize(
    ("format_", "text"),
    [("json", '[\n  {"sql": "SELECT 1"}\n]\n'), ("jsonl", '{"sql": "SELECT 1"}\n'), ("csv", '"sql"\n"SELECT 1"\n')],
)
def test_the_format_can_be_chosen(
    athena: FakeAthena, capsys: pytest.CaptureFixture[str], format_: str, text: str
) -> None:
    assert main(["query", "SELECT 1", "--format", format_, *HERE]) == 0
    assert capsys.readouterr().out == text


def test_a_statement_comes_from_a_file_or_standard_input_without_its_semicolon(
    athena: FakeAthena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "query.sql"
    file.write_text("SELECT 1;\n")
    assert main(["query", "-f", str(file), *HERE]) == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 2 ; \n"))
    assert main(["query", "-", *HERE]) == 0
    assert [request["QueryString"] for request in athena.requests] == ["SELECT 1", "SELECT 2"]


@pytest.mark.parametrize("given", [["SELECT '\udcff'"], ["-"], ["SELECT ?", "--parameter", "'\udcff'"]])
def test_a_statement_that_is_not_utf_8_is_refused(
    given: list[str], athena: FakeAthena, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python has bytes that are not UTF-8 as surrogates (PEP 383), which JSON's readers refuse (RFC 8259, 8.2)."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT '\udcff'"))
    assert main(["query", *given, *HERE]) == 2
    assert capsys.readouterr().err == "The statement or a parameter is not UTF-8: write it so.\n"
    assert athena.requests == []


def test_a_named_query_runs_in_its_own_database(athena: FakeAthena, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--named", "order funnel", *HERE]) == 0
    assert athena.requests[0]["QueryString"] == "SELECT 42"
    assert athena.requests[0]["QueryExecutionContext"] == {"Database": "elsewhere"}


def test_named_queries_are_listed_with_what_they_show(athena: FakeAthena, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--list", *HERE]) == 0
    assert "order funnel  where orders stand" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--named", "nothing"], "has no query called 'nothing': it has order funnel."),
        (["-f", "/nowhere.sql"], "cannot be read from /nowhere.sql: No such file or directory."),
        ([" ; "], "The statement is empty"),
    ],
)
def test_what_the_user_can_fix_is_one_sentence_and_exit_code_2(
    athena: FakeAthena, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["query", *arguments, *HERE]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("category", "code", "said"),
    [(2, 2, "Athena cannot run this statement: line 1"), (1, 1, "failed in Athena: line 1")],
)
def test_a_failed_query_gives_athenas_reason_and_whose_fault_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], category: int, code: int, said: str
) -> None:
    failure = {"State": "FAILED", "StateChangeReason": "line 1", "AthenaError": {"ErrorCategory": category}}
    _use(monkeypatch, FakeAthena(failure))
    assert main(["query", "SELECT 1", *HERE]) == code
    assert said in capsys.readouterr().err


def test_without_a_workgroup_the_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "SELECT 1", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:9"]) == 2
    assert "give --workgroup" in capsys.readouterr().err


def test_help_shows_a_newcomer_where_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    for word in ("query", "verify", "python -m lake query", "exit codes", "--stack dev"):
        assert word in text
