"""The check of the project's words: docs/words.py reads the glossary and finds what it refuses."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_PATH = Path(__file__).parents[3] / "docs" / "words.py"
_GLOSSARY = """# Glossary
## Refused words
| refused | write |
|---|---|
| careful way | slow path |
| is none, are none | is absent |
## Refused names
| `Fate` | `WriteResult` |
| `MOST_` | `MAX_` |
"""


@pytest.fixture(scope="module")
def words() -> ModuleType:
    """docs/ is no package: load the script by its path."""
    spec = importlib.util.spec_from_file_location("words", _PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["words"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        pytest.param("a.md", "Take the Careful\nway.", [(1, "Careful way")], id="a phrase across lines in a document"),
        pytest.param("a.py", "x = 1  # the careful\n# way", [(1, "careful # way")], id="a comment"),
        pytest.param("a.py", 'x = ("There is "\n     "none.")', [(1, 'is " "none')], id="two adjacent literals"),
        pytest.param("a.py", '"""None is None."""\nx = 1 if y is None else 2', [], id="None is a value"),
        pytest.param("a.py", "careful = way = 1", [], id="code is no text"),
        pytest.param("a.py", "class _Fate: pass", [(1, "_Fate")], id="a private name"),
        pytest.param("a.py", "MOST_ROWS = 1", [(1, "MOST_ROWS")], id="the beginning of a name"),
        pytest.param("a.py", "ALMOST_FATED = MOST = 1", [], id="another name"),
        pytest.param("a.c", "/* careful way */", [(1, "careful way")], id="C"),
    ],
)
def test_refused_words_are_found(words: ModuleType, path: str, text: str, expected: list[tuple[int, str]]) -> None:
    found = words.hits(path, text, words.refusals(_GLOSSARY))
    assert [(hit.line, hit.word) for hit in found] == expected


def test_the_glossary_refuses_phrases_and_names(words: ModuleType) -> None:
    refused = words.refusals(words.GLOSSARY.read_text())
    assert refused.phrases.search("the careful way")
    assert "Fate" in refused.names
    assert "MOST_" in refused.prefixes
    assert not refused.phrases.search("refused")
