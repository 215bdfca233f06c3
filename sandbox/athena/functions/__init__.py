"""Trino's functions, as a table: one module for each family, each with FUNCTIONS, MACROS and NATIVES.

A name that is not in the table is FUNCTION_NOT_FOUND. The families' macros and Python functions are installed in every
connection. Special forms (CASE, IF, COALESCE, NULLIF, TRY, CAST, subscripts, operators, AT TIME ZONE, EXTRACT) are the
planner's, not functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.athena import values
from sandbox.athena.functions import (
    addresses,
    aggregates,
    arrays,
    binaries,
    dateformats,
    dates,
    formatting,
    histograms,
    hyperloglog,
    jsonbuilders,
    jsons,
    maps,
    math,
    probability,
    regexes,
    sequences,
    sqljson,
    statistics,
    tdigests,
    text,
    urls,
    valuetexts,
    windows,
    zones,
)
from sandbox.athena.functions.function import Modifiers, TrinoFunction, TypedCall, aggregated, renamed, template
from sandbox.athena.functions.native import Native, TrinoError

_FAMILIES = (
    math,
    probability,
    text,
    regexes,
    zones,
    dates,
    dateformats,
    formatting,
    jsons,
    sqljson,
    jsonbuilders,
    arrays,
    sequences,
    maps,
    aggregates,
    statistics,
    histograms,
    hyperloglog,
    tdigests,
    windows,
    urls,
    addresses,
    binaries,
    valuetexts,
)
FAMILIES: Mapping[str, tuple[TrinoFunction, ...]] = {
    (family.__doc__ or "").partition(":")[0].partition("\n")[0].rstrip("."): family.FUNCTIONS for family in _FAMILIES
}
"""The functions of each family, by the family's title."""
FUNCTIONS: tuple[TrinoFunction, ...] = tuple(function for table in FAMILIES.values() for function in table)
"""Every function, family by family."""


UNSUPPORTED = valuetexts.UNSUPPORTED
"""Functions that Athena has and the sandbox lacks."""


def _by_name() -> Mapping[str, tuple[TrinoFunction, ...]]:
    found: dict[str, tuple[TrinoFunction, ...]] = {}
    for function in FUNCTIONS:
        found[function.name] = (*found.get(function.name, ()), function)
    return found


BY_NAME = _by_name()
"""The functions of each name: overloads may be several entries."""


def macros() -> tuple[str, ...]:
    """The macros that the table's SQL calls."""
    return (*values.MACROS, *(macro for family in _FAMILIES for macro in family.MACROS))


def natives() -> tuple[Native, ...]:
    """The Python functions that the table's SQL calls."""
    return tuple(native for family in _FAMILIES for native in family.NATIVES)


__all__ = [
    "BY_NAME",
    "FAMILIES",
    "FUNCTIONS",
    "UNSUPPORTED",
    "Modifiers",
    "Native",
    "TrinoError",
    "TrinoFunction",
    "TypedCall",
    "aggregated",
    "macros",
    "natives",
    "renamed",
    "template",
]
