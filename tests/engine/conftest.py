"""Stacks that Pulumi's engine deployed to the recording provider, each deployed once and then copied by tests."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.cli import Checkout, Result
from tests.engine.recorder import Account, serve

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Stack:
    """A stack that a test may change: the checkout that `pulumi` runs in, and the account it deploys to."""

    name: str
    checkout: Checkout
    account: Account

    def pulumi(self, *command: str) -> Result:
        """Run `pulumi` on this stack."""
        return self.checkout.pulumi(*command, stack=self.name)

    def up(self, *options: str) -> Result:
        """Run `pulumi up` without a preview and without confirmation."""
        return self.pulumi("up", "--yes", "--skip-preview", *options)

    def set(self, **settings: str | int | bool) -> None:
        """Change settings."""
        self.checkout.set(self.name, **settings)


class Stacks:
    """The stacks of a session: `new` returns one that is not deployed yet, `deployed` a deployed one."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()
        self._first: dict[str, Stack] = {}

    @contextmanager
    def new(self, name: str, like: Stack | None = None) -> Generator[Stack]:
        """A stack in a separate checkout and account, copied from `like`."""
        account = like.account.copy() if like else Account()
        directory = self._directory / str(next(self._numbers))
        with serve(account) as provider:
            checkout = Checkout(directory, ROOT, provider.port, like.checkout if like else None)
            stack = Stack(name, checkout, account)
            if like is None:
                made = checkout.pulumi("stack", "init", name)
                assert made, made.out
            yield stack

    @contextmanager
    def deployed(self, name: str) -> Generator[Stack]:
        """A deployed stack, as its file describes it."""
        if name not in self._first:
            with self.new(name) as first:
                done = first.up()
                assert done, done.out
            self._first[name] = first
        with self.new(name, self._first[name]) as stack:
            yield stack


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    if shutil.which("pulumi") is None:
        pytest.fail("there is no pulumi CLI on the PATH: https://www.pulumi.com/docs/install/")
    return Stacks(tmp_path_factory.mktemp("engine"))


@pytest.fixture
def deployed(stacks: Stacks) -> Iterator[Callable[[str], Stack]]:
    """Return a deployed stack for this test alone."""
    with ExitStack() as exits:
        yield lambda name: exits.enter_context(stacks.deployed(name))


@pytest.fixture
def new(stacks: Stacks) -> Iterator[Callable[[str], Stack]]:
    """Return a stack that is not deployed yet, for this test alone."""
    with ExitStack() as exits:
        yield lambda name: exits.enter_context(stacks.new(name))
