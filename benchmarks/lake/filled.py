"""A sandbox whose table has orders and whose change log has an insert of each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.loadgen.machine import ROOT
from lake.clients import client
from lake.items import Items
from stack import StackOutputs, resolve
from transform.schema import ENVELOPE, IMAGES, TABLE

_RATE_PER_S = 8000
_OBJECT_ROWS = 50_000
_TYPES = {"string": "VARCHAR", "int": "INTEGER"}


class FilledSandbox:
    """A sandbox in `directory`, deployed and without running Pipes. A context manager."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written = 0

    def __enter__(self) -> FilledSandbox:
        """Start it."""
        self._run("sandbox", "up", "--port", str(_free()))
        pipes = client("pipes", self.outputs)
        for pipe in pipes.list_pipes()["Pipes"]:
            pipes.stop_pipe(Name=pipe["Name"])
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._run("sandbox", "down")

    @property
    def state_dir(self) -> Path:
        """Its state directory."""
        return self._directory / "sandbox"

    @cached_property
    def outputs(self) -> StackOutputs:
        """The stack's outputs."""
        return resolve(state_dir=self.state_dir)

    def grow(self, items: int) -> int:
        """Put orders until there are about as many, and rewrite the change log; return the number of orders."""
        missing = items - self._written
        if missing > 0:
            arguments = (
                "--rps",
                str(_RATE_PER_S),
                "--batch",
                "25",
                "--mix",
                "insert=100",
                "--threshold",
                "failed<1000000",
            )
            self._run("loadgen", *arguments, "--duration", f"{max(1, round(missing / _RATE_PER_S))}s")
        self._written = self._write_log()
        return self._written

    def _write_log(self) -> int:
        outputs = self.outputs
        bucket, s3 = outputs.require("bucket_name"), client("s3", outputs)
        hour = time.strftime("%Y-%m-%d-%H", time.gmtime())
        count = 0
        with tempfile.TemporaryDirectory() as place:
            for number, (path, rows) in enumerate(_parquet(Path(place), self._images())):
                s3.upload_file(str(path), bucket, f"{TABLE.change_log}/arrival_hour={hour}/{number:05d}.parquet")
                count += rows
        return count

    def _images(self) -> Iterator[bytes]:
        outputs = self.outputs
        for page in Items(client("dynamodb", outputs), outputs.require("table_name"), TABLE).pages():
            yield from map(msgspec.json.encode, page)

    def _run(self, *command: str) -> None:
        environment = os.environ | {"SANDBOX_STATE_DIR": str(self.state_dir)}
        with (self._directory / "commands.log").open("a") as log:
            subprocess.run(
                [sys.executable, "-m", *command], cwd=ROOT, env=environment, check=True, stdout=log, stderr=log
            )

    def processor_s(self) -> float:
        """Return the processor time of its processes so far."""
        ticks = 0
        for record in self.state_dir.glob("*.pid"):
            pid: int = msgspec.json.decode(record.read_bytes())["pid"]
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


def _parquet(place: Path, images: Iterator[bytes]) -> Iterator[tuple[Path, int]]:
    """Files of the change log, each with the number of its rows."""
    database: Any = import_module("duckdb").connect()
    lines, path = place / "images.json", place / "rows.parquet"
    while batch := [image for _, image in zip(range(_OBJECT_ROWS), images, strict=False)]:
        lines.write_bytes(b"".join(msgspec.json.encode({"image": image.decode()}) + b"\n" for image in batch))
        database.execute(f"COPY ({_rows(lines)}) TO '{path}' (FORMAT parquet)")
        yield path, len(batch)


def _rows(lines: Path) -> str:
    event_id, op, sequence, changed_at = (column.name for column in ENVELOPE)
    before, after = (column.name for column in IMAGES)
    second = int(time.time())
    selected = [
        f"md5(image) AS {event_id}",
        f"'INSERT' AS {op}",
        f"'{second:012d}0{10**39:040d}' AS {sequence}",
        f"to_timestamp({second})::TIMESTAMP AS {changed_at}",
    ]
    for column in TABLE.columns:
        path = ".M.".join(f'"{name}"' for name in column.attribute)
        text = f"image ->> '$.{path}.{TABLE.descriptor(column)}'"
        selected.append(f"CAST(({text}) AS {_TYPES.get(column.type, column.type)}) AS {column.name}")
    selected += [f"NULL::VARCHAR AS {before}", f"image AS {after}"]
    return f"SELECT {', '.join(selected)} FROM read_json('{lines}', columns = {{image: 'VARCHAR'}})"  # noqa: S608 - the schema's names


def _free() -> int:

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
