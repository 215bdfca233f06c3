"""Starts Trino in a Java process and runs statements.

Trino is Athena's engine: "Athena engine version 3 … integrates with Trino", see
https://docs.aws.amazon.com/athena/latest/ug/engine-versions-reference-0003.html. Version 435 is the last one that runs
on Java 17.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

VERSION = "435"
JARS = Path(os.environ.get("TRINO", ".build/trino")).resolve()
"""The directory of Trino and its dependencies; `make test-oracle` fills it with Maven."""
HERE = Path(__file__).parent
# The serial collector and the first compiler cost the least processor time for statements that run once.
_JAVA = ("java", "-Xmx1500m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True)
class Answer:
    """An engine's result: columns (name, type) and rows as Athena prints them, or an error's name and message."""

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    error: str | None = None
    message: str = ""

    @classmethod
    def of(cls, said: dict[str, Any]) -> Answer:
        """Build it from a JSON object of the Java program, or of a file of recorded results."""
        if "error" in said:
            return cls(error=said["error"], message=said.get("message", ""))
        columns = tuple((name, type_) for name, type_ in said["columns"])
        return cls(columns, tuple(tuple(row) for row in said["rows"]))


class Trino:
    """A running Trino with the table `s`."""

    def __init__(self, asked: IO[str], answers: IO[str]) -> None:
        self._asked = asked
        self._answers = answers

    def ask(self, sql: str) -> Answer:
        """Return the result of one statement."""
        return Answer.of(self.said(sql))

    def said(self, sql: str) -> dict[str, Any]:
        """Return the result in the Java program's form."""
        self._asked.write(json.dumps({"sql": sql}) + "\n")
        self._asked.flush()
        line = self._answers.readline()
        if not line:
            raise EOFError(f"Trino ended while it answered {sql}")
        return json.loads(line)


@contextmanager
def trino() -> Generator[Trino]:
    """Run Trino in a separate process, with the table `s` of table.json. Raises: RuntimeError: it does not start."""
    with TemporaryDirectory() as classes:
        subprocess.run(["javac", "-d", classes, "-cp", f"{JARS}/*", str(HERE / "Oracle.java")], check=True)
        with subprocess.Popen(
            [*_JAVA, "-cp", f"{classes}:{JARS}/*", "Oracle"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        ) as process:
            if process.stdin is None or process.stdout is None or not process.stdout.readline():
                raise RuntimeError("Trino did not start")
            engine = Trino(process.stdin, process.stdout)
            made = engine.ask(table_statement())
            if made.error:
                raise RuntimeError(f"{made.error}: {made.message}")
            try:
                yield engine
            finally:
                process.stdin.close()


def table() -> dict[str, Any]:
    """Return the table `s`: columns with their Trino and Glue types, and rows."""
    return json.loads((HERE / "table.json").read_text(encoding="utf-8"))


def table_statement() -> str:
    """Return the statement that creates the table `s`."""
    described = table()
    columns = described["columns"]
    types = [column["trino"] for column in columns]
    rows = [[literal(value, type_) for value, type_ in zip(row, types, strict=True)] for row in described["rows"]]
    names = ", ".join(f'"{column["name"]}"' for column in columns)
    values = ", ".join("(" + ", ".join(row) + ")" for row in rows)
    return f"CREATE TABLE s AS SELECT * FROM (VALUES {values}) AS t({names})"


def literal(value: Any, type_: str) -> str:
    """Trino's SQL for a JSON value of a type of the table."""
    if value is None:
        return f"CAST(NULL AS {type_})"
    if type_.startswith("array"):
        return f"CAST(ARRAY[{', '.join(map(_field, value))}] AS {type_})"
    if type_.startswith("map"):
        keys, values = (", ".join(map(_field, part)) for part in (value, value.values()))
        return f"CAST(MAP(ARRAY[{keys}], ARRAY[{values}]) AS {type_})"
    if type_.startswith("row"):
        return f"CAST(ROW({', '.join(map(_field, value.values()))}) AS {type_})"
    text = str(value).replace("'", "''") if not isinstance(value, bool) else str(value).lower()
    return f"CAST('{text}' AS {type_})"


def _field(item: Any) -> str:
    return "NULL" if item is None else literal(item, "varchar") if isinstance(item, str) else str(item)
