"""The common parts of monitors that replace the engine."""

from __future__ import annotations

from typing import Any, cast

from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc import unwrap_rpc_secret
from typing_extensions import override

STACK = "pulumi:pulumi:Stack"


class Monitor(MockMonitor):
    """The SDK's monitor of mocks, which stores the stack's outputs in their wire format.

    Mocks never receive these: `outputs` is empty until the program has ended.
    """

    outputs: dict[str, Any]

    @override
    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Empty:
        if request.urn.split("::")[2] == STACK:
            self.outputs = MessageToDict(request.outputs)
        return Empty()


def plain(value: object) -> Any:
    """Return the value without the SDK's wrappers of secrets, and with whole numbers as integers, at every depth."""
    value = unwrap_rpc_secret(value)
    match value:
        case dict():
            return {name: plain(inner) for name, inner in cast("dict[str, object]", value).items()}
        case list():
            return [plain(inner) for inner in cast("list[object]", value)]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
