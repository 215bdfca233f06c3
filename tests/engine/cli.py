"""Pulumi's CLI on a copy of the project, with a separate home, login and state."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from components.settings import PROJECT

_TIMEOUT_S = 600
_STACK_FILES = "Pulumi*.yaml"
_GITS = ".gitignore"  # Git does not read it through a link.
# Ignored and unneeded files: a copy of the rest is equivalent to a clone.
_LEFT_OUT = {".git", ".sandbox", ".pulumi"}


@dataclass(frozen=True)
class Result:
    """A command's output and its exit code."""

    code: int
    out: str

    def __bool__(self) -> bool:
        return self.code == 0


class Checkout:
    """A directory with the project, in which `pulumi` may write any files.

    Only the stack files are copies: everything else links to the checkout, so that the program is the same and its
    wheels are not fetched twice. The user's login, plugins and stacks are never used. `like` is another checkout to
    start from: its stack files and its state.
    """

    def __init__(self, directory: Path, root: Path, port: int, like: Checkout | None = None) -> None:
        self.root = directory / "project"
        self.state = directory / "state"
        self._environment = _environment(directory, port)
        self.root.mkdir(parents=True)
        for path in root.iterdir():
            if path.name == _GITS:
                shutil.copy(path, self.root)
            elif path.name not in _LEFT_OUT and not path.match(_STACK_FILES):
                (self.root / path.name).symlink_to(path)
        for path in (like.root if like else root).glob(_STACK_FILES):
            shutil.copy(path, self.root)
        if like:
            shutil.copytree(like.state, self.state)
        else:
            self.state.mkdir()

    def pulumi(self, *command: str, stack: str = "") -> Result:
        """Run `pulumi`; the output has both streams in order."""
        chosen = ["--stack", stack] if stack else []
        return self.run("pulumi", *command, *chosen, "--non-interactive", "--color", "never")

    def run(self, *command: str) -> Result:
        """Run any command in the environment of `pulumi`."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        return Result(done.returncode, done.stdout)

    def set(self, stack: str, **settings: str | int | bool) -> None:
        """Change settings of a stack, as `pulumi config set` does."""
        for key, value in settings.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            done = self.pulumi("config", "set", f"{PROJECT}:{key}", text, stack=stack)
            assert done, done.out

    def resources(self, stack: str) -> Sequence[Mapping[str, Any]]:
        """Return the resources in the stack's state."""
        exported = self.pulumi("stack", "export", stack=stack)
        assert exported, exported.out
        return cast("list[Mapping[str, Any]]", json.loads(exported.out)["deployment"].get("resources", []))


def _environment(directory: Path, port: int) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    return own | {
        "PULUMI_HOME": str(directory / "home"),
        "PULUMI_BACKEND_URL": f"file://{directory / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "of the engine's tests",
        "PULUMI_SKIP_CONFIRMATIONS": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
    }
