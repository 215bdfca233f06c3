from __future__ import annotations

from io import StringIO

from rich.console import Console

from lake.status_line import StatusLine

ERASED = "\x1b[2K"


def test_what_is_printed_while_the_line_is_hidden_has_a_line_of_its_own() -> None:
    terminal = StringIO()
    with StatusLine("looking", Console(file=terminal, force_terminal=True)) as say:
        say("listing")
        with say.hidden():
            before = terminal.getvalue()
            terminal.write("the plan\n")
    assert before.rindex(ERASED) > before.rindex("listing"), "the line is erased before"
    assert "listing" in terminal.getvalue().partition("the plan\n")[2], "and shown again below"


def test_nothing_is_shown_elsewhere() -> None:
    file = StringIO()
    with StatusLine("looking", Console(file=file, force_terminal=False)) as say:
        say("listing")
        with say.hidden():
            file.write("the plan\n")
    assert file.getvalue().strip() == "the plan"
