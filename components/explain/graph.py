"""A stack's resources without an engine: run the program against a recorder.

The program runs as in `pulumi up`, with a recorder instead of the engine; it returns for each resource its inputs, an
invented ARN and other outputs of AWS. The result, a `Graph`, is used by the tests and by `python -m
components.explain`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import Mocks
from pulumi.runtime.proto import resource_pb2
from typing_extensions import override

from components import bundle
from components.continuity import READ_OUTPUTS
from components.settings import PROJECT
from components.wheels import Platform
from without_engine import running
from without_engine.monitor import STACK, Monitor, plain
from without_engine.project import Stack

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
PARTITION = "aws"

_NOTHING_DEPLOYED: Mapping[str, object] = {}
_ARN_OF = {
    "aws:athena/workgroup:Workgroup": "athena:{region}:{account}:workgroup/{name}",
    "aws:cloudwatch/eventBus:EventBus": "events:{region}:{account}:event-bus/{name}",
    "aws:cloudwatch/eventRule:EventRule": "events:{region}:{account}:rule/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/logStream:LogStream": "logs:{region}:{account}:log-group:{logGroupName}:log-stream:{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "aws:dynamodb/table:Table": "dynamodb:{region}:{account}:table/{name}",
    "aws:glue/catalogDatabase:CatalogDatabase": "glue:{region}:{account}:database/{name}",
    "aws:glue/catalogTable:CatalogTable": "glue:{region}:{account}:table/{databaseName}/{name}",
    "aws:glue/crawler:Crawler": "glue:{region}:{account}:crawler/{name}",
    "aws:iam/role:Role": "iam::{account}:role/{name}",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "firehose:{region}:{account}:deliverystream/{name}",
    "aws:kinesis/stream:Stream": "kinesis:{region}:{account}:stream/{name}",
    "aws:kms/key:Key": "kms:{region}:{account}:key/00000000-0000-0000-0000-000000000000",
    "aws:lambda/function:Function": "lambda:{region}:{account}:function:{name}",
    "aws:pipes/pipe:Pipe": "pipes:{region}:{account}:pipe/{name}",
    "aws:s3/bucket:Bucket": "s3:::{bucket}",
    "aws:scheduler/schedule:Schedule": "scheduler:{region}:{account}:schedule/default/{name}",
    "aws:sfn/stateMachine:StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "aws:sns/topic:Topic": "sns:{region}:{account}:{name}",
    "aws:sqs/queue:Queue": "sqs:{region}:{account}:{name}",
}


@dataclass(frozen=True)
class Resource:
    """One resource in the engine's form; `parent` and `depends_on` are URNs.

    `uses` names, for each input property, the resources whose outputs it uses.
    """

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    depends_on: tuple[str, ...]
    protect: bool
    ignore_changes: tuple[str, ...]
    inputs: Mapping[str, Any] = field(repr=False)
    state: Mapping[str, Any] = field(repr=False)
    retain_on_delete: bool = False
    uses: Mapping[str, tuple[str, ...]] = field(repr=False, default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True)
class Graph:
    """A stack's resources in the order of their registration, and the stack's outputs."""

    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]

    def of(self, type_: str) -> tuple[Resource, ...]:
        """The resources of a type, such as aws:s3/bucket:Bucket."""
        return tuple(resource for resource in self.resources if resource.type == type_)

    def one(self, type_: str) -> Resource:
        """The only resource of a type; raises ValueError when there is no such resource or more than one."""
        (resource,) = self.of(type_)
        return resource

    def children(self, urn: str) -> Iterator[Resource]:
        """The resources whose parent has this URN; "" is the stack."""
        return (resource for resource in self.resources if resource.parent == urn)


def record(
    program: Callable[[], object],
    stack: str,
    config: Mapping[str, str],
    *,
    preview: bool = False,
    outputs: Mapping[str, object] = _NOTHING_DEPLOYED,
    secrets: Collection[str] = (),
) -> Graph:
    """The graph of a program run for a stack with a configuration (`namespace:key` to text).

    With `preview`, values from AWS stay unknown, as in `pulumi preview`. `outputs` are the stack's outputs of the last
    update, empty for a new stack. `secrets` are the configuration keys with secret values. Raises the program's
    exceptions.
    """
    monitor = _Monitor(computed=not preview, outputs=outputs)
    running.run(
        program, Stack(PROJECT, stack, Path.cwd(), config), monitor, preview=preview, secrets=secrets, in_threads=False
    )
    return Graph(tuple(monitor.recorded), monitor.outputs)


@contextmanager
def unbuilt() -> Generator[None]:
    """In this context the program's zip is only named, not built: it is not used here, and a build needs a registry."""

    def named(root: Path, target: Platform) -> Path:
        return root / f"transform for {target}"

    build, bundle.build = bundle.build, named
    try:
        yield
    finally:
        bundle.build = build


