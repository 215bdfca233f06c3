"""A resource reaches its handler whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs
from pulumi.runtime.rpc import wrap_rpc_secret

from sandbox.deploy import registry
from sandbox.deploy.api import ServiceClients
from sandbox.deploy.handlers import load
from sandbox.deploy.mocks import Creator
from sandbox.deploy.registry import Created, New, Question, answers, handles
from sandbox.deploy.without_effect import WITHOUT_EFFECT, has_no_effect
from sandbox.errors import SandboxError

THING = "test:index/thing:Thing"
PROVIDER = "pulumi:providers:aws"
OLD_NAMES = pytest.mark.filterwarnings("ignore:.*has been deprecated in favor of:DeprecationWarning")
seen: list[New] = []
"""What the handler below was given, last of all."""


@handles(THING)
def thing(new: New) -> Created:
    """Reads `name`, `size` and the `level` of each of `blocks`."""
    seen.append(new)
    new.inputs.integer("size")
    for block in new.inputs.blocks("blocks"):
        block.text("level")
    return Created(new.physical_name(), {"tagsOfThing": new.tags()})


@answers("test:index/about:about")
def about(question: Question) -> Mapping[str, Any]:
    return {"of": question.inputs.require("of"), "region": question.aws.region}


def creator(**settings: str) -> Creator:
    return Creator(ServiceClients("http://127.0.0.1:1"), settings, lambda _: None)


def resource(inputs: Mapping[str, Any], type_: str = THING, **options: Any) -> MockResourceArgs:
    return MockResourceArgs(typ=type_, name="orders", inputs=dict(inputs), custom=True, **options)


def test_a_resource_returns_its_inputs_and_what_the_handler_adds() -> None:
    id_, state = creator().new_resource(resource({"name": "a", "size": 2.0}))
    assert id_ == "a"
    assert state == {"name": "a", "size": 2.0, "region": "eu-west-1", "tagsAll": {}, "tagsOfThing": {}}


def test_a_name_that_is_not_given_is_generated_as_the_provider_does() -> None:
    id_, _ = creator().new_resource(resource({}))
    assert id_ is not None
    logical, _, digits = id_.rpartition("-")
    assert logical == "orders"
    assert len(digits) == 7
    assert int(digits, 16) >= 0


def test_an_input_that_is_not_read_is_an_error_with_its_path() -> None:
    inputs = {"name": "a", "colour": "red", "blocks": [{"level": "x"}, {"level": "y", "depth": {"of": 1}}]}
    with pytest.raises(SandboxError, match=r"does not support colour, blocks\[1\]\.depth"):
        creator().new_resource(resource(inputs))


def test_an_unknown_type_is_an_error() -> None:
    with pytest.raises(SandboxError, match="cannot create this type"):
        creator().new_resource(resource({}, "aws:redshift/cluster:Cluster"))


def test_an_unknown_invoke_is_an_error_and_so_is_an_argument_not_read() -> None:
    with pytest.raises(SandboxError, match="does not support this invoke"):
        creator().call(MockCallArgs("aws:ec2/getAmi:getAmi", {}, ""))
    with pytest.raises(SandboxError, match="does not support why"):
        creator().call(MockCallArgs("test:index/about:about", {"of": "x", "why": "y"}, ""))


def test_an_invoke_is_answered_for_the_stack_s_region() -> None:
    answer, failures = creator(region="us-west-2").call(MockCallArgs("test:index/about:about", {"of": "x"}, ""))
    assert answer == {"of": "x", "region": "us-west-2"}
    assert failures == []


def test_secrets_are_unwrapped_for_the_handler_at_every_depth_and_stay_secrets_in_the_state() -> None:
    secret = wrap_rpc_secret("hidden")
    _, state = creator().new_resource(resource({"name": secret, "blocks": [{"level": secret}]}))
    assert seen[-1].inputs.peek("name") == "hidden"
    assert seen[-1].inputs.blocks("blocks")[0].peek("level") == "hidden"
    assert state["name"] == secret


def test_default_tags_of_the_stack_are_on_every_resource_under_its_own() -> None:
    settings = {"defaultTags": '{"tags":{"team":"data","stage":"all"}}'}
    _, state = creator(**settings).new_resource(resource({"tags": {"stage": "table"}}))
    assert state["tagsOfThing"] == state["tagsAll"] == {"team": "data", "stage": "table"}


def test_an_explicit_provider_decides_region_and_tags() -> None:
    subject = creator(region="eu-west-1")
    provider = MockResourceArgs(
        typ=PROVIDER,
        name="west",
        inputs={"region": "us-west-2", "defaultTags": '{"tags":{"a":"b"}}', "skipMetadataApiCheck": "true"},
        custom=True,
    )
    id_, _ = subject.new_resource(provider)
    reference = f"urn:pulumi:dev::shop::{PROVIDER}::west::{id_}"
    _, state = subject.new_resource(resource({}, provider=reference))
    assert (state["region"], state["tagsAll"]) == ("us-west-2", {"a": "b"})


def test_a_resource_s_own_region_wins() -> None:
    _, state = creator(region="eu-west-1").new_resource(resource({"region": "eu-north-1"}))
    assert seen[-1].aws.region == state["region"] == "eu-north-1"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"regoin": "eu-west-1"}, "does not support these settings of the provider: regoin"),
        ({"defaultTags": '{"tgas":{}}'}, r"defaultTags\.tgas"),
        ({"allowedAccountIds": '["999999999999"]'}, "forbid the account 123456789012"),
    ],
)
def test_a_provider_setting_that_cannot_be_honoured_is_an_error(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(SandboxError, match=complaint):
        creator(**settings)


def _unchanged(_: object) -> None:
    """A transform."""


def test_nothing_is_adopted_and_no_transform_is_run() -> None:
    with pytest.raises(SandboxError, match="imports an existing resource"):
        creator().new_resource(resource({}, resource_id="orders"))
    with pytest.raises(SandboxError, match="does not run the program's transforms"):
        creator().new_resource(resource({}, transforms=[_unchanged]))


def test_a_component_passes_through() -> None:
    component = MockResourceArgs(typ="shop:pipeline:Stage", name="stage", inputs={"a": 1}, custom=False)
    assert creator().new_resource(component) == (None, {"a": 1})


@OLD_NAMES
def test_what_has_no_effect_is_an_input_of_a_type_that_is_handled() -> None:
    load()
    for type_, listed in WITHOUT_EFFECT.items():
        assert registry.handler_of(type_) is not None
        inputs: dict[str, object] = import_module("pulumi._types").input_type_types(provider_class(type_, "Args"))
        assert set(listed) <= set(inputs)
        assert all(listed.values())


def test_what_has_no_effect_covers_all_below_it() -> None:
    function = "aws:lambda/function:Function"
    assert has_no_effect(function, "sourceCodeHash.of[3].anything")
    assert not has_no_effect(function, "sourceCodeHashes")
    assert not has_no_effect("aws:sqs/queue:Queue", "sourceCodeHash")


@OLD_NAMES
def test_every_handled_type_is_the_provider_s() -> None:
    load()
    types = [type_ for type_ in registry.handled_types() if type_ != THING]
    assert types
    assert [provider_class(type_).pulumi_type for type_ in types] == types


def provider_class(type_: str, suffix: str = "") -> Any:
    module, _, name = type_.removeprefix("aws:").partition(":")
    package = module.partition("/")[0]
    return getattr(import_module("pulumi_aws." + {"lambda": "lambda_"}.get(package, package)), name + suffix)
