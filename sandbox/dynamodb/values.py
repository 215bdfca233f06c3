"""DynamoDB's attribute values, in the JSON of requests: checked, normalized to DynamoDB's own form, and measured."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

from sandbox.dynamodb.errors import DynamoError, invalid, invalid_parameter, serialization
from sandbox.dynamodb.numbers import number_size, sized_number

Value = dict[str, Any]
"""One attribute value, {type: content}; binaries are base64 text."""
Attributes = dict[str, Value]
"""An item, or a map inside an item."""

MAX_ITEM_BYTES = 409_600
MAX_NAME_BYTES = 65_535
_MAX_LEVELS = 32
_NESTED_BYTES = 3  # of a list or map, and 1 for each element
_EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
_SEVERAL = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
_EMPTY_SETS = {
    "SS": "An string set  may not be empty",
    "NS": "An number set  may not be empty",
    "BS": "Binary sets should not be empty",
}


def measure(value: Value, level: int = 1) -> int:
    """Check one value, normalize it in place, and return its size in bytes.

    Numbers get their canonical spelling, sets are sorted. Sizes:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html

    Raises:
        DynamoError: DynamoDB refuses the value.
    """
    if type(value) is not dict:
        raise serialization("Unexpected value type in payload")
    if len(value) != 1 or next(iter(value.values())) is None:
        _keep_known(value)
    ((kind, content),) = value.items()
    measured = _MEASURES.get(kind)
    if measured is None:
        raise invalid(_EMPTY)
    return measured(value, content, level)


def measure_item(item: Mapping[str, Value], level: int = 1) -> int:
    """`measure` all values of an item, or of a map in it; return the size in bytes of names and values."""
    size = 0
    texts = list(item)
    for value in item.values():
        # This is the most frequently called function, so it inlines `measure` for the usual types.
        if value.__class__ is dict and len(value) == 1:
            (kind,) = value
            content = value[kind]
            if content.__class__ is str:
                if kind == "S":
                    texts.append(content)
                    continue
                if kind == "N":
                    canonical, number = sized_number(content)
                    if canonical is not content:
                        value["N"] = canonical
                    size += number
                    continue
            elif kind == "M" and content.__class__ is dict and level < _MAX_LEVELS - 1:
                size += _NESTED_BYTES + len(content) + measure_item(content, level + 1)
                continue
            elif kind == "L" and content.__class__ is list and level < _MAX_LEVELS - 1:
                size += _measure_list(content, level)
                continue
        size += measure(value, level)
    size += text_size("".join(texts))
    if "" in item or size > MAX_NAME_BYTES:
        refuse_names(item)
    return size


def refuse_names(names: Iterable[str]) -> None:
    """Raise DynamoError if an attribute's name is empty or too long."""
    for name in names:
        wrong = name_fault(name)
        if wrong is not None:
            raise invalid(wrong) if name else invalid_parameter(wrong)


def name_fault(name: str) -> str | None:
    """What is wrong with the name of an attribute, in the words of DynamoDB Local; None if it is valid.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """
    if not name:
        return "Empty attribute name"
    if text_size(name) > MAX_NAME_BYTES:
        return f"Attribute name is too large, must be less than {MAX_NAME_BYTES + 1} bytes"
    return None


def _measure_list(elements: list[Any], level: int) -> int:
    size = _NESTED_BYTES + len(elements)
    for element in elements:
        members: Any = element.get("M") if element.__class__ is dict and len(element) == 1 else None
        if members.__class__ is dict:
            size += _NESTED_BYTES + len(members) + measure_item(members, level + 2)
        else:
            size += measure(element, level + 1)
    return size


def measure_key(value: Value) -> int:
    """The bytes of a key attribute's value, which is a checked text, number or binary."""
    ((kind, content),) = value.items()
    return text_size(content) if kind == "S" else number_size(content) if kind == "N" else len(b64decode(content))


