"""The machines in a wheel's tag."""

from __future__ import annotations

import platform
import sys
import sysconfig

import pytest

import hatch_build
from components.compiler import PARTS


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What this Python says of its build: with its lock, as it is common."""
    config: dict[str, object] = {"Py_GIL_DISABLED": 0}
    monkeypatch.setattr(sysconfig, "get_config_var", config.get)
    return config


@pytest.mark.parametrize(
    ("system", "machine", "platform_name", "tag"),
    [
        ("linux", "x86_64", "linux-x86_64", "cp311-abi3-linux_x86_64"),
        ("linux", "aarch64", "linux-aarch64", "cp311-abi3-linux_aarch64"),
        # Apple's Python may be for both processors, and the modules are for one.
        ("darwin", "arm64", "macosx-10.13-universal2", "cp311-abi3-macosx_11_0_arm64"),
        ("darwin", "x86_64", "macosx-10.13-universal2", "cp311-abi3-macosx_11_0_x86_64"),
        ("freebsd15", "amd64", "freebsd-15.0-release-amd64", "py3-none-freebsd_15_0_release_amd64"),
    ],
)
def test_a_wheel_is_for_the_processor_and_the_system_that_it_is_compiled_for(
    system: str, machine: str, platform_name: str, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sysconfig, "get_platform", lambda: platform_name)
    assert hatch_build.tag() == tag
    assert hatch_build.parts() == (() if "none" in tag else PARTS)


def test_a_free_threaded_python_gets_none_of_the_stable_abis_modules(config: dict[str, object]) -> None:
    config["Py_GIL_DISABLED"] = 1
    assert hatch_build.parts() == ()
    assert hatch_build.tag().startswith("py3-none-")
