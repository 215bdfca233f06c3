"""A rule of the audit: what AWS or its provider asks of a resource, and what AWS answers who does otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.explain.evidence import Case

Check = Callable[[Case], bool]
Spoil = Callable[[Case], Case]


@dataclass(frozen=True)
class Refused:
    """A request that AWS refuses: the operation as service.Operation (botocore's names), its parameters, AWS's error.

    `before` are the calls without which AWS would refuse for another reason.
    `source` is where AWS's sentence stands, unless that is the rule's own source.
    A sentence that ends with an open bracket is AWS's up to a list in no order.
    """

    operation: str
    request: Mapping[str, Any]
    code: str
    sentence: str
    source: str = ""
    before: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule: its id, the type of resource that it speaks of ("" for all), the rule in words, and its source.

    `holds` says whether a resource keeps it; `breaks` makes of a resource that
    keeps it one that does not, so that no rule is a check that cannot fail.
    """

    id: str
    type: str
    says: str
    source: str
    holds: Check
    breaks: Spoil
    refused: tuple[Refused, ...] = ()
