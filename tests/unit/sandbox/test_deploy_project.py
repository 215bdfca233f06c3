"""A stack's configuration reaches the program as the Pulumi CLI would hand it over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.deploy import stack_region
from stack.commandline import UserError
from without_engine.project import load_stack

PROJECT = """
name: shop
runtime: python
config:
  shards: {type: integer, default: 2}
  protect: {type: boolean, default: false}
  version: {default: 1.10}
  plain: text
  tags: {type: array, items: {type: string}, default: [a, b]}
  aws:profile: {value: work}
"""


def project(directory: Path, stack: str, text: str = PROJECT) -> Path:
    (directory / "Pulumi.yaml").write_text(text)
    (directory / "Pulumi.dev.yaml").write_text(stack)
    return directory


def test_a_stack_that_says_nothing_has_the_project_s_defaults(tmp_path: Path) -> None:
    stack = load_stack(project(tmp_path, ""), "dev")
    assert stack.project == "shop"
    assert stack.config == {
        "shop:shards": "2",
        "shop:protect": "false",
        "shop:version": "1.10",
        "shop:plain": "text",
        "shop:tags": '["a","b"]',
        "aws:profile": "work",
    }


def test_a_value_is_the_text_of_the_file(tmp_path: Path) -> None:
    config = load_stack(project(tmp_path, "config: {shards: 04, 'shop:protect': true, plain: 1.50, other: no}"), "dev")
    assert config.config["shop:shards"] == "04"
    assert config.config["shop:protect"] == "true"
    assert config.config["shop:plain"] == "1.50"
    assert config.config["shop:other"] == "no"


def test_an_object_is_json_text(tmp_path: Path) -> None:
    stack = load_stack(project(tmp_path, "config: {'aws:endpoints': [{s3: 'http://h', n: 1}]}"), "dev")
    assert stack.config["aws:endpoints"] == '[{"n":1,"s3":"http://h"}]'
    assert json.loads(stack.config["aws:endpoints"]) == [{"s3": "http://h", "n": 1}]


def test_the_region_is_the_stack_s_or_the_sandbox_s_own(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").touch()
    project(tmp_path, "config: {'aws:region': us-west-2}")
    assert stack_region(tmp_path, "dev") == "us-west-2"
    project(tmp_path, "")
    assert stack_region(tmp_path / "__main__.py", "dev") == "eu-west-1"


@pytest.mark.parametrize(
    ("stack", "complaint"),
    [
        ("config: {shards: many}", "'shards' must be of type 'integer'"),
        ("config: {protect: 1}", "'protect' must be of type 'boolean'"),
        ("config: {tags: a}", "'tags' must be of type 'array'"),
        ("config: {password: {secure: AAAB}}", "password in Pulumi.dev.yaml is a secure value"),
        ("config: {nested: [{password: {secure: AAAB}}]}", "nested in Pulumi.dev.yaml is a secure value"),
        ("environment: [prod]", "imports an environment"),
        ("config: {a: [}", "is not YAML"),
        ("config: 3", "The `config` of .* must be a map"),
        ("just text", "must contain a map"),
    ],
)
def test_what_the_cli_would_refuse_or_only_it_can_do_is_one_sentence(
    tmp_path: Path, stack: str, complaint: str
) -> None:
    with pytest.raises(UserError, match=complaint) as refused:
        load_stack(project(tmp_path, stack), "dev")
    assert "\n" not in str(refused.value)


def test_a_stack_that_is_not_utf_8_is_one_sentence(tmp_path: Path) -> None:
    directory = project(tmp_path, "")
    (directory / "Pulumi.dev.yaml").write_bytes(b"\xff")
    with pytest.raises(UserError, match="is not UTF-8: save it as that"):
        load_stack(directory, "dev")


def test_a_key_without_default_must_be_given(tmp_path: Path) -> None:
    text = "name: shop\nconfig: {b: {type: string}, a: {type: string}}"
    with pytest.raises(UserError, match="Stack 'dev' is missing configuration values: a, b"):
        load_stack(project(tmp_path, "", text), "dev")


def test_an_unknown_stack_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no stack 'prod': Pulumi\.prod\.yaml is missing; the stacks are dev"):
        load_stack(project(tmp_path, ""), "prod")


def test_no_project_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Pulumi\.yaml is missing"):
        load_stack(tmp_path, "dev")
    with pytest.raises(UserError, match="There is no program"):
        stack_region(tmp_path, "dev")
