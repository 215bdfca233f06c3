"""A report as text: one line per stage, or the whole tree. No line is longer than 100 characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from components.explain import outline, purposes
from components.explain.prices import Cost
from components.explain.rates import CHECKED, REGION, Rate
from components.explain.report import Entry, StackReport

WIDTH = 100
_STAGE, _PURPOSE, _TITLE = 14, 47, 78
_UNKNOWN = "unknown"
_SMALL = 0.001
"""Dollars below which a price is shown per million."""


def overview(report: StackReport) -> Iterator[str]:
    """One line per stage: its purpose, its number of resources, its cost."""
    count = sum(1 for _ in report.resources())
    yield f"Stack {report.stack} in {report.basis.tariff.region}, {count} resources:"
    yield ""
    yield _row("", "", "resources", "$/month", "$/million")
    for entry in report.top:
        parts = list(entry.resources())
        priced = any(part.cost is not None for part in parts) or not parts
        amounts = (_amount(_known(entry).month), _amount(_known(entry).million)) if priced else (_UNKNOWN, _UNKNOWN)
        name = purposes.kind(entry.resource).rpartition(":")[2]
        yield _row(name, entry.purpose, str(len(parts)), *amounts)
    yield _row("total", "", str(count), _amount(report.total.month), _amount(report.total.million))
    yield ""
    yield from _basis(report)
    yield from _controls(report)
    yield ""
    yield from _wrapped(
        "More: --full shows every resource, --inputs its inputs, --json both for programs; --change KEY=VALUE shows "
        "what `pulumi up` would do after a change of a setting, --changes that of every setting, --permissions the "
        "permissions to deploy."
    )


def tree(report: StackReport) -> Iterator[str]:
    """One line per resource: its title, purpose, cost and controls."""
    yield f"{'':{_TITLE}}  {'$/month':>8}  {'$/million':>9}"
    for entry in report.entries():
        indent = "  " * entry.depth
        yield _line(indent + outline.title(entry.resource), entry.cost)
        yield from _wrapped(entry.purpose, f"{indent}  ")
        yield from _held(entry, f"{indent}  ")
    yield _line("total", report.total)
    yield ""
    yield from _basis(report)
    yield from _controls(report)


def _held(entry: Entry, indent: str) -> Iterator[str]:
    if entry.resource.custom and not entry.is_known:
        yield f"{indent}controls: none known for {entry.resource.type}"
    met = [finding.control.id for finding in entry.findings if finding.status == "passed"]
    if met:
        yield from _wrapped(f"controls: {', '.join(met)}", indent)
    for finding in entry.findings:
        if finding.status != "passed":
            because = f", because {finding.reason}" if finding.reason else f": {finding.control.title}"
            yield from _wrapped(f"{finding.status}: {finding.control.id}{because}", indent)


def _basis(report: StackReport) -> Iterator[str]:
    workload, region = report.basis.workload, report.basis.tariff.region
    yield from _wrapped(
        f"Dollars for an idle month, and for a million writes of {workload.item_bytes} bytes at "
        f"{workload.writes_per_s:g} per second, without storage and queries. "
        f"List prices, checked on {CHECKED}."
    )
    foreign = [rate for rate in Rate if not report.basis.tariff.is_own(rate)]
    if foreign and region != REGION:
        own = ", ".join(rate.unit for rate in Rate if report.basis.tariff.is_own(rate)) or "none"
        yield from _wrapped(
            f"No source confirms {len(foreign)} of the {len(Rate)} prices for {region}; {REGION}'s are shown, and "
            f"{region}'s may be higher. Confirmed for {region}: {own}."
        )
    if report.unpriced:
        names = ", ".join(f"{entry.resource.name} ({entry.resource.type})" for entry in report.unpriced)
        yield from _wrapped(f"Not in the price list, so not in the sums: {names}.")
    if doubtful := report.basis.tariff.unverified():
        yield from _wrapped(
            f"Unverified, no source found: {'; '.join(f'{rate.unit} at {_price(rate)}' for rate in doubtful)}."
        )


def _controls(report: StackReport) -> Iterator[str]:
    statuses = [finding.status for entry in report.entries() for finding in entry.findings]
    yield from _wrapped(
        f"Security Hub's controls: {statuses.count('passed')} met, {statuses.count('waived')} waived (--full shows the "
        f"reasons), {statuses.count('failed')} failed."
    )


def _known(entry: Entry) -> Cost:
    return entry.cost or Cost()


def _price(rate: Rate) -> str:
    return f"${rate.usd:g}" if rate.usd >= _SMALL else f"${rate.usd * 1_000_000:g} a million"


def _row(name: str, purpose: str, count: str, month: str, million: str) -> str:
    shown = purpose if len(purpose) <= _PURPOSE else f"{purpose[: _PURPOSE - 1]}…"
    return f"{name[:_STAGE]:{_STAGE}} {shown:{_PURPOSE}} {count:>9}  {month:>8}  {million:>9}".rstrip()


def _line(text: str, cost: Cost | None) -> str:
    month, million = (_amount(cost.month), _amount(cost.million)) if cost else (_UNKNOWN, _UNKNOWN)
    return f"{text[:_TITLE]:{_TITLE}}  {month:>8}  {million:>9}"


def _amount(dollars: float) -> str:
    return f"{dollars:.2f}" if dollars >= 0.005 else ("<0.01" if dollars else "-")


def _wrapped(text: str, indent: str = "") -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False
    )
