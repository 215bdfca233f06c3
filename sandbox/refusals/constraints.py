"""The constraints of botocore's models, and a service's sentence for a violation.

    2 validation errors detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy
    regular expression pattern: [\\.\\-_A-Za-z0-9]+; Value …

The form is that of AWS's framework, and the same in all services in `DIALECTS`; they differ in the error's code and
whether the value is shown. Recordings from AWS: tests/aws/services/*/*.snapshot.json of localstack/localstack,
validations/index.js of mhart/kinesalite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, cast

from moto.core.utils import get_service_model

from sandbox.front.reply import ServiceError

_MAX = 10
"""The maximum of violations in one response (mhart/kinesalite validations/index.js)."""

_READING = re.compile(r"Batch(?!Create|Update)|Delete|Describe|Detect|Get|Head|List|Query|Scan|Search|Test")
"""Calls that only read or delete: checked only for the services in `_ALL_CALLS`."""
_ALL_CALLS = frozenset({"dynamodbstreams", "kinesis"})
"""The services whose reads the sandbox itself implements (mhart/kinesalite validations/getRecords.js and others)."""


_REQUIRED_BY_DEFAULT = frozenset({("kinesis", "PartitionKey")})
"""Members that newer models make optional and that AWS still requires here.

botocore 1.44.8's documentation of PutRecord and PutRecords has "If the stream uses the USER_PARTITION_KEY record
distribution strategy (the default), a partition key is required", and the sandbox's streams have no other strategy.
"""


@dataclass(frozen=True)
class Dialect:
    """A service's form: the error's code, and whether the sentence shows the value and the allowed values."""

    code: str = "ValidationException"
    value: bool = True
    enum: bool = True


DIALECTS: Mapping[str, Dialect] = {
    # "Value at 'name' failed …" to a wrong name of a workgroup: badmintoncryer/cdk-preflight pf-athena-wg-name-charset
    "athena": Dialect("InvalidRequestException", value=False),
    "application-autoscaling": Dialect(),
    "cloudwatch": Dialect("ValidationError"),
    "dynamodb": Dialect(),
    "dynamodbstreams": Dialect(),
    "events": Dialect(),
    # "Value at 'extendedS3DestinationConfiguration.compressionFormat' failed …": floci-io/floci S3DestinationValidator
    "firehose": Dialect(value=False),
    "glue": Dialect(),
    # iam/test_iam.snapshot.json of localstack/localstack
    "iam": Dialect("ValidationError", value=False, enum=False),
    "kinesis": Dialect(),
    "kms": Dialect(),
    "lambda": Dialect(),
    # logs/test_logs_metric_filters.snapshot.json of localstack/localstack
    "logs": Dialect("InvalidParameterException"),
    "pipes": Dialect(value=False),
}
"""The services that check their model's constraints. S3, SNS and SQS have their own sentences for everything."""

_NOT_AS_MODELLED = {
    # A table's name may also be its ARN; for the name, moto has DynamoDB's sentence.
    ("dynamodb", "TableName"),
    # A function's name may also be its ARN; `functions` checks a new one's name.
    ("lambda", "FunctionName"),
    # The service adds runtimes before botocore's model has them, and has its own sentence: `functions`.
    ("lambda", "Runtime"),
    # The allowed values are in no model: `loggroups`. DeleteRetentionPolicy means no expiry.
    ("logs", "retentionInDays"),
}
"""Members, by service and name, whose constraints the service does not check as in its model."""


_ENUM_ORDER = {"ScalarAttributeType": ("B", "N", "S")}
"""Types whose values the service lists in its own order (nubo-db/dynamodb-conformance, createTable)."""


class ConstraintViolation(NamedTuple):
    """A violation: the member's path, its value and the constraint's words."""

    path: str
    value: str
    constraint: str


