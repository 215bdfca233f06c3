"""Numbers in a different base: to_base and from_base of https://trino.io/docs/435/functions/math.html."""

from __future__ import annotations

from sandbox.athena.functions.building import INVALID, once
from sandbox.athena.functions.function import TypedCall
from sandbox.athena.functions.native import TrinoError

_HEXADECIMAL = 16
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _check(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise TrinoError(INVALID, "Radix must be between 2 and 36")


def to_base(value: int, radix: int) -> str:
    """A number's digits."""
    _check(radix)
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits = _DIGITS[digit] + digits
    return f"-{digits}" if value < 0 else digits


def from_base(text: str, radix: int) -> int:
    """The number that the digits represent, which must fit in a bigint."""
    _check(radix)
    digits = text[1:] if text[:1] in {"-", "+"} else text
    if not digits or any(digit not in _DIGITS[:radix] for digit in digits.lower()):
        raise TrinoError(INVALID, f"Not a valid base-{radix} number: {text}")
    value = int(text, radix)
    if not -(2**63) <= value < 2**63:
        raise TrinoError(INVALID, f"Not a valid base-{radix} number: {text}")
    return value


def from_base_sql(call: TypedCall) -> str:
    """SQL for a call of from_base: short hexadecimal digits are DuckDB's own notation, and Python reads the rest."""
    slow = "athena_from_base({0}, {1})"
    if call.arguments[1].constant != _HEXADECIMAL:
        return slow.format(call[0], call[1])
    return once(
        [call[0]],
        lambda a: (
            f"CASE WHEN regexp_full_match({a[0]}, '[0-9A-Fa-f]{{1,15}}') THEN CAST('0x' || {a[0]} AS BIGINT) "
            f"ELSE {slow.format(a[0], call[1])} END"
        ),
    )
