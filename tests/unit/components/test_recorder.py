"""The provider that the engine's tests run against, by its protocol and without an engine.

It is with the components' tests because it uses their fixtures: the recorded stacks, and pulumi_aws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from components.explain.graph import Graph, Resource
from tests.engine.recorder import Account, serve
from tests.engine.recorder.values import UNKNOWN, message, plain

_grpc: Any = import_module("grpc")  # which has no types
QUEUE = "aws:sqs/queue:Queue"
DIFF_NONE, DIFF_SOME = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME


class Client:
    """The engine's side of the protocol, a method a call."""

    def __init__(self, channel: Any, account: Account) -> None:
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
        self.account = account

    def configure(self, region: str) -> provider_pb2.ConfigureResponse:
        return self.stub.Configure(provider_pb2.ConfigureRequest(args=message({"region": region})))

    def check(
        self, type_: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None, proposed: str = ""
    ) -> provider_pb2.CheckResponse:
        named = provider_pb2.CheckRequest.AutonamingOptions(proposed_name=proposed)
        old = message(olds or {})
        return self.stub.Check(
            provider_pb2.CheckRequest(urn=_urn(type_), olds=old, news=message(inputs), autonaming=named)
        )

    def create(self, type_: str, inputs: Mapping[str, Any], *, preview: bool = False) -> provider_pb2.CreateResponse:
        return self.stub.Create(
            provider_pb2.CreateRequest(urn=_urn(type_), properties=message(inputs), preview=preview)
        )

    def diff(self, type_: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> provider_pb2.DiffResponse:
        return self.stub.Diff(
            provider_pb2.DiffRequest(urn=_urn(type_), olds=message(old), old_inputs=message(old), news=message(new))
        )

    def read(self, type_: str, id_: str) -> provider_pb2.ReadResponse:
        return self.stub.Read(provider_pb2.ReadRequest(urn=_urn(type_), id=id_))

    def update(self, type_: str, id_: str, new: Mapping[str, Any], *, preview: bool = False) -> dict[str, Any]:
        old = self.read(type_, id_)
        request = provider_pb2.UpdateRequest(
            urn=_urn(type_), id=id_, olds=old.properties, news=message(new), preview=preview
        )
        return plain(self.stub.Update(request).properties)

    def delete(self, type_: str, id_: str) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(urn=_urn(type_), id=id_))

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        response = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=message(arguments)))
        return plain(getattr(response, "return"))


@pytest.fixture
def client() -> Iterator[Client]:
    account = Account()
    with serve(account) as provider, _grpc.insecure_channel(f"127.0.0.1:{provider.port}") as channel:
        client = Client(channel, account)
        client.configure("eu-west-1")
        yield client


def _urn(type_: str) -> str:
    return f"urn:pulumi:dev::project::project:pipeline:Stage${type_}::thing"


def custom(program: Graph) -> list[Resource]:
    return [resource for resource in program.resources if resource.custom]


def test_it_says_what_the_bridge_says_of_itself(client: Client) -> None:
    """https://github.com/pulumi/pulumi-terraform-bridge pkg/tfbridge/provider.go, Configure."""
    configured = client.configure("eu-central-1")
    assert configured.supportsPreview
    assert configured.supports_autonaming_configuration
    assert not configured.acceptSecrets
    assert client.stub.GetPluginInfo(Empty()).version.startswith("7.")
    with pytest.raises(_grpc.RpcError) as unimplemented:
        client.stub.Handshake(provider_pb2.ProviderHandshakeRequest())
    assert unimplemented.value.code() == _grpc.StatusCode.UNIMPLEMENTED


def test_every_resource_of_every_stack_comes_is_the_same_again_and_goes(program: Graph, client: Client) -> None:
    for resource in custom(program):
        checked = client.check(resource.type, resource.inputs)
        assert list(checked.failures) == [], resource.urn
        inputs = plain(checked.inputs)
        created = client.create(resource.type, inputs)
        assert created.id
        assert resource.inputs.items() <= plain(created.properties).items()
        assert client.diff(resource.type, inputs, inputs).changes == DIFF_NONE
        assert plain(client.read(resource.type, created.id).properties) == plain(created.properties)
    assert len(client.account.things) == len(custom(program))
    for thing in client.account.things:
        client.delete(thing.type, thing.id)
    assert client.account.things == []


def test_arns_are_those_that_explain_makes_up(program: Graph, client: Client) -> None:
    """Two lists of the same forms, each from AWS's Service Authorization Reference: one finds the other's slips."""
    for resource in custom(program):
        made = plain(client.create(resource.type, resource.inputs).properties)
        known = resource.state.get("arn")
        if known and "00000000-0000" not in known:
            assert made["arn"] == known, resource.type


def test_a_preview_makes_nothing_and_cannot_know_what_aws_computes(client: Client) -> None:
    previewed = client.create(QUEUE, {"name": "q"}, preview=True)
    assert previewed.id == ""
    assert plain(previewed.properties) == {"name": "q", "arn": UNKNOWN, "url": UNKNOWN}
    assert client.account.things == []
    assert client.account.made("Create") == []


