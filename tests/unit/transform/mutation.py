"""Mutation testing of the transform, outside of the suite: is every line of it held by a unit test?

    python -m tests.unit.transform.mutation [--workers N]

mutmut changes one thing in `transform` at a time and runs the unit tests that reach it. It works on a copy under
.build/mutation, in a separate environment that is made on the first run. Printed are the score and every change that no
test noticed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
COPY = ROOT / ".build" / "mutation"
_COPIED = ("transform", "tests/unit/transform", "tests/property/transform", "tests/events")
_NEEDED = ("mutmut==3.8.1", "pytest>=9", "hypothesis>=6.170", "msgspec", "pybase64", "boto3")
# The second table's needs the components and the program's own dependencies.
_LEFT_OUT = ("tests/unit/transform/test_second_table.py",)
_CONFIG = """
[tool.pytest.ini_options]
testpaths = ["tests/unit"]
pythonpath = ["."]
addopts = ["--import-mode=importlib", "-k", "not only_the_codec"]
[tool.mutmut]
source_paths = ["transform"]
also_copy = ["tests"]
pytest_add_cli_args_test_selection = ["tests/unit"]
"""


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.unit.transform.mutation", description="Mutate the transform."
    )
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args(arguments)
    uv = Path(sys.executable).with_name("uv")
    environment = ROOT / ".build" / "mutation-env"
    if not environment.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", environment / "bin" / "python", *_NEEDED], check=True
        )
    shutil.rmtree(COPY, ignore_errors=True)
    for name in _COPIED:
        shutil.copytree(ROOT / name, COPY / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "tests" / "golden.py", COPY / "tests" / "golden.py")
    for name in _LEFT_OUT:
        (COPY / name).unlink()
    (COPY / "pyproject.toml").write_text(_CONFIG)
    mutmut = environment / "bin" / "mutmut"
    subprocess.run(
        [mutmut, "run", "--max-children", str(chosen.workers)], cwd=COPY, stdout=subprocess.DEVNULL, check=True
    )
    shown = subprocess.run(
        [mutmut, "results", "--all", "true"], cwd=COPY, capture_output=True, text=True, check=True
    ).stdout
    states = [line.strip().rpartition(": ") for line in shown.splitlines() if ": " in line]
    survivors = [name for name, _, state in states if state != "killed"]
    for name in survivors:
        difference = subprocess.run([mutmut, "show", name], cwd=COPY, capture_output=True, text=True, check=True).stdout
        changed = [line for line in difference.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        sys.stdout.write("\n".join([name, *changed, ""]))
    killed = len(states) - len(survivors)
    sys.stdout.write(f"{killed} of {len(states)} mutants killed: {killed / max(len(states), 1):.1%}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
