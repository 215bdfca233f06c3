"""Checks, before the measurement, whether values that are hard to preserve survive."""

from __future__ import annotations

import base64
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from benchmarks.transform.contenders import Handler
from benchmarks.transform.workload import event

_KEY = {"order_id": {"S": "o-1"}}
_FORTY_ONE_DIGITS = "1" + "0" * 40


def _change(attributes: str, op: str = "INSERT") -> bytes:
    image = f'{{"order_id":{{"S":"o-1"}},{attributes}}}'
    name = "OldImage" if op == "REMOVE" else "NewImage"
    return (
        f'{{"eventID":"e","eventName":"{op}","dynamodb":{{"ApproximateCreationDateTime":1795356187,'
        f'"SequenceNumber":"1","{name}":{image}}}}}'
    ).encode()


_NUMBERS = {
    "total of 9999999999999999.99": ("total", "9999999999999999.99"),
    "version of 9007199254740993": ("version", "9007199254740993"),
    "total of 0.07": ("total", "0.07"),
}
_IMAGES = {
    "image with spaces": '"note" : {"S": "a b"}',
    "image with an escape": r'"note":{"S":"\u00e9\/"}',
    "image with a set and binary": '"tags":{"NS":["1.10","2"]},"hash":{"B":"AAE="}',
}


def losses(handler: Handler) -> list[str]:
    """A contender's losses as text; empty without losses."""
    lost: list[str] = []
    for name, (column, number) in _NUMBERS.items():
        row = _row(handler, _change(f'"{column}":{{"N":"{number}"}}'))
        if row is None or not _is_same(row.get(column), number):
            lost.append(name)
    for name, attributes in _IMAGES.items():
        row = _row(handler, _change(attributes))
        if row is None or row.get("after") != f'{{"order_id":{{"S":"o-1"}},{attributes}}}':
            lost.append(name)
    if _row(handler, _change(f'"big":{{"N":"{_FORTY_ONE_DIGITS}"}}')) is None:
        lost.append("record with a number of 41 digits")
    tombstone = _row(handler, _change('"total":{"N":"1"}', "REMOVE"))
    if tombstone is None or tombstone.get("op") != "REMOVE":
        lost.append("REMOVE")
    try:
        results = [
            answer["result"] for answer in handler(event([b"no change", _change('"total":{"N":"1"}')]))["records"]
        ]
    except Exception:
        results = []
    if results != ["ProcessingFailed", "Ok"]:
        lost.append("the batch of a bad record")
    return lost


def loses_digits(lost: list[str]) -> bool:
    """Whether numbers are among the losses."""
    return any(name in _NUMBERS for name in lost)


def _row(handler: Handler, content: bytes) -> dict[str, Any] | None:
    try:
        (answer,) = handler(event([content]))["records"]
        return json.loads(base64.b64decode(answer["data"]), parse_float=Decimal)
    except Exception:
        return None


def _is_same(value: Any, number: str) -> bool:
    try:
        return value is not None and Decimal(str(value)) == Decimal(number)
    except InvalidOperation:
        return False
