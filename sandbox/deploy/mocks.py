"""The replacement of Pulumi's engine: it creates the program's resources at the endpoint.

`Creator` implements the SDK's mock calls. `CreatingMonitor` extends the SDK's mock monitor, which calls it, by what
mocks never receive: the stack's outputs, unsupported options, and the first error, which ends the deployment.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc import UNKNOWN
from typing_extensions import override

from sandbox.deploy import handlers
from sandbox.deploy.api import Aws, ServiceClients
from sandbox.deploy.inputs import Inputs
from sandbox.deploy.provider import TYPE as PROVIDER
from sandbox.deploy.provider import aws_of
from sandbox.deploy.registry import New, Question, answer_of, handler_of
from sandbox.deploy.without_effect import has_no_effect, without_effect
from sandbox.errors import SandboxError
from without_engine.monitor import STACK, Monitor, plain

_log = logging.getLogger(__name__)
_NO_CALLBACKS = "the sandbox does not run the program's transforms and hooks: set the values in the resources' inputs."
_T = TypeVar("_T")


class Creator(Mocks):
    """Creates each custom resource with its type's handler, and handles invokes.

    `settings` is the stack's `aws:` configuration, for resources without an explicit provider. `progress` receives a
    line for each created resource, and `keep` its type, name, id and inputs; `begin` is called once, before the first
    use of the endpoint.
    """

    def __init__(
        self,
        endpoint: ServiceClients,
        settings: Mapping[str, str],
        progress: Callable[[str], None],
        begin: Callable[[], None] = lambda: None,
        keep: Callable[[Mapping[str, object]], None] = lambda _: None,
    ) -> None:
        handlers.load()
        self._keep = keep
        self._begin = cache(begin)
        self._endpoint = endpoint
        self._default = aws_of(endpoint, settings)
        self._explicit: dict[str, Aws] = {}
        self._progress = progress

    @override
    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Create a resource and return its physical id and state; a component has neither."""
        given = _given(args)
        if args.transforms:
            raise SandboxError(_NO_CALLBACKS)
        if not args.custom and not args.resource_id:
            return None, given
        if args.resource_id:
            raise SandboxError(
                f"it imports an existing resource (id {args.resource_id!r}), and an empty sandbox has no resources"
            )
        inputs = cast("dict[str, Any]", plain(given))
        if args.typ == PROVIDER:
            self._explicit[args.name] = aws_of(self._endpoint, inputs)
            return args.name, inputs
        handler = handler_of(args.typ)
        if handler is None:
            raise SandboxError("the sandbox cannot create this type: it has no handler in sandbox/deploy/handlers")
        view = Inputs(inputs)
        aws = self._aws(args.provider, view.text("region"))
        created = handler(New(args.name, view, aws))
        _refuse_unread(args.typ, view)
        for name, reason in without_effect(args.typ, inputs):
            _log.info("%s %s: %s has no effect here: %s", args.typ, args.name, name, reason)
        self._progress(f"{args.typ.rpartition(':')[2]} {created.outputs.get('name', created.id)}")
        self._keep({"type": args.typ, "name": args.name, "id": created.id, "inputs": inputs})
        tags = {"tagsAll": {**aws.default_tags, **inputs.get("tags", {})}}
        return created.id, {"region": aws.region, **tags, **given, **created.outputs}

    @override
    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Return the result of an invoke."""
        answer = answer_of(args.token)
        if answer is None:
            raise SandboxError("the sandbox does not support this invoke: it has no handler in sandbox/deploy/handlers")
        view = Inputs(cast("dict[str, Any]", plain(_given(args))))
        result = dict(answer(Question(view, self._aws(args.provider, view.text("region")))))
        _refuse_unread(args.token, view)
        return result, []

    def _aws(self, reference: str | None, region: str | None) -> Aws:
        """AWS for the provider of a reference (`<urn>::<id>`, the id is its name)."""
        self._begin()
        aws = self._explicit[reference.rpartition("::")[2]] if reference else self._default
        return Aws(aws.endpoint, region, aws.default_tags) if region else aws


class CreatingMonitor(Monitor):
    """The SDK's mock monitor, one call at a time, which records the stack's outputs.

    `failure` is the first error; nothing is created after it. An output that a handler does not return is unknown, not
    None, so a dependent input is an error instead of missing.
    """

    def __init__(self, creator: Creator) -> None:
        super().__init__(creator)
        self.outputs = {}
        self.failure: SandboxError | None = None
        self._lock = threading.Lock()
        # The SDK's methods with their names; the SDK has no types for them.
        self._sdk: Any = super()

    @override
    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        def register() -> resource_pb2.RegisterResourceResponse:
            if request.remote:
                raise SandboxError("the sandbox cannot run a component of a different language")
            _refuse_unknown(request.object)
            response: resource_pb2.RegisterResourceResponse = self._sdk.RegisterResource(request)
            response.unknown = request.custom
            return response

        return self._guarded(f"{request.type} {request.name}", register)

    @override
    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        return self._guarded(f"{request.type} {request.name}", lambda: self._sdk.ReadResource(request))

    @override
    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        return self._guarded(request.tok, lambda: self._sdk.Invoke(request))

    @override
    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:
        def keep() -> Any:
            if request.urn.split("::")[2] == STACK:
                _refuse_unknown(request.outputs)
            return super(CreatingMonitor, self).RegisterResourceOutputs(request)

        return self._guarded("the stack's outputs", keep)

    @override
    def RegisterStackTransform(self, request: object) -> Any:
        raise SandboxError(_NO_CALLBACKS)

    @override
    def RegisterStackInvokeTransform(self, request: object) -> Any:
        raise SandboxError(_NO_CALLBACKS)

    @override
    def RegisterResourceHook(self, request: object) -> Any:
        raise SandboxError(_NO_CALLBACKS)

    @override
    def RegisterErrorHook(self, request: object) -> Any:
        raise SandboxError(_NO_CALLBACKS)

    def _guarded(self, what: str, action: Callable[[], _T]) -> _T:
        with self._lock:
            if self.failure is not None:
                raise self.failure
            try:
                return action()
            except SandboxError as error:
                self.failure = SandboxError(f"{what}: {str(error).rstrip('.')}.")
                raise self.failure from error
            except Exception as error:
                traceback.print_exc()
                failed = f"failed with {type(error).__name__}: {' '.join(str(error).split())}"
                self.failure = SandboxError(f"{what}: the sandbox's code {failed} (logs/deploy.log has the traceback).")
                raise self.failure from error


def _given(args: Any) -> dict[str, Any]:
    """The inputs of a resource or the arguments of an invoke, which the SDK does not type."""
    return args.inputs if hasattr(args, "inputs") else args.args


def _refuse_unread(type_: str, inputs: Inputs) -> None:
    unread = [path for path in inputs.unread() if not has_no_effect(type_, path)]
    if unread:
        raise SandboxError(f"the sandbox does not support {', '.join(unread)}")


def _refuse_unknown(inputs: Struct) -> None:
    unknown = [path for path, value in _leaves(MessageToDict(inputs), "") if value == UNKNOWN]
    if unknown:
        raise SandboxError(f"{', '.join(unknown)} depends on an output that the sandbox does not have")


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    match value:
        case dict():
            for name, inner in cast("dict[str, object]", value).items():
                yield from _leaves(inner, f"{path}.{name}" if path else name)
        case list():
            for index, inner in enumerate(cast("list[object]", value)):
                yield from _leaves(inner, f"{path}[{index}]")
        case _:
            yield path, value
