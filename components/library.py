"""The transform's fast path as a module for a Lambda's machine: built by `components.compiler`."""

from __future__ import annotations

import sys
from pathlib import Path

from components import compiler as c
from components.wheels import BundleError, Platform

SOURCE = c.TRANSFORM.source
LIBRARY = c.TRANSFORM.library
"""The module's path in the zip and in the checkout, on every system."""


def compiler() -> str:
    """The compiler and its version; raises BundleError when it is not installed."""
    try:
        return c.compiler()
    except c.CompileError as error:
        raise BundleError(str(error)) from None


def compile_library(source: Path, target: Platform) -> bytes:
    """The module for a target, the same bytes on any machine; raises BundleError when it does not compile."""
    system = c.SYSTEMS.get(sys.platform, c.LINUX) if target.native else c.LINUX
    try:
        return c.compile_source(source, target.machine, system)
    except c.CompileError as error:
        raise BundleError(str(error)) from None
