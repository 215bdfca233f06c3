"""`python -m sandbox fault`: faults on a command line."""

from __future__ import annotations

import re
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from rich.text import Text

from sandbox import console
from sandbox.errors import SandboxError
from sandbox.faults.client import Faults, endpoint_of
from sandbox.faults.fault import Active, Fault, Value
from sandbox.faults.kinds import KINDS, checked, described, kind_of

EPILOG = """\
examples:
  python -m sandbox fault list
  python -m sandbox fault list throttle
  python -m sandbox fault on throttle dynamodb PutItem --share 0.2 --for 30s
  python -m sandbox fault on throttle dynamodb table=orders partition=order-1
  python -m sandbox fault on partial kinesis --share 0.5 part=0.3
  python -m sandbox fault on crash pipes point=after-put --count 1
  python -m sandbox fault off f1
  python -m sandbox fault off"""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def add_to(parser: Any, add: Callable[..., Any]) -> None:
    """Add the subcommands to the parser of `fault`; `add` creates a parser with the common options."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    show = add(commands, "list", "show the faults that are on, and all kinds")
    show.add_argument("kind", metavar="KIND", nargs="?", help="one kind with its services and parameters")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(run=run_list)

    on = add(commands, "on", "switch a fault on")
    on.add_argument("kind", metavar="KIND", help=", ".join(KINDS))
    on.add_argument("service", metavar="SERVICE", nargs="?", default="", help="whose calls, or which process")
    on.add_argument("rest", metavar="OPERATION | NAME=VALUE", nargs="*", help="an operation, and the kind's parameters")
    on.add_argument("--share", type=_share, default=1.0, metavar="S", help="the share of the calls (default: 1, all)")
    on.add_argument("--count", type=int, metavar="N", help="end after this many strikes")
    on.add_argument("--for", dest="for_s", type=duration, metavar="TIME", help="end after 500ms, 30s, 5m or 1h")
    on.add_argument("--seed", type=int, default=0, metavar="N", help="of the generator that draws the share")
    on.set_defaults(run=run_on)

    off = add(commands, "off", "switch faults off, all by default")
    off.add_argument("ids", metavar="ID", nargs="*", help="as `list` shows them")
    off.set_defaults(run=run_off)


def run_list(arguments: Namespace) -> int:
    """Show the faults and the kinds, or one kind."""
    if arguments.kind is not None:
        _show_kind(arguments.kind)
        return 0
    active = Faults(endpoint_of(arguments.state_dir)).listed()
    if arguments.json:
        console.show_json({"faults": msgspec.to_builtins(active), "kinds": described()})
        return 0
    if active:
        _show(active)
    else:
        console.say("No fault is on.")
    console.out.print()
    console.out.print(console.table(["kind", "what happens"], [[name, kind.meaning] for name, kind in KINDS.items()]))
    console.say("`fault list KIND` shows the services and parameters of one.")
    return 0


def run_on(arguments: Namespace) -> int:
    """Switch a fault on."""
    words: list[str] = [word for word in (arguments.service, *arguments.rest) if word]
    named = [word for word in words if "=" not in word]
    if len(named) > 2:
        raise SandboxError(f"{named[2]!r} is neither a service nor an operation: give parameters as NAME=VALUE.")
    service, operation = (*named, "", "")[:2]
    parameters: dict[str, Value] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            parameters[name] = value
    until = None if arguments.for_s is None else time.time() + arguments.for_s
    fault = Fault(
        arguments.kind, service, operation, arguments.share, arguments.count, until, arguments.seed, parameters
    )
    checked(fault)
    active = Faults(endpoint_of(arguments.state_dir)).on(fault)
    console.say(f"{active.id} is on: {sentence(active)}.")
    return 0


def run_off(arguments: Namespace) -> int:
    """Switch faults off."""
    gone = Faults(endpoint_of(arguments.state_dir)).off(arguments.ids)
    for active in gone:
        console.say(f"{active.id} is off: {sentence(active)}.")
    if not gone:
        console.say("No fault was on.")
    return 0


def apply_limits(endpoint_url: str) -> None:
    """Switch the limits of DynamoDB and Kinesis on, unless they are on."""
    faults = Faults(endpoint_url)
    limited = {active.fault.service for active in faults.listed() if active.on and active.fault.kind == "limits"}
    for service in KINDS["limits"].services.keys() - limited:
        faults.on(Fault("limits", service))


def show_active(state_dir: Path) -> None:
    """Print a line for each fault that is on; nothing if the server does not respond."""
    with suppress(SandboxError):
        for active in Faults(endpoint_of(state_dir)).listed():
            if active.on:
                console.say(f"fault {active.id}: {sentence(active)}")


def sentence(active: Active) -> str:
    """A fault in words, with the number of its strikes."""
    fault = active.fault
    of = f"{fault.service}.{fault.operation}" if fault.operation else fault.service
    parameters = "".join(
        f" {name}={value:g}" if isinstance(value, float) else f" {name}={value}"
        for name, value in fault.parameters.items()
    )
    limits = f", {fault.share:.0%} of the calls" if fault.share < 1 else ""
    if fault.count is not None:
        limits += f", {fault.count} times"
    if fault.until is not None:
        limits += f", until {time.strftime('%H:%M:%S', time.localtime(fault.until))}"
    return f"{fault.kind} {of}{parameters}{limits}; struck {active.struck} of {active.met}"


def duration(text: str) -> float:
    """The seconds of a duration; raises ArgumentTypeError for an invalid text."""
    match = _DURATION.fullmatch(text)
    if match is None or not float(match[1]):
        raise ArgumentTypeError(f"{text!r} is not a duration above 0: give 500ms, 30s, 5m or 1h")
    return float(match[1]) * _SECONDS[match[2]]


def _share(text: str) -> float:
    percent = text.endswith("%")
    try:
        return float(text.rstrip("%")) / (100 if percent else 1)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a share: give a number from 0 to 1, or a percentage") from None


def _show(listed: list[Active]) -> None:
    table = console.table(["id", "state", "fault"], [])
    for active in listed:
        state = Text("on", "bold red") if active.on else Text("ended")
        table.add_row(active.id, state, sentence(active))
    console.out.print(table)


def _show_kind(name: str) -> None:
    kind = kind_of(name)
    plain = [service for service, operations in kind.services.items() if not operations]
    rows = [["service", ", ".join(plain)]] if plain else []
    rows += [["service", f"{service} {', '.join(found)}"] for service, found in kind.services.items() if found]
    for each, parameter in kind.parameters.items():
        by_service = {service: found for service, found in parameter.by_service.items() if found}
        default = "the first" if by_service else parameter.default
        rows.append([f"{each}=", parameter.meaning + ("" if default == "" else f" (default: {default})")])
        if parameter.choices:
            rows.append(["", ", ".join(parameter.choices)])
        rows += [["", f"{service}: {', '.join(found)}"] for service, found in by_service.items()]
    console.out.print(console.table([name, kind.meaning], rows))
