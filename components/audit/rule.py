"""A rule of the audit: a requirement of AWS or its provider, and AWS's error for a violation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.explain.evidence import Case

Check = Callable[[Case], bool]
Spoil = Callable[[Case], Case]


@dataclass(frozen=True)
class RefusedCall:
    """A request that AWS refuses: the operation as service.Operation (botocore's names), its parameters, AWS's error.

    `before` are calls that are needed first, so that AWS does not refuse for another reason. `source` is the source of
    AWS's sentence, unless it is the rule's source. A sentence that ends with an open bracket is AWS's up to an
    unordered list.
    """

    operation: str
    request: Mapping[str, Any]
    code: str
    sentence: str
    source: str = ""
    before: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule: its id, the resource type ("" for all), the rule in words, and its source.

    `holds` checks a resource; `breaks` changes a resource so that it violates the rule, which proves that the check can
    fail.
    """

    id: str
    type: str
    says: str
    source: str
    holds: Check
    breaks: Spoil
    refused: tuple[RefusedCall, ...] = ()
