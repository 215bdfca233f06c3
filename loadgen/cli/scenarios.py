"""Reads a TOML file of scenarios that run at the same time, each with the options of a run.

    [[scenario]]
    name = "checkout"
    rps = "200"
    mix = "insert=60,transact=40"
    threshold = ["transact:intended_p99<50ms"]

    [[scenario]]
    name = "browse"
    start = "30s"
    users = 20
    think = "100ms"
    mix = "insert=5,get=95"

A scenario's members are `name`, `start` (its offset from the common start) and options of the command line without
their dashes. Options given on the command line apply to all scenarios.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import NamedTuple, cast

from loadgen.cli.plan import plan_of
from loadgen.schedule.parameters import located, tables
from loadgen.schedule.plan import Plan
from loadgen.values import duration

_OPTIONS = frozenset(
    (
        "rps", "users", "trace", "speed", "think", "profile", "duration", "count", "preload", "warm-up",
        "max-write-units", "max-in-flight", "mix", "keys", "item-size", "seed", "workload", "threshold", "abort",
        "batch", "batch-wait", "processes", "writer", "continue-from",
    )
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9_-]+")
# Each scenario needs a separate file.
_FILES = ("report", "html", "prometheus")
_REPEATABLE = "threshold"


class Scenario(NamedTuple):
    """A run among others: name ("" for a single run), offset from the common start, options and plan."""

    name: str
    start_s: float
    options: Namespace
    plan: Plan


def read_scenarios(path: Path, argv: Sequence[str], parser: ArgumentParser) -> list[Scenario]:
    """Return the scenarios of a file, with the options of the command line. Raises: ArgumentTypeError: a bad file."""
    found = tables(path, "file of scenarios", "scenario")
    common = parser.parse_args(argv)
    if common.cluster is not None:
        raise ArgumentTypeError("--cluster sends one scenario at a time: --scenarios starts processes for each")
    run_seed = secrets.randbits(31) if common.seed is None else cast("int", common.seed)
    made = [_scenario(table, path, argv, parser, run_seed) for table in found]
    names = [scenario.name for scenario in made]
    if len(set(names)) < len(names):
        raise ArgumentTypeError(f"the scenarios of {path} have the same name twice")
    return made


def _scenario(
    table: dict[str, object], path: Path, argv: Sequence[str], parser: ArgumentParser, run_seed: int
) -> Scenario:
    given = {name.replace("_", "-"): value for name, value in table.items()}
    name = given.pop("name", None)
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise ArgumentTypeError(f"a scenario of {path} needs a name of letters, digits, - and _")
    place = f"scenario {name!r} of {path}"
    named = copy(parser)
    named.prog = f"{parser.prog}: {place}"
    with located(place):
        start_s = duration(str(given.pop("start", "0s")))
        if unknown := [option for option in given if option not in _OPTIONS]:
            raise ArgumentTypeError(f"there is no {unknown[0]!r}: it is one of {_known()}")
        for option, value in given.items():
            if isinstance(value, dict) or (isinstance(value, list) and option != _REPEATABLE):
                raise ArgumentTypeError(f"{option!r} has one value, a text or a number")
        options = named.parse_args([*argv, *_arguments(given)])
        if "seed" not in given:
            # Another seed makes different orders.
            options.seed = int.from_bytes(hashlib.sha256(f"{run_seed}/{name}".encode()).digest()[:4], "big") >> 1
        for option in _FILES:
            file = cast("Path | None", getattr(options, option))
            if file is not None:
                setattr(options, option, file.with_name(f"{file.stem}.{name}{file.suffix}"))
        return Scenario(name, start_s, options, plan_of(options))


def _arguments(given: dict[str, object]) -> Iterator[str]:
    for option, value in given.items():
        if value is True:
            yield f"--{option}"
        elif value is not False:
            for one in cast("list[object]", value) if isinstance(value, list) else [value]:
                yield f"--{option}={one}"


def _known() -> str:
    return ", ".join(["name", "start", *sorted(_OPTIONS)])
