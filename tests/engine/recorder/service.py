"""The protocol's server: serves each call of the engine from an account."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from importlib.metadata import version
from typing import Any, ParamSpec, TypeVar

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from typing_extensions import override

from tests.engine.recorder.account import Account, Call, RefusedError
from tests.engine.recorder.diff import Difference, top
from tests.engine.recorder.kinds import kind_of
from tests.engine.recorder.values import DEFAULTS, UNKNOWN, message, plain
from tests.unit.components.provider import complaints

_grpc: Any = import_module("grpc")  # The package has no types.
_Arguments = ParamSpec("_Arguments")
_Response = TypeVar("_Response")
_STOP_GRACE_S = 5.0


def _or_refuse(method: Callable[_Arguments, _Response]) -> Callable[_Arguments, _Response]:
    """Make a method's RefusedError end the call with its sentence."""

    @wraps(method)
    def answer(*args: _Arguments.args, **named: _Arguments.kwargs) -> _Response:
        try:
            return method(*args, **named)
        except RefusedError as refusal:
            context: Any = args[-1]
            context.abort(_grpc.StatusCode.UNKNOWN, str(refusal))
            raise AssertionError("abort raises") from refusal

    return answer


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider `aws`, at `port` of this machine's loopback address.

    Like the bridge it does not take part in the handshake, accepts no secrets (the engine passes plain values and marks
    the results), supports previews, and proposes names.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.port = 0

    @override
    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: Any
    ) -> provider_pb2.ProviderHandshakeResponse:
        context.abort(_grpc.StatusCode.UNIMPLEMENTED, "the bridge has no Handshake")
        raise AssertionError("abort raises")

    @override
    def GetPluginInfo(self, request: Empty, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version("pulumi_aws"))

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: Any) -> Empty:
        return Empty()

    @override
    def Cancel(self, request: Empty, context: Any) -> Empty:
        return Empty()

    @override
    def CheckConfig(self, request: provider_pb2.CheckRequest, context: Any) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    @override
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: Any) -> provider_pb2.DiffResponse:
        # pulumi-aws marks no property of the provider as replacing it.
        olds, news = plain(request.old_inputs), plain(request.news)
        return _answer(Difference(tuple(name for name in olds | news if olds.get(name) != news.get(name)), (), False))

    @override
    @_or_refuse
    def Configure(self, request: provider_pb2.ConfigureRequest, context: Any) -> provider_pb2.ConfigureResponse:
        inputs = plain(request.args)
        self.account.note(Call("Configure", "pulumi:providers:aws", inputs=inputs))
        self.account.region = str(inputs.get("region", ""))
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @override
    @_or_refuse
    def Invoke(self, request: provider_pb2.InvokeRequest, context: Any) -> provider_pb2.InvokeResponse:
        arguments = plain(request.args)
        self.account.note(Call("Invoke", request.tok, inputs=arguments))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(message(_invoked(self.account, request.tok, arguments)))
        return response

    @override
    @_or_refuse
    def Check(self, request: provider_pb2.CheckRequest, context: Any) -> provider_pb2.CheckResponse:
        type_, name = _type_and_name(request.urn)
        given = plain(request.news)
        self.account.note(Call("Check", type_, name, inputs=given))
        failures = [provider_pb2.CheckFailure(reason=complaint) for complaint in complaints(type_, given)]
        inputs: dict[str, Any] = {**given, DEFAULTS: []}
        label = kind_of(type_).name
        if label not in inputs and f"{label}Prefix" not in inputs and request.autonaming.proposed_name:
            old = plain(request.olds)
            kept = old.get(label) if label in old.get(DEFAULTS, []) else None
            inputs |= {label: kept or request.autonaming.proposed_name, DEFAULTS: [label]}
        return provider_pb2.CheckResponse(inputs=message(inputs), failures=failures)

    @override
    @_or_refuse
    def Diff(self, request: provider_pb2.DiffRequest, context: Any) -> provider_pb2.DiffResponse:
        type_, name = _type_and_name(request.urn)
        news = plain(request.news)
        self.account.note(Call("Diff", type_, name, request.id, news))
        return _answer(Difference.between(type_, plain(request.old_inputs), news))

    @override
    @_or_refuse
    def Create(self, request: provider_pb2.CreateRequest, context: Any) -> provider_pb2.CreateResponse:
        type_, name = _type_and_name(request.urn)
        inputs = plain(request.properties)
        if request.preview:
            self.account.note(Call("Create", type_, name, "", inputs, preview=True))
            unknown = dict.fromkeys(kind_of(type_).outputs, UNKNOWN)
            return provider_pb2.CreateResponse(id="", properties=message(_without_defaults(inputs) | unknown))
        self.account.note(Call("Create", type_, name, "", inputs))
        thing = self.account.create(type_, _without_defaults(inputs))
        return provider_pb2.CreateResponse(id=thing.id, properties=message(thing.state))

    @override
    @_or_refuse
    def Read(self, request: provider_pb2.ReadRequest, context: Any) -> provider_pb2.ReadResponse:
        type_, name = _type_and_name(request.urn)
        self.account.note(Call("Read", type_, name, request.id))
        thing = self.account.read(type_, request.id)
        if thing is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=thing.id, properties=message(thing.state), inputs=message(thing.inputs))

    @override
    @_or_refuse
    def Update(self, request: provider_pb2.UpdateRequest, context: Any) -> provider_pb2.UpdateResponse:
        type_, name = _type_and_name(request.urn)
        inputs = plain(request.news)
        self.account.note(Call("Update", type_, name, request.id, inputs, preview=request.preview))
        if request.preview:
            computed = {key: value for key, value in plain(request.olds).items() if key in kind_of(type_).outputs}
            return provider_pb2.UpdateResponse(properties=message(_without_defaults(inputs) | computed))
        thing = self.account.update(type_, request.id, _without_defaults(inputs))
        return provider_pb2.UpdateResponse(properties=message(thing.state))

    @override
    @_or_refuse
    def Delete(self, request: provider_pb2.DeleteRequest, context: Any) -> Empty:
        type_, name = _type_and_name(request.urn)
        self.account.note(Call("Delete", type_, name, request.id))
        self.account.delete(type_, request.id)
        return Empty()


