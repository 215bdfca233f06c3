"""`python -m sandbox`: the sandbox's command line."""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox import console, demo, env, logs
from sandbox.errors import SandboxError
from sandbox.faults import command as fault
from sandbox.lifecycle import DEFAULT_STACK, Health, Sandbox, command
from sandbox.monitoring.raised import RaisedAlarm, raised_alarms
from sandbox.state import DEFAULT_PORT, DEFAULT_STATE_DIR, STATE_DIR_VARIABLE, STATUS_INTERVAL_S, StateDir
from stack.commandline import Exit, Parser, run
from stack.help import HelpFormatter
from stack.installation import ShowVersion, called, program

_DESCRIPTION = """\
AWS on this machine: the pipeline, its Lambda function and its queries, without an account.

It runs in the background, listens on one port of 127.0.0.1 only and stores all its files in one directory. What it has
acknowledged survives `down` and the death of any process; `down --forget` deletes it.
"""
_EPILOG = """\
examples:
  python -m sandbox up                        start it and deploy the stack "local" to it
  python -m sandbox up --empty                start it empty, for `pulumi up --stack local`
  python -m sandbox up --port 4600 --state-dir /tmp/second     a second sandbox
  python -m sandbox status --watch
  python -m sandbox console                   the same and more as a page in a browser
  eval "$(python -m sandbox env)"             then the AWS CLI, boto3, PyAthena and Polars use it
  python -m sandbox logs pipes --follow
  python -m sandbox fault on throttle dynamodb --share 0.2 --for 30s
  python -m sandbox down                      stop it; `up` continues with its data
  python -m sandbox down --forget             stop it and delete its data

exit codes:
  0 done, and all is up    1 a process is dead or a pipe fails, or the demo found a difference
  2 wrong input, explained in one sentence    130 interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    return arguments.run(arguments)


def _parser() -> ArgumentParser:
    formatter = HelpFormatter
    parser = Parser(
        prog=called("sandbox", "cdc-sandbox"), description=_DESCRIPTION, epilog=_EPILOG, formatter_class=formatter
    )
    common = Parser(add_help=False)
    common.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        default=Path(os.environ.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR),
        help=f"directory of the sandbox's files (default: ${STATE_DIR_VARIABLE} or {DEFAULT_STATE_DIR})",
    )
    parser.add_argument("--version", action=ShowVersion)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def added(to: Any, name: str, summary: str) -> ArgumentParser:
        return to.add_parser(name, help=summary, description=summary, parents=[common], formatter_class=formatter)

    def add(name: str, summary: str) -> ArgumentParser:
        return added(commands, name, summary)

    up = add("up", "start the sandbox and deploy the program to it; restart dead processes")
    up.add_argument("--port", type=_port, metavar="N", help=f"port on 127.0.0.1 (default: {DEFAULT_PORT})")
    up.add_argument("--stack", metavar="NAME", help=f"deploy Pulumi.NAME.yaml (default: {DEFAULT_STACK})")
    up.add_argument("--empty", action="store_true", help="deploy nothing; use `pulumi up` or another tool")
    up.add_argument("--limits", action="store_true", help="apply the throughput limits of DynamoDB and Kinesis")
    up.add_argument("--json", action="store_true", help="print the outputs as JSON, without progress")
    up.set_defaults(run=_up)

    status = add("status", "show the processes, their counters and backlogs")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.add_argument("--watch", action="store_true", help="show it each second until Ctrl-C")
    status.set_defaults(run=_status)

    variables = add("env", "print the environment variables that AWS clients need to use it")
    variables.add_argument("--json", action="store_true", help="as JSON")
    variables.set_defaults(run=_env)

    page = add("console", "serve a page that shows the pipeline at work, until Ctrl-C")
    page.add_argument(
        "--port", type=_port, metavar="N", help="port on 127.0.0.1 (default: the first free one from 4580)"
    )
    page.set_defaults(run=_console)

    down = add("down", "stop the sandbox; `up` continues with its data")
    down.add_argument("--forget", action="store_true", help="also delete everything except the logs")
    down.set_defaults(run=_down)

    show = add("logs", "show the processes' logs")
    show.add_argument("process", nargs="?", help="name of one process (default: all)")
    show.add_argument("-f", "--follow", action="store_true", help="show new lines until Ctrl-C")
    show.add_argument("-n", "--lines", type=_count, default=20, metavar="N", help="lines per process (default: 20)")
    show.set_defaults(run=_logs)

    summary = "switch faults of the services and processes on and off"
    faults = commands.add_parser(
        "fault", help=summary, description=summary, epilog=fault.EPILOG, formatter_class=formatter
    )
    fault.add_to(faults, added)

    summary = "run the whole pipeline in a separate sandbox and prove that nothing is lost"
    demonstration = commands.add_parser("demo", help=summary, description=summary, formatter_class=formatter)
    demonstration.set_defaults(run=_demo)
    return parser


def _up(arguments: Namespace) -> int:
    with console.ProgressLine() as progress:
        sandbox = Sandbox(StateDir(arguments.state_dir), _silent if arguments.json else progress)
        up = sandbox.up(program(), arguments.stack, arguments.port, arguments.empty)
    if arguments.limits:
        fault.apply_limits(str(up.outputs["endpoint_url"]))
    if arguments.json:
        console.show_json(up.outputs)
    else:
        console.show_outputs(up.outputs)
        console.say(up.sentence)
    return 0


def _status(arguments: Namespace) -> int:
    sandbox = Sandbox(StateDir(arguments.state_dir), _silent)
    health = _health(sandbox)
    if arguments.watch:
        return _watch(sandbox, as_json=arguments.json)
    if arguments.json:
        console.show_json(console.health_json(health))
    else:
        console.show_health(health)
    fault.show_active(arguments.state_dir)
    for alarm in _alarms(sandbox):
        since = time.strftime("%H:%M:%S", time.localtime(alarm.since_s))
        console.say(f"alarm {alarm.name} since {since}: {alarm.reason}")
    failing = [failure for process in health if process.alive for failure in console.failures(process)]
    for failure in failing:
        console.say(failure)
    dead = [process.process for process in health if not process.alive]
    if not dead:
        if how := sandbox.emptiness():
            console.say(how)
        return Exit.NOT_AS_WANTED if failing else 0
    kept = "; nothing that was acknowledged is lost" if "server" in dead else ""
    are = "is" if len(dead) == 1 else "are"
    console.say(f"{', '.join(dead)} {are} dead{kept}: restart with `{command('up', sandbox.state)}`.")
    return Exit.NOT_AS_WANTED


def _watch(sandbox: Sandbox, *, as_json: bool) -> int:
    """Show the processes each second until Ctrl-C, or until the sandbox is stopped."""
    deployment = sandbox.deployment()
    stack = "no stack" if deployment is None or deployment.stack is None else f"stack {deployment.stack}"
    heading = f"{sandbox.outputs().get('endpoint_url', 'starting')} · {stack} · {sandbox.state.path}"
    with console.StatusWatch(heading, as_json=as_json) as watch:
        while True:
            watch.show(_health(sandbox))
            time.sleep(STATUS_INTERVAL_S)


def _health(sandbox: Sandbox) -> list[Health]:
    """Return the processes.

    Raises:
        SandboxError: the sandbox is not running.
    """
    health = sandbox.health()
    if not any(process.pid for process in health):
        raise SandboxError(f"The sandbox is not running: start it with `{command('up', sandbox.state)}`.")
    server = next((process for process in health if process.process == "server" and process.ready), None)
    if server is not None and (alarms := _alarms(sandbox)):
        names = ", ".join(alarm.name for alarm in alarms)
        return [
            process._replace(status=process.status | {"alarms": names}) if process is server else process
            for process in health
        ]
    return health


def _alarms(sandbox: Sandbox) -> list[RaisedAlarm]:
    endpoint_url = sandbox.outputs().get("endpoint_url")
    return raised_alarms(endpoint_url) if endpoint_url else []


def _env(arguments: Namespace) -> int:
    sandbox = Sandbox(StateDir(arguments.state_dir), _silent)
    _health(sandbox)
    outputs = sandbox.outputs()
    if not outputs:
        raise SandboxError("The sandbox is still starting: wait until `up` has ended.")
    if arguments.json:
        console.show_json(env.variables(outputs))
    else:
        sys.stdout.write(env.shell(outputs))
    return 0


def _console(arguments: Namespace) -> int:
    from sandbox.page.command import serve  # slow to import

    sandbox = Sandbox(StateDir(arguments.state_dir), _silent)
    _health(sandbox)
    return serve(sandbox, arguments.port)


def _down(arguments: Namespace) -> int:
    with console.ProgressLine() as progress:
        sandbox = Sandbox(StateDir(arguments.state_dir), progress)
        found = sandbox.down(forget=arguments.forget)
    if not found:
        console.say("The sandbox is not running.")
    elif arguments.forget:
        console.say("The sandbox is down, and its data is deleted.")
    else:
        console.say(f"The sandbox is down; `{command('up', sandbox.state)}` continues with its data.")
    return 0


def _logs(arguments: Namespace) -> int:
    state = StateDir(arguments.state_dir)
    width = max(map(len, logs.names(state)), default=0)
    for line in logs.tail(state, arguments.process, arguments.lines, arguments.follow):
        prefix = "" if arguments.process else f"{line.process:<{width}} | "
        sys.stdout.write(f"{prefix}{line.text}\n")
        if arguments.follow:
            sys.stdout.flush()
    return 0


def _demo(arguments: Namespace) -> int:  # noqa: ARG001 - all commands have the same signature
    return demo.main()


def _silent(line: str) -> None:
    """Show no progress."""


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a number of lines")
    return int(text)
