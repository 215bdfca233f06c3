"""A report as text: one line per stage, or the whole tree. No line is longer than 100 characters.

On a narrower terminal, a row has its figures below its text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from components.explain import outline, purposes
from components.explain.paragraph import WIDTH, paragraph, width
from components.explain.prices import Cost
from components.explain.rates import CHECKED, REGION, Rate
from components.explain.report import Entry, StackReport

_STAGE, _PURPOSE, _LEAST_PURPOSE, _TITLE = 14, 47, 24, 78
_UNKNOWN = "unknown"
_SMALL = 0.001
"""Dollars below which a price is shown per million."""


def overview(report: StackReport) -> Iterator[str]:
    """One line per stage: its purpose, its number of resources, its cost."""
    count = sum(1 for _ in report.resources())
    yield from paragraph(f"Stack {report.stack} in {report.basis.tariff.region}, {count} resources:")
    yield ""
    yield from _row("", "", "resources", "$/month", "$/million")
    for entry in report.top:
        parts = list(entry.resources())
        priced = any(part.cost is not None for part in parts) or not parts
        amounts = (_amount(_known(entry).month), _amount(_known(entry).million)) if priced else (_UNKNOWN, _UNKNOWN)
        name = purposes.kind(entry.resource).rpartition(":")[2]
        yield from _row(name, entry.purpose, str(len(parts)), *amounts)
    yield from _row("total", "", str(count), _amount(report.total.month), _amount(report.total.million))
    yield ""
    yield from _basis(report)
    yield from _controls(report)
    yield ""
    yield from paragraph(
        "More: --full shows every resource, --inputs its inputs, --json both for programs; --change KEY=VALUE shows "
        "what `pulumi up` would do after a change of a setting, --changes that of every setting, --permissions the "
        "permissions to deploy."
    )


def tree(report: StackReport) -> Iterator[str]:
    """One line per resource: its title, purpose, cost and controls."""
    yield from _priced("", "$/month", "$/million")
    for entry in report.entries():
        indent = "  " * entry.depth
        yield from _line(indent + outline.title(entry.resource), entry.cost)
        yield from paragraph(entry.purpose, f"{indent}  ")
        yield from _held(entry, f"{indent}  ")
    yield from _line("total", report.total)
    yield ""
    yield from _basis(report)
    yield from _controls(report)


def _held(entry: Entry, indent: str) -> Iterator[str]:
    if entry.resource.custom and not entry.is_known:
        yield from paragraph(f"controls: none known for {entry.resource.type}", indent)
    met = [finding.control.id for finding in entry.findings if finding.status == "passed"]
    if met:
        yield from paragraph(f"controls: {', '.join(met)}", indent)
    for finding in entry.findings:
        if finding.status != "passed":
            because = f", because {finding.reason}" if finding.reason else f": {finding.control.title}"
            yield from paragraph(f"{finding.status}: {finding.control.id}{because}", indent)


def _basis(report: StackReport) -> Iterator[str]:
    workload, region = report.basis.workload, report.basis.tariff.region
    yield from paragraph(
        f"Dollars for an idle month, and for a million writes of {workload.item_bytes} bytes at "
        f"{workload.writes_per_s:g} per second, without storage and queries. "
        f"List prices, checked on {CHECKED}."
    )
    foreign = [rate for rate in Rate if not report.basis.tariff.is_own(rate)]
    if foreign and region != REGION:
        own = "; ".join(rate.unit for rate in Rate if report.basis.tariff.is_own(rate)) or "none"
        yield from paragraph(
            f"No source confirms {len(foreign)} of the {len(Rate)} prices for {region}; {REGION}'s are shown, and "
            f"{region}'s may be higher. Confirmed for {region}: {own}."
        )
    if report.unpriced:
        names = ", ".join(f"{entry.resource.name} ({entry.resource.type})" for entry in report.unpriced)
        yield from paragraph(f"Not in the price list, so not in the sums: {names}.")
    if doubtful := report.basis.tariff.unverified():
        yield from paragraph(
            f"Unverified, no source found: {'; '.join(f'{rate.unit} at {_price(rate)}' for rate in doubtful)}."
        )


def _controls(report: StackReport) -> Iterator[str]:
    statuses = [finding.status for entry in report.entries() for finding in entry.findings]
    yield from paragraph(
        f"Security Hub's controls: {statuses.count('passed')} met, {statuses.count('waived')} waived (--full shows the "
        f"reasons), {statuses.count('failed')} failed."
    )


def _known(entry: Entry) -> Cost:
    return entry.cost or Cost()


def _price(rate: Rate) -> str:
    return f"${rate.usd:g}" if rate.usd >= _SMALL else f"${rate.usd * 1_000_000:g} a million"


def _row(name: str, purpose: str, count: str, month: str, million: str) -> Iterator[str]:
    figures = f"{count:>9}  {month:>8}  {million:>9}"
    beside = min(_PURPOSE, width() - _STAGE - len(figures) - 2)
    if beside < _LEAST_PURPOSE:
        yield from paragraph(f"{name}: {purpose}" if purpose else name) if name else ()
        yield f"  {figures}"
        return
    first, *others = textwrap.wrap(purpose, beside, max_lines=1 if beside == _PURPOSE else None, placeholder="…") or [
        ""
    ]
    yield f"{name[:_STAGE]:{_STAGE}} {first:{beside}} {figures}".rstrip()
    yield from (f"{'':{_STAGE}} {other}" for other in others)


def _line(text: str, cost: Cost | None) -> Iterator[str]:
    return _priced(text, *((_amount(cost.month), _amount(cost.million)) if cost else (_UNKNOWN, _UNKNOWN)))


def _priced(text: str, month: str, million: str) -> Iterator[str]:
    if width() == WIDTH:
        yield f"{text[:_TITLE]:{_TITLE}}  {month:>8}  {million:>9}"
        return
    indent = text[: len(text) - len(text.lstrip())]
    yield from paragraph(text.lstrip(), indent) if text else ()
    yield f"{indent}  {month:>8}  {million:>9}"


def _amount(dollars: float) -> str:
    return f"{dollars:.2f}" if dollars >= 0.005 else ("<0.01" if dollars else "-")
