"""The program's graph for each of its stacks, and single components by themselves, all without an engine."""

from __future__ import annotations

import hashlib
import json
import pickle
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import resource
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import source_pb2

from components import bundle
from components.continuity import MadeWith
from components.explain import graph, stacks
from components.explain.graph import Graph
from components.settings import PROJECT, Settings
from components.stage import Context
from tests.conftest import shared_directory, write_whole
from tests.unit.components.running import Alone, Record
from transform.schema import TABLE
from without_engine.running import program_at

_MODULES = (
    *("appautoscaling", "athena", "cloudwatch", "dynamodb", "glue", "iam", "kinesis"),
    *("kms", "lambda_", "pipes", "s3", "sns", "sqs"),
)
with warnings.catch_warnings():
    # A module of pulumi_aws, loaded when first used, warns of the deprecated classes in it, used or not.
    warnings.simplefilter("ignore", DeprecationWarning)
    for module in _MODULES:
        hasattr(getattr(aws, module), "outputs")

# The SDK sends the whole stack with each resource, for the engine's messages: a fifth of a run, more under pytest.
resource._get_stack_trace = source_pb2.StackTrace  # pyright: ignore[reportPrivateUsage] - nothing here reads one

ROOT = Path(__file__).parents[3]
STACKS = ["dev", "local", "prod"]
"""The project's own: beside their files a user may have others."""


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    known: dict[object, Graph] = {}
    # Half a second each, and asked for in many files: what one of xdist's processes has recorded, all have.
    shared = shared_directory(tmp_path_factory, "graphs")
    # The Lambda's zip is a file that is there already: its build has its own tests.
    ready = shared / "transform.zip"
    write_whole(ready, bundle.archive([("transform/handler.py", b"")]))

    def build(*_: object) -> Path:
        return ready

    def record(
        stack: str,
        changed: Mapping[str, str] | None = None,
        *,
        preview: bool = False,
        name: str = "",
        before: Graph | None = None,
    ) -> Graph:
        changed = changed or {}
        outputs: Mapping[str, Any] = before.outputs if before else {}
        key = (stack, preview, name, json.dumps(outputs, sort_keys=True), *sorted(changed.items()))
        if key not in known:
            file = shared / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.pickle"
            if file.exists():
                known[key] = pickle.loads(file.read_bytes())
                return known[key]
            config = config_of(stack) | {f"{PROJECT}:{key}": text for key, text in changed.items()}
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(bundle, "build", build)
                known[key] = graph.record(program_at(ROOT), name or stack, config, preview=preview, outputs=outputs)
            write_whole(file, pickle.dumps(known[key]))
        return known[key]

    return record


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def program(stack: str, record: Record) -> Graph:
    """The graph of one of the program's stacks: a test that takes it runs for each."""
    return record(stack)


@pytest.fixture
def settings(stack: str) -> Settings:
    return settings_of(stack)


@pytest.fixture
def alone() -> Alone:
    def alone(build: Callable[[Context], object], *, before: MadeWith | None = None, **choices: Any) -> Graph:
        def program() -> None:
            context = Context.of_stack(Settings(**choices), TABLE, before)
            build(context)

        return graph.record(program, "dev", {})

    return alone


def config_of(stack: str) -> dict[str, str]:
    """A stack's configuration as its file has it, read once: hundreds of tests ask for it."""
    return {**_config_of(stack)}


@cache
def _config_of(stack: str) -> Mapping[str, str]:
    return stacks.config(ROOT, stack)


def settings_of(stack: str) -> Settings:
    """A stack's settings as its file chooses them."""
    set_all_config(config_of(stack), [])
    return Settings.load(pulumi.Config(PROJECT))
