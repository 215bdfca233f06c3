"""How `make test` distributes the files of tests over its processes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.scheduling import SharedFixtureScheduling, kind_of

FILES = {
    "integration/test_server_a.py": "def test_a(sandbox_server: SandboxServer) -> None: ...",
    "integration/test_server_b.py": "@pytest.fixture\ndef made(tmp_path: Path, sandbox_server: Any) -> Any: ...",
    "integration/test_plane.py": "async def test_c(\n    dataplane: Sandbox,\n) -> None: ...",
    "unit/components/test_d.py": "def test_d() -> None: ...",
    "unit/test_e.py": "def test_e(servers: Any) -> None:\n    dataplane: int = 1",
    "unit/test_f.py": "def test_f() -> None: ...",
}


class Node:
    """One of xdist's processes, as far as the scheduler asks it."""

    shutting_down = False
    gateway = SimpleNamespace(id="gw")

    def __init__(self, tests: list[str]) -> None:
        self.files: list[str] = []
        self._tests = tests

    def send_runtest_some(self, indices: list[int]) -> None:
        self.files += [self._tests[index].partition("::")[0] for index in indices]

    def shutdown(self) -> None:
        self.shutting_down = True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_file_is_of_the_kind_of_its_fixtures(root: Path) -> None:
    kinds = [kind_of(root / name) for name in FILES]
    assert kinds == ["sandbox_server", "sandbox_server", "dataplane", "components", None, None]


def scheduled(root: Path, tests: list[str]) -> tuple[Any, list[Node]]:
    """Two processes with their first files."""
    options = SimpleNamespace(loadscopereorder=False)
    config: Any = SimpleNamespace(rootpath=root, getvalue={"tx": ["2*popen"]}.__getitem__, option=options)
    scheduling: Any = SharedFixtureScheduling(config)
    nodes = [Node(tests), Node(tests)]
    for node in nodes:
        scheduling.add_node(node)
        scheduling.add_node_collection(node, tests)
    scheduling.schedule()
    return scheduling, nodes


def test_a_process_takes_what_it_has_servers_for_then_what_no_other_has(root: Path) -> None:
    tests = [f"{name}::test" for name in FILES]
    scheduling, nodes = scheduled(root, tests)
    assert [node.files for node in nodes] == [
        ["integration/test_server_a.py", "integration/test_server_b.py"],
        ["integration/test_plane.py", "unit/components/test_d.py"],
    ]
    for node in nodes:
        scheduling.mark_test_complete(node, tests.index(f"{node.files[0]}::test"))
    assert [node.files[2:] for node in nodes] == [["unit/test_e.py"], ["unit/test_f.py"]]


def test_no_process_is_idle_while_another_has_files_of_its_kind(root: Path) -> None:
    tests = [f"{name}::test" for name in FILES if "server" in name] + ["integration/test_server_c.py::test"]
    (root / "integration/test_server_c.py").write_text(FILES["integration/test_server_a.py"])
    _, nodes = scheduled(root, tests)
    assert [len(node.files) for node in nodes] == [2, 1]
