"""A program runs in a separate process, and a failure is one sentence."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sandbox.deploy import deploy
from sandbox.errors import SandboxError
from sandbox.state import StateDir
from tests.conftest import SandboxServer

Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def lines() -> list[str]:
    """The deployment's progress."""
    return []


@pytest.fixture
def run(sandbox_server: SandboxServer, tmp_path: Path, lines: list[str]) -> Run:
    """Deploy a program, given as its source, in a project with one setting; return its outputs."""

    def deploy_source(source: str) -> dict[str, Any]:
        (tmp_path / "Pulumi.yaml").write_text(
            "name: shop\nruntime: python\nconfig: {size: {type: integer, default: 3}}"
        )
        (tmp_path / "Pulumi.dev.yaml").write_text("config: {'aws:defaultTags': {tags: {team: data}}}")
        (tmp_path / "helper_of_the_program.py").write_text('VALUE = "imported from the program\'s directory"')
        (tmp_path / "__main__.py").write_text(textwrap.dedent(source).replace("UNIQUE", uuid4().hex[:8]))
        return deploy(tmp_path, "dev", sandbox_server.endpoint_url, StateDir(tmp_path / "state"), lines.append)

    return deploy_source


def queue(name: str, more: str = "") -> str:
    """Return the source of a queue with one more input."""
    return f'pulumi.CustomResource("aws:sqs/queue:Queue", "{name}", {{"name": "{name}-UNIQUE", {more}}})\n'


def test_outputs_are_the_program_s_whatever_their_kind(run: Run, lines: list[str]) -> None:
    outputs = run(
        """
        import pulumi, helper_of_the_program

        class Stage(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("shop:pipeline:Stage", name)
                options = pulumi.ResourceOptions(parent=self)
                self.queue = pulumi.CustomResource(
                    "aws:sqs/queue:Queue", name, {"arn": None, "url": None, "tagsAll": None}, options
                )
                self.register_outputs({})

        print("what a program prints is no message to the deployer")
        config = pulumi.Config()
        stage = Stage("stage")

        async def main():
            return {"late": "exported by an asynchronous program"}

        pulumi.run(main)
        pulumi.export("size", config.require_int("size"))
        pulumi.export("half", 0.5)
        pulumi.export("secret", pulumi.Output.secret("hidden"))
        pulumi.export("nested", {"list": [stage.queue.id, 1], "flag": True})
        pulumi.export("tags", stage.queue.tagsAll)
        pulumi.export("applied", stage.queue.arn.apply(lambda arn: arn.upper()))
        pulumi.export("where", pulumi.get_stack() + "/" + pulumi.get_project())
        pulumi.export("helper", helper_of_the_program.VALUE)
        """
    )
    url = outputs["nested"]["list"][0]
    assert outputs["applied"].startswith("ARN:AWS:SQS:EU-WEST-1:123456789012:STAGE-")
    assert outputs == {
        "size": 3,
        "half": 0.5,
        "secret": "hidden",
        "nested": {"list": [url, 1], "flag": True},
        "tags": {"team": "data"},
        "applied": outputs["applied"],
        "where": "dev/shop",
        "helper": "imported from the program's directory",
        "late": "exported by an asynchronous program",
    }
    assert lines == [f"Queue {url.rpartition('/')[2]}"]


def test_a_resource_that_fails_ends_the_deployment_with_its_type_and_name(run: Run, lines: list[str]) -> None:
    wrong = '{"queueUrl": "http://127.0.0.1/123456789012/nowhere-UNIQUE", "policy": "{}", "arn": None}'
    source = "".join(
        [
            "import pulumi\n",
            queue("first"),
            f'wrong = pulumi.CustomResource("aws:sqs/queuePolicy:QueuePolicy", "wrong", {wrong})\n',
            *(queue(f"dependent-{n}", '"policy": wrong.arn') for n in range(8)),
            'pulumi.export("arn", wrong.arn)\n',
        ]
    )
    with pytest.raises(
        SandboxError, match=r"^aws:sqs/queuePolicy:QueuePolicy wrong: SetQueueAttributes returns .*NonExist"
    ) as failed:
        run(source)
    assert "\n" not in str(failed.value)
    assert len(lines) <= 1


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ('import pulumi\nraise pulumi.RunError("size is 3; allowed: 4.")', r"^size is 3; allowed: 4\.$"),
        ("import pulumi\npulumi.Config().require('colour')", "'shop:colour'"),
        ("import sys\nsys.exit('no')", r"^The program failed with SystemExit: no \(__main__\.py, line 2\)\.$"),
        ("import os\nos._exit(3)", r"^The program ended without a result: see .*deploy\.log\.$"),
        (
            "import pulumi\npulumi.ResourceHook('hook', lambda _: None)",
            "^the sandbox does not run the program's transforms and hooks",
        ),
        (
            "import pulumi\n" + queue("q", '"colour": "red"'),
            "^aws:sqs/queue:Queue q: the sandbox does not support colour",
        ),
        (
            "import pulumi\nq = " + queue("q", '"moon": None') + queue("r", '"policy": q.moon'),
            "^aws:sqs/queue:Queue r: policy depends on an output that the sandbox does not have",
        ),
    ],
)
def test_what_stops_a_program_is_one_sentence(run: Run, source: str, sentence: str) -> None:
    with pytest.raises(SandboxError, match=sentence) as stopped:
        run(source)
    assert "\n" not in str(stopped.value)


def test_the_traceback_of_a_program_that_fails_is_in_the_log(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"^The program failed with ValueError: why \(__main__\.py, line 2\)\.$"):
        run("def deep():\n    raise ValueError('why')\ndeep()")
    log = (tmp_path / "state" / "logs" / "deploy.log").read_text()
    assert "ValueError: why" in log
    assert "in deep" in log


def test_an_endpoint_that_does_not_answer_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop")
    (tmp_path / "Pulumi.dev.yaml").touch()
    (tmp_path / "__main__.py").write_text("import pulumi\n" + queue("q"))
    with pytest.raises(SandboxError, match=r"^aws:sqs/queue:Queue q: create_queue got no response: .*127\.0\.0\.1:9"):
        deploy(tmp_path, "dev", "http://127.0.0.1:9", StateDir(tmp_path / "state"), lambda _: None)