def test_a_name_can_be_had_once(client: Client) -> None:
    client.create(QUEUE, {"name": "q"})
    with pytest.raises(_grpc.RpcError, match="exists already"):
        client.create(QUEUE, {"name": "q"})


@pytest.mark.parametrize(
    ("type_", "old", "new", "replaces", "first"),
    [
        (QUEUE, {"name": "a"}, {"name": "b"}, ["name"], True),
        (QUEUE, {"name": "a"}, {"name": "a", "delaySeconds": 1}, [], False),
        (QUEUE, {"name": "a", "tags": {"x": "1"}}, {"name": "a", "tags": {"x": "2"}}, [], False),
        ("aws:pipes/pipe:Pipe", {"name": "a", "source": "s"}, {"name": "a", "source": UNKNOWN}, ["source"], True),
        (
            "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
            {"tableName": "t", "streamArn": "a"},
            {"tableName": "t", "streamArn": "b"},
            ["streamArn"],
            False,
        ),
    ],
)
def test_a_change_is_made_in_place_or_replaces(
    type_: str, old: dict[str, Any], new: dict[str, Any], replaces: list[str], first: bool, client: Client
) -> None:
    """What is named by the program is deleted first (the bridge's nameRequiresDeleteBeforeReplace, schema.go)."""
    diff = client.diff(type_, {**old, "__defaults": []}, {**new, "__defaults": []})
    assert diff.changes == DIFF_SOME
    assert list(diff.replaces) == replaces
    assert diff.deleteBeforeReplace == first


def test_an_archive_is_its_content_wherever_it_lies(client: Client) -> None:
    archive = {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "hash": "h"}
    old, new = {"code": {**archive, "path": "/a/x.zip"}}, {"code": {**archive, "path": "/b/x.zip"}}
    assert client.diff("aws:lambda/function:Function", old, new).changes == DIFF_NONE
    other = {"code": {**new["code"], "hash": "g"}}
    assert client.diff("aws:lambda/function:Function", old, other).changes == DIFF_SOME


def test_an_input_that_the_provider_does_not_take_is_a_failure_and_an_unknown_one_is_not(client: Client) -> None:
    (failure,) = client.check(QUEUE, {"nam": "q"}).failures
    assert "has no property nam" in failure.reason
    assert list(client.check(QUEUE, {"name": UNKNOWN, "delaySeconds": UNKNOWN}).failures) == []


def test_a_name_that_is_not_given_is_proposed_once(client: Client) -> None:
    first = plain(client.check(QUEUE, {}, proposed="thing-1").inputs)
    assert first == {"name": "thing-1", "__defaults": ["name"]}
    again = plain(client.check(QUEUE, {"delaySeconds": 1}, olds=first, proposed="thing-2").inputs)
    assert again["name"] == "thing-1"
    assert not client.diff(QUEUE, first, {**again, "name": "thing-3"}).deleteBeforeReplace


def test_an_update_keeps_what_aws_computed(client: Client) -> None:
    created = client.create(QUEUE, {"name": "q"})
    foreseen = client.update(QUEUE, created.id, {"name": "q", "delaySeconds": 1}, preview=True)
    assert plain(client.read(QUEUE, created.id).properties) == plain(created.properties)
    assert client.update(QUEUE, created.id, {"name": "q", "delaySeconds": 1}) == foreseen
    assert foreseen == {**plain(created.properties), "delaySeconds": 1}


def test_what_somebody_else_changed_or_deleted_is_read(client: Client) -> None:
    id_ = client.create(QUEUE, {"name": "q"}).id
    client.account.change_behind(QUEUE, id_, delaySeconds=9)
    assert plain(client.read(QUEUE, id_).inputs) == {"name": "q", "delaySeconds": 9}
    client.account.delete(QUEUE, id_)
    assert client.read(QUEUE, id_).id == ""


def test_calls_are_written_down_and_can_be_refused(client: Client) -> None:
    client.account.refuse["Create", QUEUE] = "Too many queues."
    with pytest.raises(_grpc.RpcError, match=r"Too many queues\."):
        client.create(QUEUE, {"name": "q"})
    client.account.refuse.clear()
    client.create(QUEUE, {"name": "q"})
    assert [(call.method, call.type, call.name) for call in client.account.made("Create")] == [
        ("Create", QUEUE, "thing"),
        ("Create", QUEUE, "thing"),
    ]


def test_functions_answer_from_the_account(client: Client) -> None:
    assert client.invoke("aws:index/getRegion:getRegion")["region"] == "eu-west-1"
    assert client.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == Account.id
    client.create(QUEUE, {"name": "a", "tags": {"Stack": "dev"}})
    client.create(QUEUE, {"name": "b", "tags": {"Stack": "prod"}})
    asked = client.invoke(
        "aws:resourcegroupstaggingapi/getResources:getResources", tagFilters=[{"key": "Stack", "values": ["dev"]}]
    )
    assert [found["resourceArn"] for found in asked["resourceTagMappingLists"]] == [
        f"arn:aws:sqs:eu-west-1:{Account.id}:a"
    ]
    with pytest.raises(_grpc.RpcError, match="does not know aws:ec2/getAmi:getAmi"):
        client.invoke("aws:ec2/getAmi:getAmi")
