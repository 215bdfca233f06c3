"""The kinds of faults, and the check of a fault against them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import msgspec

from sandbox.errors import SandboxError
from sandbox.faults import errors
from sandbox.faults.fault import Fault, Value

ANY: tuple[str, ...] = ()
"""Every operation of a service."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a kind: its meaning, its default ("" for no default), and its values if they are limited.

    Numbers are not negative. `by_service` has the values of a parameter that depends on the service; `only` are the
    services that have the parameter.
    """

    meaning: str
    default: Value = ""
    choices: tuple[str, ...] = ()
    by_service: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    maximum: float | None = None
    only: tuple[str, ...] = ()

    def is_of(self, service: str) -> bool:
        """Return whether a service has the parameter."""
        return not self.only or service in self.only

    def choices_for(self, service: str) -> tuple[str, ...]:
        """The valid values for a service; none if any text is valid."""
        return self.by_service.get(service, self.choices)


@dataclass(frozen=True)
class FaultKind:
    """A kind of faults: its meaning, its services with their operations, its parameters, and its default service."""

    meaning: str
    services: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    default_service: str = ""


_CALLER = Parameter(
    "whose calls: all, those of clients, or those of the sandbox's own workers", "all", ("all", "client", "worker")
)
_WHEN = Parameter("before the call, or after it, so that only its response is lost", "before", ("before", "after"))
_TABLE = Parameter("the table's name (default: every table)")
_SERVICES = dict.fromkeys(errors.SERVICES, ANY)

POINTS: Mapping[str, tuple[str, ...]] = {
    "pipes": ("after-read", "before-put", "after-put", "before-checkpoint", "after-checkpoint"),
    "firehose": (
        *("after-read", "before-transform", "after-transform", "before-object", "after-object"),
        *("before-checkpoint", "after-checkpoint"),
    ),
    "functions": ("before-invocation", "after-invocation"),
    "server": ("before-call", "after-call"),
}
"""The points at which a process can crash, in the order in which it passes them."""

WRONG_ANSWERS = ("no-record-id", "missing-record", "repeated-record", "unknown-result", "bad-base64", "not-json")
"""The wrong responses of a function to a Firehose transform."""

KINDS: Mapping[str, FaultKind] = {
    "throttle": FaultKind(
        "the service refuses the call because of too many",
        dict.fromkeys(errors.THROTTLES, ANY),
        {
            "error": Parameter(
                "the error's code",
                by_service={name: tuple(found) for name, found in errors.THROTTLES.items()},
            ),
            "table": Parameter("only items of this table", only=("dynamodb",)),
            "partition": Parameter("only items with this partition key", only=("dynamodb",)),
            "caller": _CALLER,
        },
    ),
    "error": FaultKind(
        "the service fails with a status of 500 or 503",
        _SERVICES,
        {
            "error": Parameter(
                "the error's code", by_service={name: tuple(found) for name, found in errors.FAILURES.items()}
            ),
            "when": _WHEN,
            "caller": _CALLER,
        },
    ),
    "latency": FaultKind(
        "the response takes longer",
        _SERVICES,
        {
            "ms": Parameter("by this many milliseconds", 200, maximum=600_000),
            "jitter_ms": Parameter("and by up to this many more", 0, maximum=600_000),
            "caller": _CALLER,
        },
    ),
    "reset": FaultKind("the connection is reset instead of a response", _SERVICES, {"when": _WHEN, "caller": _CALLER}),
    "partial": FaultKind(
        "only a part of a batch is accepted (UnprocessedItems, UnprocessedKeys, FailedRecordCount)",
        {"dynamodb": ("BatchWriteItem", "BatchGetItem"), "kinesis": ("PutRecords",)},
        {
            "part": Parameter("the share of the entries that is not accepted", 0.5, maximum=1),
            "error": Parameter(
                "the code of a record that Kinesis does not accept",
                by_service={
                    "kinesis": ("ProvisionedThroughputExceededException", "InternalFailure"),
                    "dynamodb": (),
                },
            ),
        },
    ),
    "expired-iterator": FaultKind(
        "the shard iterator has expired",
        {"kinesis": ("GetRecords",), "dynamodbstreams": ("GetRecords",)},
        {"caller": _CALLER},
    ),
    "duplicate": FaultKind(
        "a table's Kinesis destination receives a change more than once",
        {"dynamodb": ANY},
        {
            "table": _TABLE,
            "copies": Parameter("how many more times", 1, maximum=10),
            "after_ms": Parameter("the longest time until a copy follows", 500, maximum=60_000),
        },
    ),
    "reorder": FaultKind(
        "a table's Kinesis destination receives a change after later ones",
        {"dynamodb": ANY},
        {"table": _TABLE, "after_ms": Parameter("the longest time that a change is held back", 500, maximum=60_000)},
    ),
    "limits": FaultKind(
        "limits of throughput apply: of DynamoDB's partitions and tables, or of Kinesis' shards",
        {"dynamodb": ANY, "kinesis": ("PutRecord", "PutRecords", "GetRecords")},
        {
            "table": Parameter("the table's name (default: every table)", only=("dynamodb",)),
            "partition_writes": Parameter("write units per second of a partition key", 1000, only=("dynamodb",)),
            "partition_reads": Parameter("read units per second of a partition key", 3000, only=("dynamodb",)),
            "shard_records": Parameter("records per second of a shard", 1000, only=("kinesis",)),
            "shard_bytes": Parameter("bytes per second of a shard, keys included", 1 << 20, only=("kinesis",)),
            "shard_reads": Parameter("GetRecords calls per second of a shard", 5, only=("kinesis",)),
            "shard_read_bytes": Parameter("bytes per second that a shard gives", 2 << 20, only=("kinesis",)),
        },
        default_service="dynamodb",
    ),
    "crash": FaultKind(
        "a process of the sandbox ends as by kill -9; `python -m sandbox up` restarts it",
        dict.fromkeys(POINTS, ANY),
        {"point": Parameter("where", by_service=POINTS)},
    ),
    "function": FaultKind(
        "a Lambda function raises an error, times out, returns a wrong response or is slow",
        {"lambda": ("Invoke",)},
        {
            "how": Parameter("what it does", "raise", ("raise", "timeout", "wrong", "slow")),
            "function": Parameter("the function's name (default: every function)"),
            "answer": Parameter("what is wrong with the response", "missing-record", WRONG_ANSWERS),
            "after_ms": Parameter("when it times out, whatever the configured timeout is", 100, maximum=900_000),
            "record_ms": Parameter("how much longer a slow one takes for each record", 1, maximum=60_000),
        },
    ),
}


def kind_of(name: str) -> FaultKind:
    """The kind with a name; raises SandboxError if it does not exist."""
    kind = KINDS.get(name)
    if kind is None:
        raise _unknown("kind of fault", name, KINDS)
    return kind


def checked(fault: Fault) -> Fault:
    """The fault with its defaults.

    Raises:
        SandboxError: the kind, service, operation or a parameter does not exist, or a value is out of range.
    """
    kind = kind_of(fault.kind)
    only = next(iter(kind.services)) if len(kind.services) == 1 else ""
    service = fault.service or kind.default_service or only
    if service not in kind.services:
        raise _unknown(f"service of {fault.kind!r}", service, kind.services)
    operations = kind.services[service]
    operation = fault.operation or (operations[0] if len(operations) == 1 else "")
    if operation and operations and operation not in operations:
        raise _unknown(f"operation of {fault.kind!r} for {service}", operation, operations)
    if operation and not operations and not errors.has_operation(service, operation):
        raise SandboxError(f"There is no operation {operation!r} of {service}: give it as AWS spells it.")
    known = {name: parameter for name, parameter in kind.parameters.items() if parameter.is_of(service)}
    parameters = {
        name: _value(fault, service, name, parameter)
        for name, parameter in known.items()
        if name in fault.parameters or parameter.default != "" or parameter.by_service.get(service)
    }
    for name in fault.parameters.keys() - known.keys():
        raise _unknown(f"parameter of {fault.kind!r}", name, known)
    _check_range(fault)
    return msgspec.structs.replace(fault, service=service, operation=operation, parameters=parameters)


def described() -> list[dict[str, object]]:
    """All kinds for display: the meaning, the services with their operations, and the parameters."""
    return [
        {
            "kind": name,
            "meaning": kind.meaning,
            "services": {service: list(operations) for service, operations in kind.services.items()},
            "parameters": {
                each: {
                    "meaning": parameter.meaning,
                    "default": parameter.default,
                    "choices": list(parameter.choices),
                    "only": list(parameter.only),
                    "by_service": {service: list(found) for service, found in parameter.by_service.items()},
                }
                for each, parameter in kind.parameters.items()
            },
        }
        for name, kind in KINDS.items()
    ]


def _value(fault: Fault, service: str, name: str, parameter: Parameter) -> Value:
    choices = parameter.choices_for(service)
    value = fault.parameters.get(name, choices[0] if choices and parameter.default == "" else parameter.default)
    if choices and value not in choices:
        raise _unknown(f"value of {name!r} of {fault.kind!r} for {service}", str(value), choices)
    if not isinstance(parameter.default, str):
        return _number(fault.kind, name, value, parameter)
    return str(value)


def _number(kind: str, name: str, value: Value, parameter: Parameter) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    maximum = parameter.maximum
    if not 0 <= number <= (float("inf") if maximum is None else maximum):
        upper = "or more" if maximum is None else f"to {maximum:g}"
        raise SandboxError(f"{name}={value} of {kind!r} is out of range: give a number, 0 {upper}.")
    return number


def _check_range(fault: Fault) -> None:
    if not 0 < fault.share <= 1:
        raise SandboxError(f"A share of {fault.share:g} is out of range: give a number above 0, up to 1.")
    if fault.count is not None and fault.count < 1:
        raise SandboxError(f"A count of {fault.count} is out of range: give 1 or more, or none for no limit.")


def _unknown(what: str, given: str, there_are: Iterable[str]) -> SandboxError:
    known: Sequence[str] = sorted(there_are)
    close = get_close_matches(given, known, 1) if given else []
    hint = f" Did you mean {close[0]!r}?" if close else ""
    one = f"{'an' if what[0] in 'aeiou' else 'a'} {what}"
    named = f"{given!r} is not {one}" if given else f"{one[0].upper()}{one[1:]} is missing"
    return SandboxError(f"{named}: there {'is' if len(known) == 1 else 'are'} {', '.join(known)}.{hint}")