def text_size(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def kind_of(value: Value) -> str:
    """A value's type: S, N, B, BOOL, NULL, L, M, SS, NS or BS."""
    return next(iter(value))


def _keep_known(value: Value) -> None:
    """Drop null members and types that DynamoDB lacks, as its parser does; one type must remain."""
    for kind in [kind for kind, content in value.items() if content is None or kind not in _MEASURES]:
        del value[kind]
    if not value:
        raise invalid(_EMPTY)
    if len(value) > 1:
        for kind, content in value.items():
            _MEASURES[kind]({kind: content}, content, 1)
        raise invalid(_SEVERAL)


def _text(value: Value, content: Any, level: int) -> int:  # noqa: ARG001 - all measures are called alike
    if type(content) is not str:
        raise wrong_type(content, "String")
    return text_size(content)


def _number(value: Value, content: Any, level: int) -> int:  # noqa: ARG001 - all measures are called alike
    if type(content) is not str:
        raise wrong_type(content, "String")
    value["N"], size = sized_number(content)
    return size


def _binary(value: Value, content: Any, level: int) -> int:  # noqa: ARG001 - all measures are called alike
    value["B"], size = _canonical_binary(content)
    return size


def _canonical_binary(content: Any) -> tuple[str, int]:
    if type(content) is not str:
        if type(content) in (bool, int, float):
            raise serialization("only base-64-encoded strings are convertible to bytes")
        raise wrong_type(content, "java.nio.ByteBuffer")
    if len(content) % 4:
        raise serialization(f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(content)}")
    try:
        decoded = b64decode(content, validate=True)
    except (ValueError, Base64Error):
        raise serialization("Invalid last non-pad Base64 character dectected") from None  # AWS's own spelling
    return b64encode(decoded).decode("ascii"), len(decoded)


def _boolean(value: Value, content: Any, level: int) -> int:  # noqa: ARG001 - all measures are called alike
    if type(content) is not bool:
        raise wrong_type(content, "Boolean")
    return 1


def _null(value: Value, content: Any, level: int) -> int:
    _boolean(value, content, level)
    if not content:
        raise invalid_parameter("Null attribute value types must have the value of true")
    return 1


def _list(value: Value, content: Any, level: int) -> int:  # noqa: ARG001 - all measures are called alike
    if type(content) is not list:
        raise _no_collection(content)
    _refuse_deep(level)
    elements = cast("list[Any]", content)
    return _NESTED_BYTES + sum(1 + measure(element, level + 1) for element in elements)


def _map(value: Value, content: Any, level: int) -> int:  # noqa: ARG001 - all measures are called alike
    if type(content) is not dict:
        raise _no_collection(content)
    _refuse_deep(level)
    members = cast("dict[str, Any]", content)
    return _NESTED_BYTES + len(members) + measure_item(members, level + 1)


def _refuse_deep(level: int) -> None:
    """Raise DynamoError for a list or map, an empty one too, in as many others as DynamoDB allows (DynamoDB Local)."""
    if level >= _MAX_LEVELS:
        raise too_deep()


def _set(value: Value, content: Any, level: int) -> int:
    ((kind, _),) = value.items()
    if type(content) is not list:
        raise _no_collection(content)
    if not content:
        raise invalid_parameter(_EMPTY_SETS[kind])
    given = cast("list[Any]", content)
    elements = [{kind[0]: element} for element in given]
    size = sum(_MEASURES[kind[0]](element, element[kind[0]], level) for element in elements)
    contents: list[str] = [element[kind[0]] for element in elements]
    if len(set(contents)) != len(contents):
        raise _DUPLICATES[kind](given)
    value[kind] = in_order(kind, contents)
    return size


def in_order(kind: str, contents: list[str]) -> list[str]:
    """The elements of a set in this package's order: numbers by value, others by text."""
    return sorted(contents, key=Decimal) if kind == "NS" else sorted(contents)


_DUPLICATES: dict[str, Callable[[list[Any]], DynamoError]] = {
    "SS": lambda given: invalid_parameter(f"Input collection [{', '.join(given)}] contains duplicates."),
    "NS": lambda given: invalid("Input collection contains duplicates"),  # noqa: ARG005 - all are called alike
    "BS": lambda given: invalid_parameter(f"Input collection [{', '.join(given)}]of type BS contains duplicates."),
}

_MEASURES: dict[str, Callable[[Value, Any, int], int]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "L": _list,
    "M": _map,
    "SS": _set,
    "NS": _set,
    "BS": _set,
}
KINDS = frozenset(_MEASURES)
"""The types of values."""


def too_deep() -> DynamoError:
    """The error for a value of more than 32 levels."""
    return invalid(
        "Nesting Levels have exceeded supported limits: "
        "Attributes in the item have nested levels beyond supported limit"
    )


def wrong_type(content: Any, expected: str) -> DynamoError:
    """The error for JSON of a wrong type: `expected` is Java's name of the member's type."""
    match content:
        case bool():
            return serialization(f"{'TRUE_VALUE' if content else 'FALSE_VALUE'} cannot be converted to {expected}")
        case int():
            return serialization(f"NUMBER_VALUE cannot be converted to {expected}")
        case float():
            return serialization(f"DECIMAL_VALUE cannot be converted to {expected}")
        case str() if expected == "Boolean":
            return serialization("Unexpected token received from parser")
        case str():
            return serialization(f"STRING_VALUE cannot be converted to {expected}")
        case list():
            java = expected if "." in expected else f"java.lang.{expected}"
            return serialization(f"Unrecognized collection type class {java}")
        case _:
            return serialization("Start of structure or map found where not expected")


def _no_collection(content: Any) -> DynamoError:
    if type(content) is dict:
        return serialization("Start of structure or map found where not expected")
    if type(content) is list:
        value = "com.amazonaws.dynamodb.v20120810.AttributeValue"
        return serialization(f"Unrecognized collection type java.util.Map<java.lang.String, {value}>")
    return serialization("Unexpected field type")