@contextmanager
def serve(account: Account) -> Generator[Provider]:
    """Serve an account's provider at a free port until the block ends."""
    provider = Provider(account)
    server = _grpc.server(ThreadPoolExecutor(max_workers=16))
    add: Any = provider_pb2_grpc.add_ResourceProviderServicer_to_server
    add(provider, server)
    provider.port = int(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    try:
        yield provider
    finally:
        server.stop(_STOP_GRACE_S).wait()


def _type_and_name(urn: str) -> tuple[str, str]:
    """urn:pulumi:stack::project::parent$type::name → type, name."""
    _, _, types, name = urn.split("::", 3)
    return types.rpartition("$")[2], name


def _without_defaults(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name != DEFAULTS}


def _answer(difference: Difference) -> provider_pb2.DiffResponse:
    changes = provider_pb2.DiffResponse.DIFF_SOME if difference.changed else provider_pb2.DiffResponse.DIFF_NONE
    replaces = sorted({top(path) for path in difference.replaced})
    detailed = {
        path: provider_pb2.PropertyDiff(
            kind=provider_pb2.PropertyDiff.UPDATE_REPLACE
            if path in difference.replaced
            else provider_pb2.PropertyDiff.UPDATE,
            inputDiff=True,
        )
        for path in difference.changed
    }
    return provider_pb2.DiffResponse(
        changes=changes,
        replaces=replaces,
        diffs=sorted({top(path) for path in difference.changed}),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=difference.delete_first,
    )


def _invoked(account: Account, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a provider function. Raises: RefusedError: the program does not use it."""
    match token:
        case "aws:index/getCallerIdentity:getCallerIdentity":
            arn = f"arn:{account.partition}:iam::{account.id}:user/recorder"
            return {"accountId": account.id, "arn": arn, "userId": "AIDARECORDER", "id": account.id}
        case "aws:index/getRegion:getRegion":
            region = arguments.get("region", account.region)
            return {"id": region, "region": region, "name": region, "endpoint": f"ec2.{region}.amazonaws.com"}
        case "aws:index/getPartition:getPartition":
            suffix = {"dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
            return {"id": account.partition, "partition": account.partition, **suffix}
        case "aws:resourcegroupstaggingapi/getResources:getResources":
            filters = {one["key"]: one.get("values", []) for one in arguments.get("tagFilters", [])}
            found = account.tagged(filters)
            mapped = [{"resourceArn": one.state["arn"], "tags": one.inputs.get("tags", {})} for one in found]
            return {"id": account.region, "resourceTagMappingLists": mapped}
        case _:
            raise RefusedError(f"the recorder does not know {token}: teach it in tests/engine/recorder/service.py.")