def refuse(service: str, operation: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """The error for parameters that violate their model's constraints, for a service that checks them."""
    dialect = DIALECTS.get(service)
    if dialect is None or (service not in _ALL_CALLS and _READING.match(operation)):
        return None
    found = list(violations(service, operation, parameters))[:_MAX]
    if not found:
        return None
    text = "; ".join(_sentence(violation, dialect) for violation in found)
    return ServiceError(dialect.code, f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {text}")


def violations(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[ConstraintViolation]:
    """The violations of an operation's parameters, in the model's order."""
    shape = _input(service, operation)
    if shape is not None:
        yield from _of_structure(shape, parameters, "", service)


@cache
def _input(service: str, operation: str) -> Any:
    model: Any = get_service_model(service)
    return model.operation_model(operation).input_shape if operation in model.operation_names else None


def _sentence(violation: ConstraintViolation, dialect: Dialect) -> str:
    value = f" {violation.value}" if dialect.value else ""
    constraint = violation.constraint
    if not dialect.enum:
        constraint = re.sub(r"(enum value set): \[.*\]", r"\1", constraint)
    return f"Value{value} at '{violation.path}' failed to satisfy constraint: {constraint}"


def _of_structure(shape: Any, value: Mapping[str, Any], path: str, service: str) -> Iterator[ConstraintViolation]:
    for name, member in cast("Mapping[str, Any]", shape.members).items():
        inner = f"{path}.{_lower(name)}" if path else _lower(name)
        if (service, name) in _NOT_AS_MODELLED:
            continue
        given = value.get(name)
        if given is None:
            if name in shape.required_members or (service, name) in _REQUIRED_BY_DEFAULT:
                yield ConstraintViolation(inner, "null", "Member must not be null")
            continue
        yield from _of(member, given, inner, service)


def _of(shape: Any, value: Any, path: str, service: str) -> Iterator[ConstraintViolation]:
    yield from (
        ConstraintViolation(path, f"'{_text(value, shape)}'", constraint) for constraint in _broken(shape, value)
    )
    match shape.type_name:
        case "structure" if isinstance(value, Mapping):
            yield from _of_structure(shape, cast("Mapping[str, Any]", value), path, service)
        case "list" if isinstance(value, list):
            yield from _of_list(shape, cast("list[Any]", value), path, service)
        case "map" if isinstance(value, Mapping):
            yield from _of_map(shape, cast("Mapping[str, Any]", value), path, service)
        case _:
            pass


def _of_list(shape: Any, value: list[Any], path: str, service: str) -> Iterator[ConstraintViolation]:
    if _is_scalar(shape.member):
        if any(any(_broken(shape.member, one)) for one in value):
            every = ", ".join([*_constraints(shape.member), "Member must not be null"])
            yield ConstraintViolation(path, f"'{_text(value, shape)}'", f"Member must satisfy constraint: [{every}]")
        return
    for number, one in enumerate(value, 1):
        yield from _of(shape.member, one, f"{path}.{number}.member", service)


def _of_map(shape: Any, value: Mapping[str, Any], path: str, service: str) -> Iterator[ConstraintViolation]:
    if any(any(_broken(shape.key, key)) for key in value):
        every = ", ".join(_constraints(shape.key))
        yield ConstraintViolation(path, f"'{_text(value, shape)}'", f"Map keys must satisfy constraint: [{every}]")
    if not _is_scalar(shape.value):
        for key, one in value.items():
            yield from _of(shape.value, one, f"{path}.{key}.member", service)
    elif any(any(_broken(shape.value, one)) for one in value.values()):
        every = ", ".join(_constraints(shape.value))
        yield ConstraintViolation(path, f"'{_text(value, shape)}'", f"Map value must satisfy constraint: [{every}]")


def _broken(shape: Any, value: Any) -> Iterator[str]:
    """The constraints of a shape that a value violates, in the services' order."""
    known: Mapping[str, Any] = shape.metadata
    if "enum" in known and isinstance(value, str) and value not in known["enum"]:
        yield _enum(_ENUM_ORDER.get(str(shape.name)) or known["enum"])
    if "pattern" in known and isinstance(value, str) and not _matches(known["pattern"], value):
        yield _pattern(known["pattern"])
    size = _size(shape, value)
    if size is None:
        return
    if "min" in known and size < known["min"]:
        yield _at_least(shape, known["min"])
    if "max" in known and size > known["max"]:
        yield _at_most(shape, known["max"])


def _constraints(shape: Any) -> Iterator[str]:
    """All constraints of a shape in words, as services list them for a list's members."""
    known: Mapping[str, Any] = shape.metadata
    if "max" in known:
        yield _at_most(shape, known["max"])
    if "min" in known:
        yield _at_least(shape, known["min"])
    if "pattern" in known:
        yield _pattern(known["pattern"])
    if "enum" in known:
        yield _enum(known["enum"])


def _enum(values: Sequence[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _pattern(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _at_least(shape: Any, least: float) -> str:
    return f"Member must have {_measure(shape)} greater than or equal to {least}"


def _at_most(shape: Any, most: float) -> str:
    return f"Member must have {_measure(shape)} less than or equal to {most}"


def _measure(shape: Any) -> str:
    return "value" if shape.type_name in _NUMBERS else "length"


_NUMBERS = frozenset({"integer", "long", "float", "double"})


def _size(shape: Any, value: Any) -> float | None:
    if shape.type_name in _NUMBERS:
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return len(cast("Sequence[Any]", value)) if isinstance(value, str | bytes | list | dict) else None


def _is_scalar(shape: Any) -> bool:
    return shape.type_name not in ("structure", "list", "map")


# Java's character classes that Python lacks. Patterns that still have one are not checked.
_CLASSES = {
    r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
    r"\p{Print}": r"[\x20-\x7e]",
    r"\p{L}\p{Z}\p{N}": r"\w\s",
    r"[\w-_]": r"[\w\-]",
}


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    for java, python in _CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _matches(pattern: str, value: str) -> bool:
    expression = _compiled(pattern)
    return expression is None or expression.fullmatch(value) is not None


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _text(value: Any, shape: Any) -> str:
    """A value in the form of AWS's framework: a structure is Name(member=value, …), a list [a, b], a map {a=b}."""
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(_text(one, shape.member) for one in cast('list[Any]', value))}]"
        case dict() if shape.type_name == "map":
            pairs = cast("dict[str, Any]", value).items()
            return f"{{{', '.join(f'{key}={_text(one, shape.value)}' for key, one in pairs)}}}"
        case dict():
            given = cast("dict[str, Any]", value)
            members = cast("Mapping[str, Any]", shape.members).items()
            inner = (f"{_lower(name)}={_text(given.get(name), member)}" for name, member in members)
            return f"{shape.name}({', '.join(inner)})"
        case None:
            return "null"
        case bytes():
            return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
        case _:
            return str(value)
