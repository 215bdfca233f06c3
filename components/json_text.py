"""The JSON text of a document with outputs among its values: policies, event patterns, the dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pulumi


def json_text(document: object) -> pulumi.Output[str]:
    """The document's JSON text, when every output in its maps and lists is known; a secret value makes it secret.

    `pulumi.Output.json_dumps` returns the same, but creates an output for every value at every depth: 1,500 for the
    dashboard, of which 30 are outputs.
    """

    def text(values: Sequence[Any]) -> str:
        return json.dumps(_filled(document, iter(values)))

    return pulumi.Output.all(*_outputs(document)).apply(text)


def _outputs(value: object) -> Iterator[pulumi.Output[Any]]:
    match value:
        case pulumi.Output():
            yield cast("pulumi.Output[Any]", value)
        case Mapping():
            for inner in cast("Mapping[str, object]", value).values():
                yield from _outputs(inner)
        case list() | tuple():
            for inner in cast("Sequence[object]", value):
                yield from _outputs(inner)
        case _:
            pass


def _filled(value: object, values: Iterator[Any]) -> object:
    """The value with its outputs replaced, in the order in which `_outputs` found them."""
    match value:
        case pulumi.Output():
            return next(values)
        case Mapping():
            return {name: _filled(inner, values) for name, inner in cast("Mapping[str, object]", value).items()}
        case list() | tuple():
            return [_filled(inner, values) for inner in cast("Sequence[object]", value)]
        case _:
            return value
