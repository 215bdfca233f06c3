"""The common behaviour of all command lines: exit codes, one sentence for an error, Ctrl-C, SIGTERM, a closed output.

    def main(argv: Sequence[str] | None = None) -> int:
        return run(lambda: _main(parser().parse_args(argv)))

Of the project it imports only `stack.terminal`, which imports nothing of it, so all packages may import it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import zlib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from threading import current_thread, main_thread
from traceback import walk_tb
from types import FrameType, ModuleType
from typing import NoReturn, cast

from stack.terminal import write_lines

_SCHEMA = "transform.schema"
"""The module that users edit, which checks itself when it is imported."""


class Exit(IntEnum):
    """The exit codes of all commands.

    UNREAD is what a shell reports for a program that SIGPIPE has ended, as it ends `yes | head`: the reader closed the
    output before the result was completely written.
    """

    OK = 0
    NOT_AS_WANTED = 1
    BAD_INPUT = 2
    INCOMPLETE = 3
    INTERRUPTED = 130
    UNREAD = 141


class UserError(Exception):
    """An error that the user can fix. Its text is one sentence: what is wrong and what to do."""


class TerminationRequest(KeyboardInterrupt):
    """SIGTERM; a command handles it like Ctrl-C, except that other processes do not receive it."""


class Parser(ArgumentParser):
    """An ArgumentParser that reports a wrong option as one sentence, with the name of the command that has no such."""

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride] - namespaces of another type are not used
        self, args: Iterable[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        """Exit with BAD_INPUT for unknown options: those of a subcommand are its own, whose --help lists the known."""
        parsed, unknown = super().parse_known_args(args, Namespace() if namespace is None else namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """Exit with BAD_INPUT."""
        write_lines(f"{self.prog}: {message.rstrip('.')} (see --help).", to=sys.stderr)
        self.exit(Exit.BAD_INPUT)


def imported(name: str) -> ModuleType:
    """Import the module of a command line. Raises: UserError: the schema, which it imports, is not valid.

    Ctrl-C and SIGTERM wait until the end: an import that is broken off half-way can crash a compiled library.
    """
    try:
        with interrupts_deferred():
            return import_module(name)
    except ValueError as error:
        frames = walk_tb(error.__traceback__)
        if not any(frame.f_globals.get("__name__") == _SCHEMA for frame, _ in frames):
            raise
        raise UserError(f"The schema in transform/schema.py is not valid ({error}): correct it.") from error


def refuse_outdated(module: ModuleType, package: Path) -> None:
    """End the process with one sentence and BAD_INPUT if a package's module is not compiled from the C beside it.

    It was then compiled from other sources, such as those before a `git pull`: a function may be missing, or take other
    arguments. Where the C is not there, such as in a zip for a cluster's workers, the module is taken as it is.
    """
    headers = (package / "native", package.parent / "components" / "native")
    if not all(directory.is_dir() for directory in headers):
        return
    # As components.compiler.digest, which is in the module.
    sources = [path for directory in headers for path in sorted(directory.iterdir()) if path.suffix in {".c", ".h"}]
    if module.__doc__ != f"{zlib.crc32(b''.join(path.read_bytes() for path in sources)):08x}":
        command = f"`python -m components.compiler {package.name}`"
        sys.stderr.write(f"{module.__file__} is compiled from other sources: run {command}.\n")
        raise SystemExit(Exit.BAD_INPUT)


def user_error(error: BaseException) -> str | None:
    """Return the sentence of a UserError, also within an exception group; None for any other error, which is a bug."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, BaseExceptionGroup):
        members = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return next(filter(None, map(user_error, members)), None)
    return None


def run(main: Callable[[], int | None], explain: Callable[[BaseException], str | None] = user_error) -> int:
    """Call `main` and return the process's exit code.

    It is what `main` returns (None is OK); BAD_INPUT after an error for which `explain` has a sentence, which goes to
    standard error; INTERRUPTED after Ctrl-C or SIGTERM; UNREAD when the reader of standard output has gone before the
    end. Any other error is a bug and is raised, and so is SystemExit (for example by --help).
    """
    _open_closed()
    try:
        with _terminable():
            code = main() or Exit.OK
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        return _unread()
    except SystemExit as end:
        # Rich exits with its own code when the pipe is broken.
        if isinstance(end.__context__, BrokenPipeError):
            return _unread()
        if not _flushed():
            _unread()
        raise
    except Exception as error:
        sentence = explain(error) or _full(error)
        if sentence is None:
            raise
        write_lines(sentence, to=sys.stderr)
        code = Exit.BAD_INPUT
    try:
        return code if _flushed() else _unread(code)
    except OSError as error:
        # The interpreter flushes once more when it exits, and would fail again.
        _unread()
        write_lines(f"The output cannot be written: {error.strerror}.", to=sys.stderr)
        return Exit.BAD_INPUT


@contextmanager
def interrupts_deferred() -> Generator[None]:
    """Defer SIGINT and SIGTERM to the end of this context. Only the main thread has signal handlers."""
    if current_thread() is not main_thread():
        yield
        return
    arrived: list[tuple[int, FrameType | None]] = []
    handlers = {
        number: signal.signal(number, lambda number, frame: arrived.append((number, frame)))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in arrived:
            handler = handlers[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)
            elif handler != signal.SIG_IGN:
                signal.raise_signal(number)


@contextmanager
def _terminable() -> Generator[None]:
    """Raise TerminationRequest on SIGTERM. Only the main thread has signal handlers; one that is set stays."""
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signal.signal's signature
    raise TerminationRequest


def _open_closed() -> None:
    """Open a standard output or error that `>&-` or `2>&-` has closed, so that nothing fails that writes to it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - until the process ends


def _full(error: Exception) -> str | None:
    """Return the sentence for a full disk under standard output; a write to an open file names no file."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT) or error.filename is not None:
        return None
    _unread()
    return f"The output cannot be written: {error.strerror}."


def _flushed() -> bool:
    """Flush standard output; return whether its reader still exists. An inner `run` has set it to None."""
    if cast("object", sys.stdout) is None:
        return True
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return False
    return True


def _unread(code: int = Exit.UNREAD) -> int:
    """Discard further output: the interpreter flushes standard output when it exits, and would report an error."""
    sys.stdout = None
    return code
