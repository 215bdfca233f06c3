"""The transform's fast path as a module for a Lambda's machine: what `components.compiler` makes of it."""

from __future__ import annotations

import sys
from pathlib import Path

from components import compiler as c
from components.wheels import BundleError, Target

SOURCE = c.TRANSFORM.source
LIBRARY = c.TRANSFORM.library
"""Where the module is in the zip and in the checkout, on every system."""


def compiler() -> str:
    """The compiler and its version; BundleError when it is not installed."""
    try:
        return c.compiler()
    except c.CompileError as error:
        raise BundleError(str(error)) from None


def compile_library(source: Path, target: Target) -> bytes:
    """The module for a target, the same bytes on any machine; BundleError when it does not compile."""
    system = c.SYSTEMS.get(sys.platform, c.LINUX) if target.native else c.LINUX
    try:
        return c.compile_source(source, target.machine, system)
    except c.CompileError as error:
        raise BundleError(str(error)) from None
