"""The pages under docs/ are checked against the tree and the price list: paths, pictures and sums."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.explain.rates import Rate
from tests.unit.components.architecture import picture

ROOT = Path(__file__).parents[3]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
DOCUMENTS = sorted((*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md"), *ROOT.glob("*.md")))
PACKAGES = {
    "capacity",
    "components",
    "lake",
    "loadgen",
    "pytest_cdc_sandbox",
    "sandbox",
    "stack",
    "transform",
    "without_engine",
}
CODE = re.compile(rf"(?:{'|'.join(sorted(PACKAGES | {'benchmarks', 'tests', 'docs'}))})/[\w./-]*")
HOURS_A_MONTH = 730
GB_SECONDS_A_PROCESSOR_SECOND = 1769 / 1024


def paths(text: str) -> Iterator[str]:
    """The paths of this project that a document names: between backticks, and in the nodes of its pictures."""
    for quoted in re.findall(r"`([^`\n]+)`|\[\"([^\"]+)\"\]", text):
        if CODE.fullmatch(path := quoted[0] or quoted[1]):
            yield path


def pictures(text: str) -> list[str]:
    return re.findall(r"```mermaid\n.*?```", text, re.DOTALL)


def test_there_are_paths_to_look_at() -> None:
    assert len(set(paths(ARCHITECTURE))) > 40
    assert list(paths('`lake/none.py` a["loadgen/none/"] `GET /none`')) == ["lake/none.py", "loadgen/none/"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    missing = {path for path in paths(document.read_text()) if not (ROOT / path).exists()}
    assert missing == set()


def test_every_package_and_every_package_in_it_is_on_the_map() -> None:
    """A new one needs a place in docs/architecture.md: there it is said where a change goes."""
    within = {
        f"{path.parent.relative_to(ROOT)}/"
        for package in PACKAGES
        for path in (*(ROOT / package).glob("__init__.py"), *(ROOT / package).glob("*/__init__.py"))
    }
    assert within - set(paths(ARCHITECTURE)) == set()


@pytest.mark.parametrize("chart", pictures(ARCHITECTURE))
def test_every_node_of_a_picture_says_what_it_is(chart: str) -> None:
    nodes = picture(chart).nodes
    assert [name for name, words in nodes.items() if not words] == []
    assert len(set(nodes.values())) == len(nodes)


def test_what_the_compiled_transform_saves_is_the_sum_of_its_prices() -> None:
    decision = (ROOT / "docs" / "decisions" / "0001-c-in-the-hot-paths.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", decision, re.MULTILINE)
    assert len(rows) == 4
    for us, million, month_500, month_20000 in rows:
        record = float(us) / 1e6 * GB_SECONDS_A_PROCESSOR_SECOND * Rate.ARM64_GB_SECOND.usd
        assert f"{record * 1e6:.5f}" == million
        assert f"{record * 500 * 3600 * HOURS_A_MONTH:.2f}" == month_500
        assert f"{record * 20_000 * 3600 * HOURS_A_MONTH:.2f}" == month_20000