class _Monitor(Monitor):
    """Records each resource, and returns an approximation of AWS's outputs: the inputs, an ARN, a few attributes.

    A reply is the request's message plus additions: decoding and encoding it again is most of the cost of the SDK's
    mocks.
    """

    def __init__(self, *, computed: bool, outputs: Mapping[str, object]) -> None:
        super().__init__(cast("Mocks", None))  # unused: only for single calls
        self.recorded: list[Resource] = []
        self.outputs = {}
        self._computed = computed
        self._deployed = outputs

    @override
    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        response = resource_pb2.RegisterResourceResponse(urn=urn)
        if request.type == STACK:
            return response
        response.object.CopyFrom(request.object)
        if request.custom and self._computed:
            response.id = f"{request.name}-id"
            response.object.update(_computed(request.type, request.name, MessageToDict(request.object)))
        self.recorded.append(self._resource(request, response))
        return response

    @override
    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        answer: dict[str, object] = {"accountId": ACCOUNT_ID, "region": REGION, "partition": PARTITION}
        if request.tok == READ_OUTPUTS:
            answer = {"outputs": dict(self._deployed), "secretOutputNames": []}
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").update(answer)
        return response

    def _resource(
        self, request: resource_pb2.RegisterResourceRequest, response: resource_pb2.RegisterResourceResponse
    ) -> Resource:
        return Resource(
            urn=response.urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent="" if f"::{STACK}::" in request.parent else request.parent,
            depends_on=tuple(sorted(request.dependencies)),
            protect=request.protect,
            ignore_changes=tuple(request.ignoreChanges),
            inputs=cast("dict[str, Any]", plain(MessageToDict(request.object))),
            state=cast("dict[str, Any]", plain(MessageToDict(response.object))),
            retain_on_delete=request.retainOnDelete,
            uses={name: tuple(sorted(used.urns)) for name, used in request.propertyDependencies.items()},
        )


def _computed(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs that AWS would add, such as an ARN. A resource without a name gets its logical name."""
    added: dict[str, Any] = {}
    if type_ in _ARN_OF:
        known = _Known({"region": REGION, "account": ACCOUNT_ID, **inputs}, name)
        added["arn"] = f"arn:{PARTITION}:{_ARN_OF[type_].format_map(known)}"
        added |= known.made_up
    if type_ == "aws:cloudwatch/eventRule:EventRule" and (bus := inputs.get("eventBusName", "default")) != "default":
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
        added["arn"] = added["arn"].replace(":rule/", f":rule/{bus}/")
    if type_ == "aws:dynamodb/table:Table":
        added["streamArn"] = f"{added['arn']}/stream/2026-01-01T00:00:00.000"
    if type_ == "aws:sqs/queue:Queue":
        added["url"] = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/{inputs.get('name', name)}"
    if type_ == "aws:kms/key:Key":
        added["keyId"] = "00000000-0000-0000-0000-000000000000"
    return added


class _Known(dict[str, Any]):
    """Inputs, with the resource's logical name for missing ones; `made_up` records those."""

    def __init__(self, known: Mapping[str, Any], name: str) -> None:
        super().__init__(known)
        self.made_up: dict[str, Any] = {}
        self._name = name

    def __missing__(self, key: str) -> str:
        return str(self.made_up.setdefault(key, self._name))
