"""LISTAGG, whose result has at most a megabyte, and what it does with more: an error, or the rest's number.

Source: trino 435, io.trino.operator.aggregation.listagg.AbstractListaggAggregationState.
"""

from __future__ import annotations

from sandbox.athena.functions.building import INVALID, once
from sandbox.athena.functions.function import TypedCall
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.sql import literal
from sandbox.athena.values import fail

_MAX_BYTES = 1_048_576
_MAX_FILLER_BYTES = 65_536


def listagg(call: TypedCall) -> str:
    """The SQL of listagg(value, separator), and with a filler and whether to count for ON OVERFLOW TRUNCATE."""
    if len(call) > 2:
        values = call.aggregate("list", call[0], filter_=f"{call[0]} IS NOT NULL")
        return f"athena_truncated({values}, {call[1]}, {call[2]}, {call[3]})"
    text = call.aggregate("string_agg", call[0], call[1] if len(call) > 1 else "''")
    message = f"Concatenated string has the length in bytes larger than the maximum output length {_MAX_BYTES}"
    refused = fail("EXCEEDED_FUNCTION_MEMORY_LIMIT", literal(message), call.type)
    return once([text], lambda a: f"CASE WHEN strlen({a[0]}) > {_MAX_BYTES} THEN {refused} ELSE {a[0]} END")


def truncated(values: list[str], separator: str, filler: str, counted: bool) -> str:
    """The values that fit into the maximum, and the filler with the number of the others if there are any.

    Raises:
        TrinoError: the filler is too long.
    """
    length = len(filler.encode())
    if length > _MAX_FILLER_BYTES:
        message = f"Overflow filler length {length} exceeds maximum length {_MAX_FILLER_BYTES}"
        raise TrinoError(INVALID, message)
    size, between = 0, len(separator.encode())
    for count, value in enumerate(values):
        size += len(value.encode()) + (between if count else 0)
        if size > _MAX_BYTES:
            rest = f"{filler}({len(values) - count})" if counted else filler
            return separator.join((*values[:count], rest))
    return separator.join(values)


NATIVES = (Native("athena_truncated", truncated, ("VARCHAR[]", "VARCHAR", "VARCHAR", "BOOLEAN"), "VARCHAR"),)
