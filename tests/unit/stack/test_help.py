"""The lines of --help at several widths."""

from __future__ import annotations

import sys

import pytest

from stack.commandline import Parser
from stack.help import HelpFormatter

DESCRIPTION = """\
Write sales orders to a DynamoDB table, at a rate that does not depend on its response times.

examples:
  tool --rps 500          a minute against the running sandbox, and not against AWS
  tool --export arn:aws:dynamodb:eu-west-1:123456789012:table/orders/export/01234567890123   [an export]
"""


def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, *, terminal: bool) -> str:
    for name, value in {"COLUMNS": str(width), "TERM": "dumb", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    parser = Parser("tool", epilog=DESCRIPTION, formatter_class=HelpFormatter, add_help=False)
    parser.print_help()
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_terminal_breaks_the_lines_between_words(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shown(monkeypatch, capsys, width, terminal=True)
    words = DESCRIPTION.split()
    assert out.split()[-len(words) :] == words
    assert [line for line in out.splitlines() if len(line) > width and len(line.split()) > 1] == []
    if width == 60:
        assert "\n  tool --rps 500          a minute against the running\n                          sandbox," in out


def test_a_file_has_the_lines_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert DESCRIPTION in shown(monkeypatch, capsys, 40, terminal=False)
