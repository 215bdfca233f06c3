"""Where the program is, and its version: in a checkout, in a directory of one's own, and where it is installed."""

from __future__ import annotations

import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from components.settings import PROJECT
from stack import installation as found

ROOT = Path(__file__).parents[3]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, empty, of a process whose code is not in a checkout."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(found, "_CHECKOUT", tmp_path / "site-packages")
    return tmp_path


def _project(directory: Path, name: str) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "__main__.py").touch()
    (directory / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    return directory


def test_the_checkout_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert found.program() == ROOT


def test_the_working_directory_comes_first_when_it_is_this_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_project(tmp_path, found.PROJECT))
    assert found.program() == tmp_path


def test_another_pulumi_project_is_never_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(_project(tmp_path, f"{found.PROJECT}-of-others"))
    assert found.program() == ROOT


def test_without_either_it_is_the_installed_copy(elsewhere: Path) -> None:
    assert found.program() == Path(found.__file__).with_name("_project")
    assert not found.program().is_relative_to(elsewhere)


def test_its_name_is_the_projects_everywhere() -> None:
    assert found.PROJECT == PROJECT
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"] == found.PROJECT


def test_the_version_is_that_of_pyproject_toml() -> None:
    assert found.version() == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.usefixtures("elsewhere")
def test_an_installed_one_has_its_distributions_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", {found.PROJECT: "1.2.3"}.__getitem__)
    assert found.version() == "1.2.3"


@pytest.mark.usefixtures("elsewhere")
def test_in_a_clusters_zip_the_version_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert found.version() == "unknown"


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("/checkout/loadgen/__main__.py", "python -m loadgen html"),
        ("/environment/bin/loadgen", "loadgen html"),
        ("/environment/bin/pytest", "python -m loadgen html"),
    ],
)
def test_a_command_line_is_called_as_the_user_called_it(
    argument: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [argument])
    assert found.called("loadgen html") == shown


def test_the_sandboxs_script_has_another_name_than_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/environment/bin/cdc-sandbox"])
    assert found.called("sandbox", "cdc-sandbox") == "cdc-sandbox"
