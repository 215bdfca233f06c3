"""Refuse a public class whose name another public class of the project has: run by `make check`.

One name has one meaning, so a search for it finds one thing. The nodes of SQL's grammar keep SQL's own words, since
they are always written with their module (`n.Table`), and do not count. Neither do tests, examples and benchmarks.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PACKAGES = (
    "capacity",
    "components",
    "lake",
    "loadgen",
    "pytest_cdc_sandbox",
    "sandbox",
    "stack",
    "transform",
    "without_engine",
)
_GRAMMAR = "sandbox/athena/syntax/nodes.py"


def classes(text: str) -> Iterable[tuple[str, int]]:
    """The public classes of a module, each with its line (from 1)."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node.lineno


def repeated(modules: Mapping[str, str]) -> dict[str, list[str]]:
    """The names that stand in more than one place, each with its places as path:line; `modules` is text by path."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, text in modules.items():
        for name, line in classes(text):
            places[name].append(f"{path}:{line}")
    return {name: found for name, found in sorted(places.items()) if len(found) > 1}


def main() -> int:
    """Print each repeated name with its places; exit code 1 if there is one."""
    paths = (path for package in _PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    named = ((path.relative_to(ROOT).as_posix(), path) for path in paths)
    found = repeated({name: path.read_text() for name, path in named if name != _GRAMMAR})
    for name, places in found.items():
        sys.stdout.write(f"{name} is the name of {len(places)} classes: {', '.join(places)}. Give each its own.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
