"""Sequences of numbers, dates and timestamps: https://trino.io/docs/435/functions/array.html#sequence."""

from __future__ import annotations

from sandbox.athena.functions.building import INVALID, invalid, once
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError

_MAX_ENTRIES = 10000


def _sequence(call: TypedCall) -> str:
    start, stop = call[0], call[1]
    step = call[2] if len(call) > 2 else f"(CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END)"
    return once([start, stop, step], lambda a: f"athena_sequence({a[0]}, {a[1]}, {a[2]})")


def _date_sequence(call: TypedCall) -> str:
    start, stop = f"({call[0]} - DATE '1970-01-01')", f"({call[1]} - DATE '1970-01-01')"
    if len(call) == 2:
        step = f"(CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END)"
    else:
        wrong = invalid(
            "'sequence step must be a day interval if start and end values are dates'", call.arguments[2].type
        )
        step = f"CASE WHEN {call[2]} % 86400000 <> 0 THEN {wrong} ELSE {call[2]} // 86400000 END"
    days = once([start, stop, step], lambda a: f"athena_sequence({a[0]}, {a[1]}, {a[2]})")
    return f"list_transform({days}, lambda d_: DATE '1970-01-01' + d_::INTEGER)"


def _timestamp_sequence(call: TypedCall) -> str:
    values = [f"epoch_us({call[0]})", f"epoch_us({call[1]})", f"({call[2]} * 1000)"]
    moments = once(values, lambda a: f"athena_sequence({a[0]}, {a[1]}, {a[2]})")
    return f"list_transform({moments}, lambda t_: make_timestamp(t_))"


def _month_sequence(call: TypedCall) -> str:
    element = call.type.element.physical
    return once(
        [call[0], call[1], call[2]],
        lambda a: (
            f"list_transform(list_filter(athena_sequence(0, athena_steps({a[0]}, {a[1]}, {a[2]}), 1), "
            f"lambda n_: CASE WHEN {a[2]} > 0 THEN {a[0]} + to_months((n_ * {a[2]})::INTEGER) <= {a[1]} "
            f"ELSE {a[0]} + to_months((n_ * {a[2]})::INTEGER) >= {a[1]} END), "
            f"lambda n_: CAST({a[0]} + to_months((n_ * {a[2]})::INTEGER) AS {element}))"
        ),
    )


def _python_sequence(start: int, stop: int, step: int) -> list[int]:
    if step == 0:
        raise TrinoError(INVALID, "step must not be zero")
    if (step > 0) != (stop >= start) and stop != start:
        raise TrinoError(
            INVALID,
            "sequence stop value should be greater than or equal to start value if step is greater than zero "
            "otherwise stop should be less than or equal to start",
        )
    if abs(stop - start) // abs(step) >= _MAX_ENTRIES:
        raise TrinoError(INVALID, f"result of sequence function must not have more than {_MAX_ENTRIES} entries")
    return list(range(start, stop + (1 if step > 0 else -1), step))


FUNCTIONS = (
    entry(
        "sequence(bigint, bigint) -> array(bigint); sequence(bigint, bigint, bigint) -> array(bigint)",
        _sequence,
        "sequence(5, 1, -2)",
        "[5, 3, 1]",
    ),
    entry(
        "sequence(date, date) -> array(date); sequence(date, date, interval day to second) -> array(date)",
        _date_sequence,
        "sequence(DATE '2024-02-28', DATE '2024-03-01')",
        "[2024-02-28, 2024-02-29, 2024-03-01]",
    ),
    entry(
        "sequence(timestamp(p), timestamp(p), interval day to second) -> array(timestamp(p))",
        _timestamp_sequence,
        "cardinality(sequence(TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-02 00:00:00', INTERVAL '12' HOUR))",
        "3",
    ),
    entry(
        "sequence(date, date, interval year to month) -> array(date); "
        "sequence(timestamp(p), timestamp(p), interval year to month) -> array(timestamp(p))",
        _month_sequence,
        "sequence(DATE '2024-01-31', DATE '2024-03-31', INTERVAL '1' MONTH)",
        "[2024-01-31, 2024-02-29, 2024-03-31]",
    ),
)
MACROS = ("athena_steps(a, b, months) AS abs(date_diff('month', a, b) // months) + 1",)
NATIVES = (Native("athena_sequence", _python_sequence, ("BIGINT", "BIGINT", "BIGINT"), "BIGINT[]"),)
