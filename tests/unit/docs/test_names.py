"""The check of the classes' names: docs/names.py finds a public name that two classes have."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

_PATH = Path(__file__).parents[3] / "docs" / "names.py"


@pytest.fixture(scope="module")
def names() -> ModuleType:
    """docs/ is no package: load the script by its path."""
    spec = importlib.util.spec_from_file_location("names", _PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_name_of_two_classes_is_told_with_its_places(names: ModuleType) -> None:
    modules = {"a.py": "class Reply: ...\n", "b.py": "import x\n\n\nclass Reply: ...\nclass Other: ...\n"}
    assert names.repeated(modules) == {"Reply": ["a.py:1", "b.py:4"]}


def test_private_and_inner_classes_may_share_a_name(names: ModuleType) -> None:
    text = "class _Reply: ...\nclass {}:\n    class Inner: ...\n"
    assert names.repeated({"a.py": text.format("A"), "b.py": text.format("B")}) == {}


def test_the_project_has_each_name_once(names: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert names.main() == 0, capsys.readouterr().out
