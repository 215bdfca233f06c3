"""A report as JSON. Version 1: members may be added, and no member changes its meaning.

    {"version": 1, "stack": "dev", "region": "eu-west-1",
     "cost": {"month": 15.05, "million": 1.18},
     "prices": {"checked": "2026-11-22", "of_us_east_1": [unit, …], "unverified": [unit, …], "unknown": [urn, …]},
     "stages": [{"urn": …, "kind": "Table", "purpose": …, "resources": 1, "cost": {…}}, …],
     "resources": [{"urn": …, "type": "aws:dynamodb/table:Table", "name": "table", "parent": urn or "",
                    "component": false, "protected": false, "purpose": …, "cost": {…} or null,
                    "controls": [{"id": "DynamoDB.2", "title": …, "status": "passed" | "waived" | "failed",
                                  "reason": why it is waived, else ""}, …],
                    "inputs": {…}}, …]}

Amounts are US dollars: `month` for an idle month, `million` for a million writes. A cost of null is not in the price
list and not in the sums. `resources` has the order of the tree, components before their children.
"""

from __future__ import annotations

from typing import Any

from components.explain import purposes
from components.explain.controls import Finding
from components.explain.prices import Cost
from components.explain.rates import CHECKED, REGION, Rate
from components.explain.report import Entry, StackReport

VERSION = 1


def document(report: StackReport) -> dict[str, Any]:
    """The report in this format."""
    tariff = report.basis.tariff
    return {
        "version": VERSION,
        "stack": report.stack,
        "region": tariff.region,
        "cost": _cost(report.total),
        "prices": {
            "checked": CHECKED,
            "of_us_east_1": [rate.unit for rate in Rate if tariff.region != REGION and not tariff.is_own(rate)],
            "unverified": [rate.unit for rate in tariff.unverified()],
            "unknown": [entry.resource.urn for entry in report.unpriced],
        },
        "stages": [_stage(entry) for entry in report.top],
        "resources": [_resource(entry) for entry in report.entries()],
    }


def _stage(entry: Entry) -> dict[str, Any]:
    return {
        "urn": entry.resource.urn,
        "kind": purposes.kind(entry.resource),
        "purpose": entry.purpose,
        "resources": sum(1 for _ in entry.resources()),
        "cost": _cost(entry.cost),
    }


def _resource(entry: Entry) -> dict[str, Any]:
    resource = entry.resource
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "parent": resource.parent,
        "component": not resource.custom,
        "protected": resource.protect,
        "purpose": entry.purpose,
        "cost": _cost(entry.cost),
        "controls": [_control(finding) for finding in entry.findings],
        "inputs": resource.inputs,
    }


def _control(finding: Finding) -> dict[str, str]:
    control = finding.control
    return {"id": control.id, "title": control.title, "status": finding.status, "reason": finding.reason}


def _cost(cost: Cost | None) -> dict[str, float] | None:
    return None if cost is None else {"month": round(cost.month, 6), "million": round(cost.million, 6)}
